#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories in trouble: packs of which another has the same, what killed
programs left, names that are no text, more pieces than fit."""
import functools
import json
import os
import shutil
import signal
import subprocess
import time

from repoworld import BIN, MIB, World, data
from simcheck import run_cases

# ---- what is in two packs ----


def twice(w, want):
    """Backups a and b of the same bytes, made at once, each with packs of its
    own: [pack of a, pack of b]."""
    disk = w.top / "disk-b"
    disk.write_bytes(want)
    p = w.stopped_at("put.pack", "backup", "--disk", disk, "--name", "b",
                     w.repo, host="b")
    theirs = packs(w)
    w.backup(want, "a")
    p.send_signal(signal.SIGCONT)
    assert p.wait() == 0
    mine = [x for x in packs(w) if x not in theirs]
    assert len(mine) == len(theirs) == 1, (mine, theirs)
    return mine + theirs


def packs(w):
    return sorted((w.repo / "packs").rglob("?" * 64))


def in_two_packs(kind, which):
    """One of the two is gone, or damaged: the other one is read, and a prune
    does not take that away."""
    with World() as w:
        want = data(1, 3 * MIB)
        pack = twice(w, want)[which]
        for i in 5, 6:
            w.backup(data(i, MIB), "c")
        if kind == "gone":
            pack.unlink()
        else:
            good = bytearray(pack.read_bytes())
            for at in range(200, len(good) - 5000, 5000):
                good[at] ^= 1
            pack.write_bytes(good)
        to = w.top / "restored"
        for name in "a", "b":
            to.unlink(missing_ok=True)
            result = w.run("restore", w.repo, name, "--to", to)
            assert result.returncode in (0, 3), result
            assert len(result.stderr.splitlines()) <= 8, result
            assert to.read_bytes() == want
        o = w.run("verify", "--data", "--json", w.repo)
        report = json.loads(o.stdout)
        assert report["hurt_backups"] == 0, report
        # Of the one that is not needed beside the other nothing is asked.
        assert report["bad_packs"] <= (kind != "gone"), report
        if kind == "gone":
            # The index forgets the one that is gone.
            report = w.json("prune", w.repo, "--keep-last", "1")
            assert report["deleted_packs"] == 1, report
            assert len(packs(w)) == 2
            for name in "a", "b":
                assert w.restored(name) == want
            w.whole()
        for left in packs(w):
            left.unlink()
        w.fails(1, "it is missing", "restore", w.repo, "a", "--to", w.top /
                "none")


# ---- what others left ----


def leftovers():
    """A day after a put was killed, prune takes away what it left."""
    with World() as w:
        w.backup(data(1, MIB))
        old = [w.repo / "heads" / ".new-0123456789abcdef",
               w.repo / "packs" / "7f" / ".new-00000000000000ff"]
        fresh = w.repo / "packs" / "80" / ".new-fedcba9876543210"
        for path in (*old, fresh):
            path.write_bytes(b"half")
        for path in old:
            at = time.time() - 25 * 3600
            os.utime(path, (at, at))
        w.done("prune", w.repo, "--keep-last", "9", "--dry-run")
        assert all(path.exists() for path in old)
        assert w.json("prune", w.repo, "--keep-last",
                      "9")["tidied_files"] == 2
        assert fresh.exists() and not any(path.exists() for path in old)
        w.whole()


def hardened():
    """What a prune that died had put is durable before anything is deleted
    because of it."""
    if not shutil.which("strace"):
        return "no strace"
    with World() as w:
        for i in range(2):
            w.backup(data(i, MIB))
        p = w.stopped_at("prune.condemned", "prune", w.repo, "--keep-last",
                         "1")
        p.kill()
        p.wait()
        trace = w.top / "trace"
        p = subprocess.run(
            ["strace", "-f", "-y", "-e", "trace=fsync,unlinkat", "-o",
             str(trace), BIN, "prune", str(w.repo), "--keep-last", "1"],
            env=w.environment(host="b", ASAN_OPTIONS="detect_leaks=0"),
            capture_output=True, text=True, check=False)
        if "ptrace" in p.stderr:
            return f"no ptrace: {p.stderr}"
        assert p.returncode == 0, p
        synced = set()
        for line in trace.read_text().splitlines():
            if "unlinkat(" in line and "/packs/" in line and \
                    ".probe" not in line:
                break
            if "fsync(" in line:
                synced.add(line[line.index("<") + 1:line.index(">")])
        else:
            raise AssertionError("nothing was deleted")
        for folder in "heads", "outcomes", "forgets":
            assert str(w.repo / folder) in synced, (folder, synced)
        w.whole()
    return None


def texts():
    """Names are UTF-8 without controls, or refused; of paths and hosts what is
    not is escaped."""
    with World() as w:
        w.disk.write_bytes(b"x")
        for bad in "a\nb", "\x1b[2J", "\udcff", "d\x7f":
            w.fails(2, "is not UTF-8 without control characters", "backup",
                    "--disk", w.disk, "--name", bad, w.repo)
        assert w.names() == []
        odd = os.fsencode(w.top) + b"/di\xffsk\n\xc3\xa4"
        with open(odd, "wb") as f:
            f.write(b"odd")
        w.done("backup", "--disk", os.fsdecode(odd), w.repo)
        backup, = w.json("backups", w.repo)["backups"]
        assert backup["backup"] == "di\\xffsk\\x0a\u00e4", backup
        assert backup["disks"][0]["source"].endswith(
            "/di\\xffsk\\x0a\u00e4"), backup
        assert w.restored(backup["backup"]) == b"odd"
        w.whole()


def many_pieces():
    """More of them than an index part has room for, in one pack."""
    with World() as w:
        repo, n = w.top / "small", 310000
        w.done("init", repo, "--chunk-size", "4K")
        with open(w.disk, "wb") as f:
            for i in range(n):
                f.write((i + 1).to_bytes(8, "little") * 512)
        w.done("backup", "--disk", w.disk, "--name", "d", repo)
        sizes = [p.stat().st_size for p in (repo / "index").iterdir()]
        assert len(sizes) > 1 and sum(sizes) > 8 << 20, sizes
        assert max(sizes) <= 8 << 20, sizes
        to = w.top / "restored"
        w.done("restore", repo, "d", "--to", to)
        subprocess.run(["cmp", w.disk, to], check=True)


# ---- what the disk makes of it ----


def read_back(place, put_only):
    """What is damaged between its put and the commit is noticed by
    --read-back; the backup is not there."""
    with World() as w:
        w.backup(data(1, MIB), "before")
        args = ["backup", "--disk", w.disk, "--name", "now", w.repo]
        if put_only:
            w.done("key", "add", w.repo, "--put-only", "--new-key-file",
                   w.top / "put")
            args += "--key-file", w.top / "put"
        folder = {"put.pack": "packs", "put.part": "index"}[place]
        before = files(w, folder)
        w.disk.write_bytes(data(2, 3 * MIB))
        p = w.stopped_at(place, *args, "--read-back")
        new, = files(w, folder) - before
        bytes_ = bytearray(new.read_bytes())
        bytes_[len(bytes_) // 2] ^= 1
        new.write_bytes(bytes_)
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 1
        assert w.names() == ["before"]
        new.unlink()
        w.done(*args, "--read-back")
        assert w.restored("now") == data(2, 3 * MIB)
        w.whole()


def memory_flips():
    """A bit changes in memory after the pieces were named: --read-back notices,
    and nothing is listed, nor taken over by the next backup; without it verify
    --data does, and a restore gives no wrong data."""
    flip = {"XENSNAP_FLIP_AT": "put.encoded#2"}
    disk = data(2, 3 * MIB)

    def words(w):
        w.disk.write_bytes(disk)
        return "backup", "--disk", w.disk, "--name", "now", w.repo

    with World() as w:
        w.fails(1, "reads back wrong", *words(w), "--read-back", **flip)
        assert w.names() == []
        w.done(*words(w))
        assert w.restored("now") == disk
    with World() as w:
        p = w.stopped_at("put.pack", *words(w), **flip)
        p.kill()
        p.wait()
        w.done(*words(w), "--read-back")
        assert w.restored("now") == disk
    with World() as w:
        w.done(*words(w), **flip)
        report = json.loads(w.run("verify", "--data", "--json", w.repo).stdout)
        assert (report["bad_packs"], report["hurt_backups"]) == (1, 1), report
        to = w.top / "restored"
        assert w.run("restore", w.repo, "now", "--to", to).returncode == 1
        assert not to.exists()


def files(w, folder):
    return {p for p in (w.repo / folder).rglob("*") if p.is_file()}


def main():
    cases = [
        ("what killed puts left", leftovers),
        ("what a dead prune put", hardened),
        ("names and paths", texts),
        ("many pieces", many_pieces),
        ("a bit flips in memory", memory_flips),
    ]
    for kind in "gone", "damaged":
        for which in 0, 1:
            cases.append((f"of two packs number {which} is {kind}",
                          functools.partial(in_two_packs, kind, which)))
    for place in "put.pack", "put.part":
        for put_only in False, True:
            cases.append((f"{place} reads back wrong"
                          f"{', with a put-only key' if put_only else ''}",
                          functools.partial(read_back, place, put_only)))
    run_cases(cases)


main()
