# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can happen to a file of a repository, and what came of it."""
import collections
import random
import shutil
from dataclasses import dataclass, field

BLOCK = 4096


@dataclass
class Fault:
    """One thing that happens to one file."""
    kind: str
    file: str
    what: str
    apply: callable = field(repr=False)
    to: str = ""  # the name that it has then


def flip(file, at, bit):
    """One bit."""
    def apply(repo):
        with open(repo / file, "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1 << bit]))
    return Fault("flip", file, f"bit {bit} of byte {at}", apply)


def flips(subject, rng, n=None):
    """One bit of each byte of each file; or @n of them, drawn."""
    all_of_them = [(file, at) for file in subject.files()
                   for at in range((subject.repo / file).stat().st_size)]
    if n is not None:
        all_of_them = rng.sample(all_of_them, min(n, len(all_of_them)))
    return [flip(file, at, rng.randrange(8)) for file, at in all_of_them]


def written(kind, file, what, data):
    """The file has other bytes."""
    return Fault(kind, file, what,
                 lambda repo: (repo / file).write_bytes(data))


def another_name(file):
    """One that is as good, as far as names go, but for the last digit."""
    digit = file[-1]
    if file.startswith("keys/"):
        file, digit = file[:-3], file[-3]
        return file + ("1" if digit == "0" else "0") + "-1"
    return file[:-1] + ("1" if digit == "0" else "0")


def renamed(file):
    to = another_name(file)

    def move(repo):
        (repo / file).rename(repo / to)

    def copy(repo):
        shutil.copyfile(repo / file, repo / to)
    yield Fault("renamed", file, f"to {to}", move, to)
    yield Fault("duplicated", file, f"as {to}", copy, to)


def blocks(file, data, others):
    """Each block is zero; or another file's; the file is another one."""
    for at in range(0, len(data), BLOCK):
        end = min(at + BLOCK, len(data))
        if any(data[at:end]):
            yield written("zeroed", file, f"the block at {at}",
                          data[:at] + bytes(end - at) + data[end:])
        for other, theirs in others.items():
            block = theirs[at:end]
            if block and block != data[at:end]:
                yield written("swapped", file, f"the block at {at}: {other}'s",
                              data[:at] + block + data[at + len(block):])
    for other, theirs in others.items():
        if theirs != data:
            yield written("swapped", file, f"with {other}", theirs)


def structural(subject):
    """All but flips, for each file (D8, D10)."""
    data = {f: (subject.repo / f).read_bytes() for f in subject.files()}
    for file, mine in data.items():
        folder = file.split("/")[0]
        others = {f: theirs for f, theirs in data.items()
                  if f != file and f.split("/")[0] == folder}
        yield Fault("gone", file, "", lambda repo, f=file: (repo / f).unlink())
        yield written("empty", file, "", b"")
        for n in {1, len(mine) // 2, min(BLOCK, len(mine) - 1)}:
            yield written("cut", file, f"{n} bytes", mine[:-n])
        for more in (b"\0", b"x", mine):
            yield written("grown", file, f"by {len(more)} bytes", mine + more)
        yield from renamed(file)
        yield from blocks(file, mine, others)


@dataclass
class Result:
    """What came of one fault."""
    fault: Fault
    found: bool
    named: bool
    restored: dict = field(default_factory=dict)
    said: str = ""

    def verdict(self):
        """One word for the table."""
        how = set(self.restored.values())
        if "wrong" in how:
            return "wrong bytes"
        if self.found:
            return "found, named" if self.named else "found"
        return "lost silently" if "refused" in how else "harmless"

    def lost(self):
        return sum(how != "exact" for how in self.restored.values())


def suffer(subject, faults, restore=None):
    """Let them happen at once, to files of which each is looked at alone; look,
    bring the backups in @restore back (None: all), and put everything right
    again.  One of several is found if it is named."""
    for fault in faults:
        fault.apply(subject.repo)
    status, said = subject.check()
    restored = {}
    for name in subject.want if restore is None else restore:
        subject.reset(repo=False)
        restored[name] = subject.restored(name)
    subject.reset()
    results = []
    for fault in faults:
        named = status != 0 and any(
            subject.is_named(f, said) for f in (fault.file, fault.to) if f)
        results.append(Result(
            fault, named if len(faults) > 1 else status != 0, named, restored,
            f"status {status}: {said}"))
    return results


def groups(subject, faults):
    """Those that can happen at once: flips in packs and sessions of ours, the
    same byte of each, none of which keeps the others from being looked at."""
    alike = collections.defaultdict(list)
    for i, fault in enumerate(faults):
        alone = subject.name != "xensnap" or fault.kind != "flip" or \
            not fault.file.startswith(("packs/", "sessions/"))
        alike[i if alone else fault.what.split()[-1]].append(fault)
    return list(alike.values())


def drawn(faults, rng, n):
    """@n of them, of each kind some."""
    kinds = collections.defaultdict(list)
    for fault in faults:
        kinds[fault.kind].append(fault)
    found = []
    for some in kinds.values():
        found += rng.sample(some, min(len(some), -(-n // len(kinds))))
    return found


def seeded(text):
    return random.Random(f"damage {text}")
