#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories in odd surroundings: file systems that cannot do all, or are
full; hosts whose root is read-only, whose clock is wrong, which leave little
room for anything; formats of a later day."""
import functools
import json
import os
import shutil
import signal
import subprocess
import time

from callworld import GIVE_UP, LIB, why_not
from offline import MKFS, FileSystem, NoMount, run
from repoworld import BIN, CHUNK, MIB, World, data
from simcheck import run_cases
from sourceworld import or_skipped

LONG = "LONG" in os.environ
READERS = ("backup", "prune", "restore", "key")
YEAR = 365 * 24 * 3600


class Host(World):
    """A world, and xensnap run in surroundings that are said."""

    def inside(self, shell, *args, **env):
        """xensnap run by a shell that does @shell before."""
        return subprocess.run(
            ["bash", "-c", f'{shell}\nexec "$@"', "bash", BIN,
             *map(str, args)], text=True, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=GIVE_UP, check=False,
            env=self.environment(**env))

    def all_commands(self, how, **env):
        """Each command in the surroundings @how succeeds, and what it gives is
        what it gives elsewhere."""
        def done(*args):
            result = self.inside(how, *args, **env)
            assert result.returncode == 0, result
            return result.stdout
        want = data(7, 3 * MIB + 5)
        self.disk.write_bytes(want)
        repo, to = self.top / "second", self.top / "to"
        done("init", repo)
        done("backup", "--disk", self.disk, "--name", "d", repo)
        self.disk.write_bytes(want[CHUNK:])
        done("backup", "--disk", self.disk, "--name", "e", repo)
        assert done("backups", repo).count("\n") == 3
        done("restore", repo, "d", "--to", to)
        assert to.read_bytes() == want
        done("restore", repo, "e", "--in-place", "--to", to)
        assert to.read_bytes()[:len(want) - CHUNK] == want[CHUNK:]
        done("key", "add", repo, "--new-key-file", self.top / "new")
        done("prune", repo, "--keep-last", "1")
        done("verify", "--data", repo)
        private(self.top / "a" / ".repositories")
        private(repo)


def private(top):
    """Nothing of it is anybody else's."""
    for path in [top, *top.rglob("*")]:
        mode = path.lstat().st_mode
        assert mode & 0o77 == 0, (path, oct(mode))


# ---- what a caller leaves us in ----

SURROUNDINGS = {
    "umask 000": "umask 000",
    "umask 077": "umask 077",
    "umask 777": "umask 777",
    "descriptors 0 to 2 are closed": "exec 0>&- 2>&-",
    "TMPDIR and HOME are nonsense": "export TMPDIR=/nonexistent/x HOME=",
    "locale": "export LANG=tr_TR.UTF-8 LC_ALL=xx_YY.weird LANGUAGE=:::",
    "signals are ignored": "trap '' INT TERM HUP PIPE CHLD TSTP",
    "files of 64 MiB at most": "ulimit -f 65536",
}

# The others are tried with LONG.
DAILY = ("umask 000", "descriptors 0 to 2 are closed", "locale")


def surroundings(name):
    """All commands give what they give elsewhere."""
    with Host() as w:
        w.all_commands(SURROUNDINGS[name])


def few_descriptors():
    """32 are enough on two processors; with fewer it fails, or not."""
    with Host() as w:
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        w.all_commands(f"ulimit -n 32; taskset -cp {processors} $$ >/dev/null")
        w.backup(data(1, MIB), "old")
        w.disk.write_bytes(data(2, MIB))
        for n in range(4, 20, 1 if LONG else 4):
            for args in (("backup", "--disk", w.disk, "--name", "new", w.repo),
                         ("restore", w.repo, "old", "--to", w.top / f"t{n}"),
                         ("verify", "--data", w.repo),
                         ("prune", w.repo, "--keep-last", "9")):
                result = w.inside(f"ulimit -n {n}", *args)
                assert result.returncode in (0, 1, 127), result
            to = w.top / f"t{n}"
            assert not to.exists() or to.read_bytes() == data(1, MIB)
        w.whole()


