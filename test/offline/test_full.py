#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository on a file system that is full: a backup that does not fit leaves
nothing, what is there comes back, and a prune makes room."""
import subprocess

from repoworld import MIB, World, data
from simcheck import run_cases


class Small(World):
    """A repository in a file system of its own, of some MiB."""

    def __init__(self):
        super().__init__()
        self.key.unlink()
        self.repo = self.top / "small"
        self.repo.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs",
                        self.repo], check=True)
        self.repo = self.repo / "repo"
        self.done("init", self.repo)

    def __exit__(self, *args):
        subprocess.run(["umount", self.repo.parent], check=True)
        super().__exit__(*args)

    def fill(self):
        """Leave no byte free."""
        with open(self.repo.parent / "other", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def until_full(self):
        """Backups until one does not fit; the newest one's bytes."""
        for i in range(20):
            want = data(i, 5 * MIB)
            self.disk.write_bytes(want)
            result = self.run("backup", "--disk", self.disk, "--name", "d",
                              self.repo)
            if result.returncode:
                assert result.returncode == 1, result
                assert "No space left" in result.stderr, result
                return data(i - 1, 5 * MIB)
        raise AssertionError("it never was full")


def full():
    """It is full to the last byte, and a prune makes room."""
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        return "not root"
    with Small() as w:
        reserve = w.repo / ".reserve"
        assert reserve.stat().st_blocks * 512 >= MIB
        want = w.until_full()
        w.fill()
        n = len(w.names())
        assert n >= 3 and w.restored("latest") == want
        result = w.run("prune", w.repo, "--keep-last", "1", "--yes",
                       str(n - 1))
        assert result.returncode == 0, result
        assert "in the room that was kept for that" in result.stderr, result
        assert f"{n - 1} of {n} backups forgotten, " in result.stdout, result
        assert len(w.names()) == 1 and w.restored("latest") == want
        assert reserve.stat().st_blocks * 512 >= MIB // 2
        w.whole()
        assert w.backup(data(99, 5 * MIB), "e")["bytes"] == 5 * MIB
        assert w.restored("e") == data(99, 5 * MIB)
    return None


def without():
    """No reserve: the prune says what is true, and does nothing by halves."""
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        return "not root"
    with Small() as w:
        want = w.until_full()
        (w.repo / ".reserve").unlink()
        w.fill()
        n = len(w.names())
        prune = ("prune", w.repo, "--keep-last", "1", "--yes", str(n - 1))
        w.fails(1, "No space left", *prune)
        assert w.restored("latest") == want
        (w.repo.parent / "other").unlink()
        w.done(*prune)
        assert len(w.names()) == 1 and w.restored("latest") == want
        w.whole()
    return None


run_cases([("a prune makes room", full), ("without a reserve", without)])
