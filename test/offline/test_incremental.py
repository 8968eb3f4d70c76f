#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backups that read only what changed: of lone files and of snapshots, on real
XFS and btrfs; each is brought back and compared, by us and by the oracle.  And
all that must make them read everything."""
import functools
import os
import random
import subprocess

from offline import FileSystem, fill
from repoworld import CHUNK, MIB
from simcheck import run_cases
from sourceworld import Sources, or_skipped

SIZE = 9 * MIB


def change(path, rng, hole=True):
    """Some bytes become others, some zeros, some a hole."""
    size = path.stat().st_size
    with open(path, "r+b") as f:
        for _ in range(rng.randrange(1, 6)):
            f.seek(rng.randrange(size - 70000))
            f.write(rng.randbytes(rng.randrange(1, 70000)))
        f.seek(rng.randrange(size - CHUNK))
        f.write(bytes(rng.randrange(1, CHUNK)))
    if hole:
        at = rng.randrange(0, size - 3 * MIB)
        subprocess.run(["fallocate", "-p", "-o", str(at), "-l",
                        str(rng.randrange(1, 2 * MIB)), str(path)], check=True)
    os.sync()


def read_as(disk, how, words):
    """What changed was read of it, or all; XFS keeps small holes as zeros."""
    is_all = disk["how"] in ("whole", "data")
    assert is_all == (how == "all") and words in disk["why"], disk


def views(folder):
    """What we keep there for the next backup."""
    return sorted(p.name for p in folder.iterdir() if ".xs-backup-" in p.name)


class Lone(Sources):
    """A file that is backed up again and again."""

    def __init__(self, folder, seed=0):
        super().__init__()
        self.folder = folder
        self.file = fill(folder / "disk", seed, SIZE)
        self.copies = []

    def again(self, how, words="", keep=True):
        """One more backup of it, and how it was read."""
        name = f"b{len(self.copies)}"
        o = self.json("backup", "--disk", self.file, "--name", name, self.repo)
        d, = o["disks"]
        read_as(d, how, words)
        copy = self.top / f"copy{len(self.copies)}"
        copy.write_bytes(self.file.read_bytes())
        self.copies.append(copy)
        if keep:
            assert len(views(self.folder)) == 1, views(self.folder)
        return o

    def right(self):
        """All of them are what the file was then."""
        for i, copy in enumerate(self.copies):
            self.same(f"b{i}", "disk", copy)
        self.checked()


@or_skipped
def lone(kind):
    """The file changes in many ways; the old view goes when there is a new."""
    rng = random.Random(kind)
    with FileSystem(kind) as fs, Lone(fs.folder()) as w:
        w.again("all", "it is the first backup")
        o = w.again("changes", "shared extents")
        assert o["read_bytes"] == 0 and o["new_bytes"] == 0, o
        for i in range(8):
            change(w.file, rng, hole=i % 2 == 0)
            o = w.again("changes", "shared extents")
            assert 0 < o["read_bytes"] < SIZE // 3, o
        w.right()


@or_skipped
def size_changes():
    """Longer, shorter: all is read, and so it is right."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        w.again("all")
        for size in (SIZE + 5 * MIB + 17, SIZE - MIB, SIZE - MIB):
            os.truncate(w.file, size)
            w.again("all" if size != w.copies[-1].stat().st_size
                    else "changes",
                    "its size changed" if size != w.copies[-1].stat().st_size
                    else "shared")
        w.right()


@or_skipped
def base_is_gone():
    """Without the view, or with another one in its place, all is read."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        w.again("all")
        (w.folder / views(w.folder)[0]).unlink()
        w.again("all", "nothing of an earlier backup")
        # Its name and marks, but what it holds is newer than the backup.
        view = w.folder / views(w.folder)[0]
        change(w.file, random.Random(1))
        view.chmod(0o600)
        subprocess.run(["cp", "--reflink=always", "--no-preserve=all",
                        str(w.file), str(view)], check=True)
        w.again("all", "nothing of an earlier backup", keep=False)
        w.right()


@or_skipped
def replaced():
    """Another file has the disk's name by now."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        w.again("all")
        w.file.rename(w.folder / "old")
        fill(w.file, 5, SIZE)
        o = w.again("changes", "shared extents")
        assert o["read_bytes"] > SIZE * 0.9, o
        w.right()


@or_skipped
def two_repositories():
    """Each has a view of its own, and leaves the other's alone."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as a:
        a.again("all")
        with Lone(a.folder) as b:
            b.again("all", "it is the first backup", keep=False)
            assert len(views(a.folder)) == 2, views(a.folder)
            change(a.file, random.Random(2))
            a.again("changes", keep=False)
            b.again("changes", keep=False)
            assert len(views(a.folder)) == 2, views(a.folder)
            b.right()
        a.right()


@or_skipped
def no_base():
    """--no-base leaves nothing, and reads all."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        o = w.json("backup", "--disk", w.file, "--name", "n", "--no-base",
                   w.repo)
        assert o["disks"][0]["why"] == "--no-base", o
        assert not views(w.folder), views(w.folder)
        w.done("backup", "--disk", w.file, "--name", "n", "--dry-run", w.repo)
        assert not views(w.folder), views(w.folder)