def read_only_root():
    """Nothing is written but where it was asked, and where the host's memory
    of it is; there is no /tmp."""
    with Host() as w:
        p = subprocess.run(["unshare", "-m", "true"], capture_output=True,
                           check=False)
        if p.returncode:
            return "no mount namespaces"
        hide = "mount -t tmpfs -o ro none /tmp &&"
        if BIN.startswith("/tmp/") or str(w.top).startswith("/tmp/"):
            hide = ""
        w.all_commands(
            "[ -n \"$INSIDE\" ] || INSIDE=1 exec unshare -m bash -c '\n"
            f"mount --bind {w.top} {w.top} && mount -o remount,bind,ro / &&\n"
            f"{hide} ! touch /etc/x 2>/dev/null || exit 77\n"
            "exec \"$@\"' bash \"$@\"")
    return None


def small_limits():
    """An address space that is small: it works, or it is said."""
    with Host() as w:
        w.backup(data(1, MIB), "old")
        w.disk.write_bytes(data(2, MIB))
        for mib in 40, 80, 120, 160, 240:
            for args in (("backup", "--disk", w.disk, "--name", "new", w.repo),
                         ("verify", "--data", w.repo)):
                result = w.inside(f"ulimit -v {mib << 10}", *args)
                assert result.returncode in (0, 1, 127), result
                assert result.returncode != 1 or result.stderr.startswith(
                    "xensnap: "), result
        w.whole()
        assert w.restored("old") == data(1, MIB)


# ---- file systems ----


@or_skipped
def on_file_system(kind):
    """The same on each."""
    with FileSystem(kind) as fs, Host() as w:
        w.top = fs.folder()
        w.disk, w.repo, w.key = w.top / "disk", w.top / "repo", w.top / "key"
        w.done("init", w.repo)
        w.all_commands("")
        assert not list(w.top.rglob(".new-*")) + list(w.top.rglob(".probe-*"))


@or_skipped
def durable_on_btrfs():
    """Whose fsync does nothing for a file that has no name yet: so all of it is
    synced when it has one, or the file is not there."""
    with FileSystem("btrfs") as fs, Host() as w:
        w.backup(data(1, MIB), "old")
        w.restored("old")  # so that the index is kept already
        to, log = fs.top / "to", w.top / "log"
        env = {"LD_PRELOAD": str(LIB), "FAULT_CALLS": "syncfs,linkat"}
        for at in range(1, 20):
            log.unlink(missing_ok=True)
            result = w.run("restore", w.repo, "old", "--to", to,
                           FAULT_AT=str(at), FAULT_DO="5", FAULT_LOG=str(log),
                           **env)
            if result.returncode and log.read_text().split()[-2:] == [
                    "linkat", "syncfs"]:
                break
            to.unlink(missing_ok=True)
        assert result.returncode == 1 and (
            "sync the file system of to: Input/output error" in
            result.stderr), result
        assert not list(fs.top.iterdir())
        w.done("restore", w.repo, "old", "--to", to)
        assert to.read_bytes() == data(1, MIB)


def mounted(how, w):
    """The same on what @how (a command, {below} and {at} in it) mounts."""
    below, at = w.top / "below", w.top / "at"
    below.mkdir()
    at.mkdir()
    if not shutil.which(how[0]):
        return f"no {how[0]}"
    p = subprocess.run([x.format(below=below, at=at, top=w.top) for x in how],
                       capture_output=True, text=True, check=False)
    if p.returncode:
        return f"{how[0]}: {p.stderr.strip()}"
    inner = Host()
    shutil.rmtree(inner.top)
    try:
        inner.top = at / "in"
        inner.top.mkdir(mode=0o700)
        inner.disk, inner.repo = inner.top / "disk", inner.top / "repo"
        inner.key = inner.top / "key"
        inner.done("init", inner.repo)
        inner.all_commands("")
    finally:
        run(["umount", str(at)])
    return None


def fuse2fs():
    """In user space, without O_TMPFILE."""
    with Host() as w:
        with open(w.top / "image", "wb") as f:
            f.truncate(256 * MIB)
        run([*MKFS["ext4"], str(w.top / "image")])
        return mounted(["fuse2fs", "{top}/image", "{at}", "-o", "fakeroot"],
                       w)


def bindfs():
    """In user space, with locks and links of another."""
    with Host() as w:
        return mounted(["bindfs", "{below}", "{at}"], w)


