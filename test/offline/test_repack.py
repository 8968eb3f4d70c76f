#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prune writes anew the packs of which little is needed: the room comes back,
the backups stay, whoever dies meanwhile."""
import functools
import signal

from repoworld import CHUNK, MIB, World, data
from simcheck import run_cases

PRUNE = ("--keep-last", "1", "--yes", "1")


class Sparse(World):
    """A repository of whose one large pack the newest backup needs an
    eighth, here and there."""

    def __enter__(self):
        old = data(1, 8 * MIB)
        self.want = bytearray(8 * MIB)
        for i in range(0, len(old), 8 * CHUNK):
            self.want[i:i + CHUNK] = old[i:i + CHUNK]
        self.backup(old)
        self.backup(self.want)
        assert len(self.packs()) == 2  # the map of the newest
        return self

    def packs(self):
        return sorted((self.repo / "packs").rglob("?" * 64))

    def pack_bytes(self):
        return sum(p.stat().st_size for p in self.packs())

    def prune(self, *args, **kw):
        return self.json("prune", self.repo, *PRUNE, *args, **kw)

    def is_small(self):
        """It is, and all is there."""
        assert self.pack_bytes() < 2 * MIB, self.packs()
        assert self.restored("d") == self.want
        assert self.names() == ["d"]
        self.whole()


def little():
    """It goes; a threshold below what is needed of it leaves it."""
    with Sparse() as w:
        for percent in 0, 12:
            o = w.prune("--repack", percent)
            assert o["repacked_packs"] == 0 == o["deleted_packs"], o
            assert w.pack_bytes() > 8 * MIB
        out = w.done("prune", w.repo, *PRUNE)
        assert "1 pack of which little was needed: written anew" in out
        w.is_small()
        o = w.prune()
        assert o["repacked_packs"] == 0 == o["deleted_packs"], o
        w.is_small()
        w.fails(2, "--repack is 0 to 100, not 101", "prune", w.repo, *PRUNE,
                "--repack", "101")


def dies(place):
    """The next prune goes on, whatever was done."""
    with Sparse() as w:
        p = w.stopped_at(place, "prune", w.repo, *PRUNE)
        p.kill()
        p.wait()
        assert w.restored("d") == w.want
        w.whole()
        w.prune("--wait", "5")
        w.prune("--wait", "5")
        w.is_small()


def beside(place):
    """A backup that relies on the old pack while that is written anew."""
    with Sparse() as w:
        again = w.top / "again"
        again.write_bytes(data(1, 8 * MIB))
        p = w.stopped_at(place, "backup", "--disk", again, "--name", "again",
                         w.repo, host="b")
        result = w.run("prune", w.repo, *PRUNE, "--wait", "1")
        assert result.returncode == 3, result
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 0
        assert w.restored("again") == data(1, 8 * MIB)
        w.prune("--repack", "0")
        assert w.restored("again") == data(1, 8 * MIB)
        assert w.restored("d") == w.want
        w.whole()


def damaged():
    """What cannot be read is not written anew; the prune is done."""
    with Sparse() as w:
        packs = w.packs()
        pack = max(packs, key=lambda p: p.stat().st_size)
        good = bytearray(pack.read_bytes())
        good[len(good) // 2] ^= 1
        for i in range(200, len(good) - 9000, 4096):
            good[i] ^= 1
        pack.write_bytes(good)
        result = w.run("prune", w.repo, *PRUNE)
        assert result.returncode == 3, result
        assert "of which little is needed stay as they are" in result.stderr
        assert w.packs() == packs


def unreadable():
    """Nor what has lost its end, or is gone: that is for verify to tell."""
    for cut in 1, None:
        with Sparse() as w:
            pack = max(w.packs(), key=lambda p: p.stat().st_size)
            if cut:
                pack.write_bytes(pack.read_bytes()[:-cut])
            else:
                pack.unlink()
            packs = w.packs()
            o = w.prune()
            assert o["repacked_packs"] == 0 == o["deleted_packs"], o
            assert o["forgotten"] == 1, o
            assert w.packs() == packs
            result = w.run("verify", w.repo, "--data")
            assert result.returncode == 1 and pack.name in result.stdout, \
                result


def realms():
    """Each put-only key's pieces stay its own."""
    with World() as w:
        for i in range(2):
            w.done("key", "add", w.repo, "--put-only", "--new-key-file",
                   w.top / f"put{i}")
        part = data(1, 8 * MIB)[:MIB]
        keys = ["key", "put0", "put1"]
        for i, key in enumerate(keys):
            for bytes_ in data(1, 8 * MIB), part:
                w.backup(bytes_, f"of-{key}", host=f"h{i}",
                         XENSNAP_KEY_FILE=str(w.top / key))
        o = w.json("prune", w.repo, "--keep-last", "1")
        assert o["repacked_packs"] == 3 == o["deleted_packs"], o
        packs = list((w.repo / "packs").rglob("?" * 64))
        assert len(packs) == 6
        for key in keys:
            assert w.restored(f"of-{key}") == part
        w.whole()


def main():
    cases = [("little is needed of a pack", little),
             ("the pack is damaged", damaged),
             ("the pack cannot be read at all", unreadable),
             ("realms", realms)]
    for place in ("put.session", "repack.pack", "put.pack", "put.synced",
                  "put.committed", "prune.condemned", "prune.swept",
                  "prune.dropped"):
        cases.append((f"dies at {place}", functools.partial(dies, place)))
    for place in "put.session", "put.synced":
        cases.append((f"beside a backup at {place}",
                      functools.partial(beside, place)))
    run_cases(cases)


main()