@or_skipped
def killed(place):
    """kill -9 there: the next backup is right, and removes what was left."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        w.again("all")
        change(w.file, random.Random(3))
        p = w.stopped_at(place, "backup", "--disk", w.file, "--name", "k",
                         w.repo)
        p.kill()
        p.wait()
        assert len(views(w.folder)) == 2, views(w.folder)
        # One that is in the repository, but was not yet marked so, is none.
        w.again("changes")
        w.right()


@or_skipped
def prune_under_way():
    """What a prune may be about to delete is not taken for granted."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        for i in range(3):
            fill(w.file, i, SIZE)
            w.json("backup", "--disk", w.file, "--name", "p", w.repo)
        prune = "prune", w.repo, "--keep-last", "1", "--yes", "2"
        p = w.stopped_at("prune.condemned", *prune)
        w.again("all", "a prune is under way")
        p.kill()
        p.wait()
        w.done(*prune)
        w.again("changes")
        w.right()


@or_skipped
def snapshots(kind):
    """Of a domain that does not run: each is compared to the one before, as
    long as that is kept."""
    rng = random.Random(kind)
    with FileSystem(kind) as fs, Sources() as w:
        folder = fs.folder()
        file = w.stopped(folder, disks=(
            f"{folder}/root.img,raw,xvda,w", f"{folder}/data.img,raw,xvdb,w"))
        for disk in "root", "data":
            fill(folder / f"{disk}.img", 1, SIZE)
        want = {}

        def backup(name, how, words):
            for vdev, disk in ("xvda", "root"), ("xvdb", "data"):
                want[name, vdev] = w.top / f"{name}.{vdev}"
                want[name, vdev].write_bytes(
                    (folder / f"{disk}.img").read_bytes())
            w.done("create", f"web1@{name}", "--config", file)
            o = w.json("backup", f"web1@{name}", w.repo)
            for d in o["disks"]:
                read_as(d, how, words)
            return o

        backup("a", "all", "it is the first backup")
        o = w.json("backup", "web1@a", "--name", "again", w.repo)
        assert o["read_bytes"] == 0 and o["new_bytes"] == 0, o
        assert o["disks"][0]["why"] == "the very same is there already", o
        for name in "bcd":
            change(folder / "data.img", rng)
            o = backup(name, "changes", "shared extents")
            assert o["disks"][0]["read_bytes"] == 0, o
            assert 0 < o["disks"][1]["read_bytes"] < SIZE // 3, o
        assert w.json("verify", w.repo, "--against", "web1@d")["same"]
        result = w.run("verify", w.repo, "web1@d", "--against", "web1@c")
        assert result.returncode == 1, result
        assert "xvda: the same" in result.stdout, result
        # The newest that is kept is enough.
        w.done("delete", "web1@c", "web1@d")
        change(folder / "root.img", rng)
        backup("e", "changes", "shared extents")
        w.done("delete", "web1@a", "web1@b", "web1@e")
        backup("f", "all", "nothing of an earlier backup")
        for (name, vdev), copy in want.items():
            w.same(f"web1@{name}", vdev, copy)
        w.checked()


@or_skipped
def parent_is_damaged():
    """Of its map a part is gone: all is read, and that is told."""
    with FileSystem("xfs") as fs, Lone(fs.folder()) as w:
        w.again("all")
        for pack in w.repo.glob("packs/*/*"):
            pack.write_bytes(bytes(pack.stat().st_size))
        change(w.file, random.Random(6))
        o = w.json("backup", "--disk", w.file, "--name", "x", w.repo)
        assert o["disks"][0]["why"] == "the backup before is damaged", o


def cases():
    """All of them."""
    for kind in "xfs", "btrfs":
        yield f"{kind}: a lone file", functools.partial(lone, kind)
        yield f"{kind}: snapshots", functools.partial(snapshots, kind)
    yield "its size changes", size_changes
    yield "the view is gone, or is another", base_is_gone
    yield "another file", replaced
    yield "two repositories", two_repositories
    yield "nothing is to stay", no_base
    for place in "put.session", "backup.disk", "put.synced", "put.committed":
        yield f"killed at {place}", functools.partial(killed, place)
    yield "a prune is under way", prune_under_way
    yield "the parent is damaged", parent_is_damaged


if __name__ == "__main__":
    run_cases(list(cases()))