def overlay():
    """One on top of another."""
    with Host() as w:
        for name in "upper", "work":
            (w.top / name).mkdir()
        return mounted(["mount", "-t", "overlay", "overlay", "-o",
                        "lowerdir={below},upperdir={top}/upper,"
                        "workdir={top}/work", "{at}"], w)


# What a file system without something says, and what is said of it then.
LACKS = {
    "links": ("linkat", 1, "link it: Operation not permitted"),
    "links at all": ("linkat", 95, "link it: Operation not supported"),
    "syncs of folders": ("fsync", 22, "Invalid argument"),
}


def lacks(what):
    """It is refused when it is opened, with the reason."""
    call, error, words = LACKS[what]
    with Host() as w:
        w.backup(data(1, MIB), "old")
        before = w.objects()
        env = {"LD_PRELOAD": str(LIB), "FAULT_CALLS": call, "FAULT_AT": "1",
               "FAULT_DO": str(error), "FAULT_FROM": "1"}
        w.disk.write_bytes(data(2, MIB))
        w.fails(1, words, "backup", "--disk", w.disk, w.repo, **env)
        result = w.run("init", w.top / "second", **env)
        assert result.returncode == 1 and words in result.stderr, result
        assert w.objects() == before
        w.whole()


@or_skipped
def no_inodes():
    """No room for one more file: it is said, nothing is lost; what frees some
    goes on."""
    MKFS["few"] = [*MKFS["ext4"], "-N", "480"]
    with FileSystem("few") as fs, Host() as w:
        repo, room = fs.top / "r", fs.top / "room"
        w.done("init", repo)
        room.mkdir()
        for i in range(100):
            (room / str(i)).touch()
        made = 0
        for made in range(400):
            w.disk.write_bytes(data(made, 100000))
            result = w.run("backup", "--disk", w.disk, "--name", "d", repo)
            if result.returncode:
                break
        assert made > 3, made
        assert result.returncode == 1 and "No space left" in result.stderr, \
            result
        # The reserve is one.
        result = w.run("prune", repo, "--keep-last", "1", "--yes",
                       str(made - 1))
        assert result.returncode == 1 and "No space left" in \
            result.stderr.splitlines()[-1], result
        to = w.top / "to"
        w.done("restore", repo, "d", "--to", to)
        assert to.read_bytes() == data(made - 1, 100000)
        assert w.json("verify", "--data", repo)["hurt_backups"] == 0
        shutil.rmtree(room)
        left = len(w.json("backups", repo)["backups"])
        w.done("prune", repo, "--keep-last", "1", "--yes", str(left - 1))
        w.disk.write_bytes(data(1, 100000))
        w.done("backup", "--disk", w.disk, "--name", "d", repo)
        assert w.json("verify", "--data", repo)["hurt_backups"] == 0


# ---- later formats ----


def later(place, at, words, *reads):
    """What a later program wrote is no damage: whoever @reads it refuses it,
    says so, and changes nothing."""
    with Host() as w:
        w.backup(data(1, MIB), "d")
        before_it = [p for p in w.objects() if p.parent.name != "sessions"]
        for path in w.repo.glob(place):
            content = bytearray(path.read_bytes())
            content[at] ^= 2
            path.write_bytes(content)
        w.disk.write_bytes(data(2, MIB))
        for args in (("backup", "--disk", w.disk, "--name", "e", w.repo),
                     ("prune", w.repo, "--keep-last", "1"),
                     ("key", "add", w.repo, "--new-key-file", w.top / "n"),
                     ("restore", w.repo, "d", "--to", w.top / "to")):
            if args[0] not in reads:
                continue
            result = w.run(*args)
            assert result.returncode == 1, (args, result)
            assert words in result.stderr, (args, result)
            # A session is there before anything is read.
            assert [p for p in w.objects() if p.parent.name != "sessions"] == \
                before_it, args
        assert not (w.top / "to").exists()


# ---- clocks ----


