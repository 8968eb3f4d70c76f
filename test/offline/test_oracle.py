#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories of lone disks, made by the program, read again by the oracle
(test/oracle), which knows doc/format.md and no code; and what it notices.

By Debian's own Python, which is the one that has the oracle's libraries.
"""
import contextlib
import functools
import io
import json
import os
import pathlib
import random
import sys
from datetime import datetime, timezone

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "test" / "sim"), str(TOP / "test" / "oracle")]
# pylint: disable=wrong-import-position
import oracle  # noqa: E402
from check import trailer  # noqa: E402
from formats import le, sha256  # noqa: E402
from sealed import (CIPHERS, NODE, open_record,  # noqa: E402
                    read_key_file)
from simcheck import run_cases  # noqa: E402
from simhost import Host  # noqa: E402

CHUNK = 64 << 10
HOW = {"whole": 1, "data": 2, "changes": 3}
SEED = 20261126


class Repo:
    """A repository that the program makes, and the oracle reads."""

    def __init__(self, host, *how, name="repo", passphrase=None):
        self.host, self.dir = host, host.dir / name
        self.secret = host.dir / f"{name}.secret"
        self.option = "--passphrase-file" if passphrase else "--key-file"
        if passphrase:
            self.secret.write_text(passphrase + "\n")
        self.xensnap("init", str(self.dir), *how)

    def xensnap(self, *args):
        """Run it; it has to succeed."""
        var = "XENSNAP_" + self.option[2:].replace("-", "_").upper()
        result = self.host.run(*args, **{var: str(self.secret)})
        assert result.status == 0, result
        return result.out

    def backup(self, disk, *how, name=None):
        """Back a disk up, under the name of its file."""
        self.xensnap("backup", "--disk", str(disk), "--name",
                     name or disk.name, str(self.dir), *how)

    def oracle(self, *words):
        """(status, output, what is wrong) of one run."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = oracle.main([str(self.dir), self.option, str(self.secret),
                                  *words])
        return status, out.getvalue(), err.getvalue()

    def read_again(self, paths, name=None):
        """The oracle finds nothing wrong, and @paths as they are; the program
        lists the same, and brings the same back."""
        for words in (["check"], ["list"]):
            status, out, err = self.oracle(*words)
            assert (status, err) == (0, ""), err
        listed = json.loads(out)
        assert listed == self.listed(), (listed, self.listed())
        # In order: what is of one second follows its host's sequence.
        assert [b["backup"] for b in listed] == [name or p.name
                                                 for p in paths], listed
        for disk, backup in zip(paths, listed):
            copy = self.host.dir / "copy"
            status, _, err = self.oracle("extract", backup["session"],
                                         backup["disks"][0]["vdev"], str(copy))
            assert (status, err) == (0, ""), err
            assert same(copy, disk), f"{disk.name}: the oracle's differs"
            copy.unlink()
            self.xensnap("restore", str(self.dir), backup["session"], "--to",
                         str(copy))
            assert same(copy, disk), f"{disk.name}: the program's differs"
            copy.unlink()

    def listed(self):
        """What the program lists, in the form of the oracle."""
        listed = json.loads(self.xensnap("backups", str(self.dir), "--json"))
        for b in listed["backups"]:
            b["instant"] = int(datetime.strptime(
                b["instant"], "%Y-%m-%dT%H:%M:%SZ").replace(
                    tzinfo=timezone.utc).timestamp())
            for d in b["disks"]:
                d["how"] = HOW[d["how"]]
        return listed["backups"]

    def objects(self):
        """The files of all objects."""
        return sorted(p for p in self.dir.rglob("*") if p.is_file()
                      and oracle.NAMES.fullmatch(self.name(p)))

    def name(self, path):
        return str(path.relative_to(self.dir))

    def opened(self):
        """The oracle's insides."""
        return oracle.Repository(self.dir, 2, read_key_file(self.secret))


def data_of(path):
    """(size, {offset: 4 KiB that are not zero}): huge holes cost nothing."""
    found, size = {}, path.stat().st_size
    with open(path, "rb") as f:
        at = 0
        while at < size:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA) & -4096
            except OSError:
                break
            f.seek(at)
            block = f.read(4096)
            if any(block):
                found[at] = block
            at += 4096
    return size, found


def same(one, other):
    return data_of(one) == data_of(other)


def write(path, *parts, size=None):
    """A disk of @parts: bytes, or (offset, bytes); @size with what follows."""
    with open(path, "wb") as f:
        for part in parts:
            if isinstance(part, tuple):
                f.seek(part[0])
                part = part[1]
            f.write(part)
        if size is not None:
            f.truncate(size)
    return path


def noise(n, seed=SEED):
    return random.Random(seed).randbytes(n)