def clock(by):
    """Nothing is lost, whatever the time is said to be."""
    with Host() as w:
        env = {"LD_PRELOAD": str(LIB), "FAULT_CLOCK": by}
        w.backup(data(1, MIB), "old")
        w.backup(data(2, MIB), "new", **env)
        w.backup(data(3, MIB), "late", host="b")
        w.whole()
        w.run("prune", w.repo, "--keep-last", "1", "--wait", "0", **env)
        for i, name in enumerate(("old", "new", "late"), 1):
            assert w.restored(name) == data(i, MIB)
        # What is at work is not taken for dead by who has the wrong time.
        w.disk.write_bytes(data(4, MIB))
        p = w.stopped_at("put.synced", "backup", "--disk", w.disk, "--name",
                         "z", w.repo, host="b")
        w.run("prune", w.repo, "--keep-last", "9", "--wait", "0", **env)
        p.send_signal(signal.SIGCONT)
        committed = p.wait() == 0
        assert ("z" in w.names()) == committed
        assert not committed or w.restored("z") == data(4, MIB)
        w.done("prune", w.repo, "--keep-last", "9", "--wait", "0")
        w.whole()


def later_than_now():
    """Of which time a backup is says a clock that was wrong: prune does not
    believe that it knows the newest."""
    with Host() as w:
        far = {"LD_PRELOAD": str(LIB), "FAULT_CLOCK": str(50 * YEAR)}
        w.backup(data(1, MIB), **far)
        for i in range(2, 5):
            w.backup(data(i, MIB))
        words = "one of the two is wrong"
        w.fails(2, words, "prune", w.repo, "--keep-last", "2")
        assert len(w.names()) == 4
        # Where it is the pruner's that is wrong.
        back = {"LD_PRELOAD": str(LIB), "FAULT_CLOCK": str(-int(time.time()))}
        w.fails(2, words, "prune", w.repo, "--keep-last", "3", **back)
        w.fails(2, words, "prune", w.repo, "--keep-last", "3", "--yes", "2")
        plan = w.json("prune", w.repo, "--keep-last", "3", "--dry-run")
        assert [b["stays"] for b in plan["backups"]].count(False) == 1
        # Who forgets nothing is not kept from tidying up.
        w.done("prune", w.repo, "--keep-last", "4")
        w.done("prune", w.repo, "--keep-last", "3", "--yes", "1")
        assert len(w.names()) == 3
        # Clocks of hosts differ by hours.
        w.backup(data(5, MIB), "e", LD_PRELOAD=str(LIB), FAULT_CLOCK="7200")
        w.backup(data(6, MIB), "e")
        w.done("prune", w.repo, "--name", "e", "--keep-last", "1")
        w.whole()


def main():
    cases = [(name, functools.partial(surroundings, name))
             for name in (SURROUNDINGS if LONG else DAILY)]
    cases += [
        ("few descriptors", few_descriptors),
        ("a read-only root", read_only_root),
        ("little memory", small_limits),
        ("fuse2fs", fuse2fs),
        ("bindfs", bindfs),
        ("overlay", overlay),
        ("no inodes", no_inodes),
    ]
    cases += [(kind, functools.partial(on_file_system, kind))
              for kind in ("ext4", "xfs", "btrfs")]
    cases += [(f"a later format: {place} at {at}",
               functools.partial(later, place, at, words, *reads))
              for place, at, words, *reads in (
                  ("config", 8, "format 3; this program knows 1", *READERS),
                  ("config", 40, "uses something that this program does not",
                   *READERS),
                  ("heads/*", 8, "version 3 of a record is not known here",
                   *READERS[:3]),
                  ("outcomes/*", 8, "version 3 of a record", *READERS[:3]),
                  ("keys/*", 8, "version 3 is not known here", *READERS),
                  ("packs/*/*", 8, "version 3 of a pack", "restore"))]
    why = why_not()
    if why:
        cases.append(("calls that go wrong", functools.partial(str, why)))
        run_cases(cases)
        return
    now = int(time.time())
    cases += [(f"without {what}", functools.partial(lacks, what))
              for what in LACKS]
    cases.append(("a restore to btrfs", durable_on_btrfs))
    cases += [(f"the clock: {name}", functools.partial(clock, by))
              for name, by in (
                  ("1970", str(60 - now)), ("2038", str(2**31 - now)),
                  ("50 years back", str(-50 * YEAR)),
                  ("a second there and back", "0,-1,1"),
                  ("years there and back", f"0,{-9 * YEAR},{9 * YEAR}"))
              if LONG or name in ("1970", "years there and back")]
    cases.append(("a backup that is later than now", later_than_now))
    run_cases(cases)


main()