def text(n, seed=SEED):
    """Words that can be compressed."""
    rng = random.Random(seed)
    words = [rng.randbytes(rng.randint(1, 5)).hex().encode()
             for _ in range(500)]
    return b" ".join(rng.choices(words, k=n // 4))[:n]


# ---- what is read again ----

def disks(*some, init=(), passphrase=None):
    """A repository of disks: each (parts, size or None, options)."""
    with Host() as host:
        repo = Repo(host, *init, passphrase=passphrase)
        paths = []
        for i, (parts, size, how) in enumerate(some):
            paths.append(write(host.dir / f"d{i}", *parts, size=size))
            repo.backup(paths[-1], *how)
        repo.read_again(paths)


def generations(*init):
    """A disk that is changed, grows, shrinks, and is changed back."""
    with Host() as host:
        repo = Repo(host, *init)
        first = write(host.dir / "g1", noise(40 * CHUNK + 512))
        data = bytearray(first.read_bytes())
        data[5 * CHUNK:5 * CHUNK + 10] = b"0123456789"
        data[9 * CHUNK:11 * CHUNK] = bytes(2 * CHUNK)
        paths = [first, write(host.dir / "g2", bytes(data)),
                 write(host.dir / "g3", bytes(data), size=300 * CHUNK + 1),
                 write(host.dir / "g4", bytes(data[:7 * CHUNK + 1])),
                 write(host.dir / "g5", first.read_bytes())]
        for path in paths:
            repo.backup(path)
        repo.read_again(paths)


def same_path():
    """The same path twice, and once more as it was."""
    with Host() as host:
        repo, disk = Repo(host), host.dir / "disk"
        kept = []
        for i, tail in enumerate((b"a", b"b", b"b")):
            write(disk, noise(5 * CHUNK), tail * 7000)
            kept.append(write(host.dir / f"g{i}", disk.read_bytes()))
            repo.backup(disk, name=f"g{i}")
        repo.read_again(kept)


def pruned():
    """Some are forgotten, more are added, and pruned once more."""
    with Host() as host:
        repo, paths = Repo(host), []
        for i in range(6):
            paths.append(write(host.dir / f"g{i}", noise(5 * CHUNK),
                               noise(3 * CHUNK, i), text(9000 * i)))
            repo.backup(paths[-1], name="same")
            if i in (2, 4):
                repo.xensnap("prune", "--keep-last", "2",
                             str(repo.dir))
                repo.read_again(paths[-2:], name="same")
        repo.read_again(paths[-3:], name="same")


def repacked():
    """What is left of a large pack is in another one."""
    with Host() as host:
        repo = Repo(host)
        old = write(host.dir / "old", noise(40 * CHUNK))
        repo.backup(old, name="same")
        new = write(host.dir / "new", *[
            (i * CHUNK, old.read_bytes()[i * CHUNK:(i + 1) * CHUNK])
            for i in range(0, 40, 7)], size=40 * CHUNK)
        repo.backup(new, name="same")
        report = json.loads(repo.xensnap("prune", "--keep-last", "1",
                                         str(repo.dir), "--json"))
        assert report["repacked_packs"] == 1, report
        repo.read_again([new], name="same")


def objects_as_disks():
    """Disks that hold what repositories are made of: a node of a map, packs,
    records; those of another repository and its own."""
    with Host() as host:
        repo, other = Repo(host), Repo(host, name="other")
        disk = write(host.dir / "disk", noise(9 * CHUNK))
        repo.backup(disk)
        other.backup(disk)
        paths = [disk]
        for i, r in enumerate((repo, other)):
            o, = r.opened().backups.values()
            root = o.backup.disks[0].root
            node = r.opened().piece(o.realm, root, NODE + 1, 9 * 32)
            whole = b"".join(p.read_bytes() for p in r.objects())
            paths += [write(host.dir / f"node{i}", node),
                      write(host.dir / f"nodes{i}", node, (CHUNK, node),
                            (2 * CHUNK, root), size=4 * CHUNK),
                      write(host.dir / f"all{i}", whole)]
        for path in paths[1:]:
            repo.backup(path)
        repo.read_again(paths)


# ---- what is noticed ----

def small(host):
    """A repository with two backups, the second of which has a piece anew."""
    repo = Repo(host)
    repo.backup(write(host.dir / "g1", text(2 * CHUNK), noise(5000)))
    repo.backup(write(host.dir / "g2", text(2 * CHUNK), noise(5000, 1)))
    assert repo.oracle("check") == (0, "", "")
    return repo


def names_it(repo, path, what):
    """The check says that this object is wrong."""
    status, _, err = repo.oracle("check")
    name = repo.name(path)
    assert status == 1 and any(
        line.startswith(f"{name}: ") for line in err.splitlines()), (
            f"{name}, {what}: {status} {err}")


def flipped():
    """One byte of each object."""
    with Host() as host:
        repo, rng = small(host), random.Random(SEED)
        kinds = {repo.name(p).split("/")[0] for p in repo.objects()}
        assert kinds == {"config", "keys", "sessions", "outcomes", "packs",
                         "index", "heads"}, kinds
        for path in repo.objects():
            good = path.read_bytes()
            for at in (0, 8, 10, 11, 12, 31, 64, len(good) - 40,
                       len(good) - 1, rng.randrange(len(good))):
                bad = bytearray(good)
                bad[at] ^= 1 << rng.randrange(8)
                path.write_bytes(bad)
                names_it(repo, path, f"byte {at} of {len(good)}")
            path.write_bytes(good)
        assert repo.oracle("check") == (0, "", "")


def cut():
    """Each object: without its last byte, with one more, empty."""
    with Host() as host:
        repo = small(host)
        for path in repo.objects():
            good = path.read_bytes()
            for bad in (good[:-1], good + b"\0", b""):
                path.write_bytes(bad)
                names_it(repo, path, f"{len(bad)} bytes of {len(good)}")
            path.write_bytes(good)


def swapped():
    """Each object: one of its kind that is good, in its place."""
    with Host() as host:
        repo = small(host)
        other = Repo(host, name="other")
        other.backup(host.dir / "g1")
        for path in repo.objects():
            kind = repo.name(path).split("/")[0]
            good = path.read_bytes()
            for r in (repo, other):
                for p in r.objects():
                    bad = p.read_bytes()
                    if r.name(p).split("/")[0] == kind and bad != good:
                        path.write_bytes(bad)
                        names_it(repo, path, f"{p} in its place")
            path.write_bytes(good)


def removed():
    """Each object but sessions, which no reader needs, and the last outcome,
    which nothing can miss."""
    with Host() as host:
        repo = small(host)
        outcomes = repo.opened().outcomes
        last = max(outcomes, key=lambda s: outcomes[s].sequence)
        for path in repo.objects():
            good = path.read_bytes()
            path.unlink()
            status, _, err = repo.oracle("check")
            missed = repo.name(path) != f"outcomes/{last}" and \
                path.parent.name != "sessions"
            assert (status == 1) == missed, f"{path}: {status} {err}"
            path.write_bytes(good)


class Liar:
    """The newest session of a repository, as one who has the key forges it:
    everything is sealed and named well."""

    def __init__(self, repo):
        self.repo, r = repo, repo.opened()
        self.keys = r.keys
        self.session = max(r.outcomes, key=lambda s: r.outcomes[s].sequence)
        self.outcome = r.outcomes[self.session]
        self.part, = self.outcome.parts
        self.entry = r.parts[self.part].entries[0]
        self.pack = r.pack(self.entry.pack)

    def record(self, name, old, new):
        """A record in whose body @old is @new; its new name."""
        path = self.repo.dir / name
        data = path.read_bytes()
        _, f = open_record(self.keys, name, data)
        assert f.data.count(old) == 1 and old != new, (name, old)
        key = self.keys.derive(self.keys.of_realm(0, "meta"), "record",
                               data[32:64], 64)[:32]
        data = data[:96] + CIPHERS[data[11]](key).encrypt(
            bytes(12), f.data.replace(old, new),
            data[:64] + (b"index/" if name[:6] == "index/" else name.encode()))
        path.unlink()
        if name[:6] == "index/":
            name = "index/" + sha256(data).hex()
        (self.repo.dir / name).write_bytes(data)
        return name

    def in_outcome(self, old, new):
        return self.record(f"outcomes/{self.session}", old, new)

    def in_part(self, old, new):
        """In its index part, which its outcome then names anew."""
        name = self.record(f"index/{self.part}", old, new)
        self.in_outcome(bytes.fromhex(self.part), bytes.fromhex(name[6:]))
        return name

    def in_trailer(self, old, new):
        """In the trailer of its pack, which its index part then names anew."""
        data = self.pack.data[:]
        at = int.from_bytes(data[-16:-12], "little")
        end = at + int.from_bytes(data[-12:-8], "little")
        body = self.pack.body(at, end - at)
        assert body.count(old) == 1, old
        data = data[:at] + CIPHERS[self.pack.suite](self.pack.key).encrypt(
            le(at, 8) + bytes(4), body.replace(old, new),
            data[:128] + le(at, 8)) + data[end:]
        name = sha256(data)
        path = self.repo.dir / "packs" / name.hex()[:2] / name.hex()
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self.in_part(bytes.fromhex(self.entry.pack), name)
        return self.repo.name(path)


def lies():
    """What nobody damaged, but somebody who has the key wrote wrong."""
    with Host() as host:
        repo = small(host)
        good = {p: p.read_bytes() for p in repo.objects()}
        x = Liar(repo)
        o, e, disk = x.outcome, x.entry, x.outcome.backup.disks[0]
        other = bytes([disk.root[0] ^ 1]) + disk.root[1:]
        place = [le(e.offset, 4) + le(both, 4) for both in (
            e.both, e.both ^ 1, e.both ^ 1 << 24)]
        last = trailer(x.pack)[128][1][-1]
        for lie, old, new in (
                (x.in_outcome, disk.root, other),
                (x.in_outcome, disk.root, bytes(32)[:31] + b"\1"),
                (x.in_outcome, le(disk.levels, 1) + disk.root,
                 le(disk.levels + 1, 1) + disk.root),
                (x.in_outcome, le(2, 8) + o.previous, le(3, 8) + o.previous),
                (x.in_outcome, o.previous, bytes(32)),
                (x.in_outcome, le(2, 8) + o.previous, le(0, 8) + o.previous),
                (x.in_outcome, b"\4\0disk", b"\4\0d\xe4sk"),
                (x.in_outcome, b"\3\0raw", b"\3\0r\nw"),
                (x.in_part, e.id + bytes(4), e.id + le(9, 4)),
                (x.in_part, e.id, bytes(15) + b"\1"),
                (x.in_part, e.id + bytes(4) + place[0],
                 e.id + bytes(4) + place[1]),
                (x.in_part, e.id + bytes(4) + place[0],
                 e.id + bytes(4) + place[2]),
                (x.in_part, e.id + bytes(4) + le(e.offset, 4),
                 e.id + bytes(4) + le(127, 4)),
                (x.in_part, e.id + bytes(4) + le(e.offset, 4),
                 e.id + bytes(4) + le(1 << 31, 4)),
                (x.in_trailer, le(last[0][1], 3) + le(last[0][0], 1) + last[1],
                 le(last[0][1], 3) + b"\2" + last[1]),
                (x.in_trailer, last[1], other),
                (x.in_trailer, le(last[0][1], 3) + le(last[0][0], 1) + last[1],
                 le(last[0][1] - 1, 3) + le(last[0][0], 1) + last[1])):
            names_it(repo, repo.dir / lie(old, new), f"{old}: {new}")
            for path in repo.objects():
                path.unlink()
            for path, data in good.items():
                path.write_bytes(data)
        assert repo.oracle("check") == (0, "", "")


def main():
    """What each case holds is made here, once for all of its runs."""
    def disk(*parts, size=None, how=()):
        return parts, size, how

    def case(name, *some, **how):
        return name, functools.partial(disks, *some, **how)

    run_cases([
        case("no byte, one, a chunk and one less or more", disk(), disk(b"x"),
             *(disk(noise(CHUNK + i, i)) for i in (-1, 0, 1))),
        case("256 chunks and some", disk(noise(256 * CHUNK + 777))),
        case("zeros, a hole, holes", disk(b"\0"), disk(bytes(20 * CHUNK)),
             disk(size=300 * CHUNK + 5),
             disk(noise(5000), (9 * CHUNK + 4096, noise(3 * CHUNK)),
                  (700 * CHUNK, noise(9)), size=800 * CHUNK + 3)),
        case("text, at a low and a high level", disk(text(20 * CHUNK)),
             disk(text(9 * CHUNK, 1), how=("--level", "19"))),
        case("repeated content", disk(*[noise(2 * CHUNK)] * 20, text(100))),
        case("chunks of 4 KiB: maps of two and three levels",
             disk(text(300 << 10), noise(1 << 20)),
             disk(noise(5000), ((200 << 20) - 7, noise(14)),
                  size=(257 << 20) + 1), init=("--chunk-size", "4K")),
        case("chunks of 1 MiB: maps of one and two levels",
             disk(noise(3 << 20), text(99)),
             disk(noise(2 << 20, 1), ((256 << 20) - 5, noise(10))),
             init=("--chunk-size", "1M")),
        case("a passphrase", disk(text(2 * CHUNK)), passphrase="Grüße, du"),
        ("five generations", generations),
        ("five generations, chunks of 4 KiB",
         functools.partial(generations, "--chunk-size", "4K")),
        ("the same path, changed", same_path),
        ("disks that hold objects", objects_as_disks),
        ("pruned twice", pruned),
        ("repacked", repacked),
        ("noticed: a byte that is flipped", flipped),
        ("noticed: an object that is cut or longer", cut),
        ("noticed: an object in place of another", swapped),
        ("noticed: an object that is gone", removed),
        ("noticed: one that is sealed well and wrong", lies),
    ])


main()
