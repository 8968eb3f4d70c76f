#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""diff: what differs between two snapshots, against what Python finds in copies
of their disks; by the tables of XFS and btrfs, and where there are none."""
import functools
import itertools
import os
import pathlib
import random

from offline import FileSystem
from repoworld import MIB
from simcheck import run_cases
from sourceworld import Sources, or_skipped
from test_incremental import change

BLOCK = 4096
DISKS = {"xvda": "root", "xvdb": "data"}


def differing(a, b):
    """[[offset, bytes]] of blocks that are not the same; where one ends all
    that follows differs."""
    both = min(len(a), len(b))
    found = []

    def add(at, n):
        if found and sum(found[-1]) == at:
            found[-1][1] += n
        elif n:
            found.append([at, n])

    for at in range(0, both, BLOCK):
        end = min(at + BLOCK, both)
        if a[at:end] != b[at:end]:
            add(at, end - at)
    if len(a) != len(b):
        found.append([both, max(len(a), len(b)) - both])
    return found


class Kept(Sources):
    """A domain that does not run, its snapshots, and what they hold."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.file = self.stopped(folder, disks=[
            f"{folder}/{disk}.img,raw,{vdev},w"
            for vdev, disk in DISKS.items()])
        self.held = {}

    def freeze(self, name, *words):
        self.done("create", f"web1@{name}", "--config", self.file, *words)
        self.held[name] = {
            vdev: (self.folder / f"{disk}.img").read_bytes()
            for vdev, disk in DISKS.items()}

    def diff(self, a, b, *words):
        """The disks, by name; of each its ranges are what the rest says."""
        o = self.json("diff", f"web1@{a}", f"web1@{b}", "--ranges", *words)
        for d in o["disks"]:
            if "ranges" in d:
                assert d["differ_ranges"] == len(d["ranges"]), d
                assert d["differ_bytes"] == sum(n for _, n in d["ranges"]), d
        assert o["same"] == all(d.get("ranges") == [] for d in o["disks"]), o
        return {d["vdev"]: d for d in o["disks"]}

    def right(self, a, b, by_table):
        """What diff says of them is what Python sees."""
        for vdev, d in self.diff(a, b).items():
            want = differing(self.held[a][vdev], self.held[b][vdev])
            assert d["ranges"] == want, (a, b, vdev, d, want)
            assert d["by_table"] == by_table, d
        if by_table:
            self.tables(a, b)

    def tables(self, a, b):
        """By the tables alone it may be more, and is never less."""
        for vdev, d in self.diff(a, b, "--tables").items():
            assert d["read_bytes"] == 0, d
            may = set(itertools.chain.from_iterable(
                range(at // BLOCK, -(-(at + n) // BLOCK))
                for at, n in d["ranges"]))
            for at, n in differing(self.held[a][vdev], self.held[b][vdev]):
                assert may.issuperset(range(at // BLOCK, (at + n) // BLOCK)), d


@or_skipped
def by_tables(kind):
    """Each pair of some, in both orders, and each with itself."""
    rng = random.Random(kind)
    with FileSystem(kind) as fs, Kept(fs.folder()) as w:
        w.freeze("a")
        for name in "bcd":
            change(w.folder / "data.img", rng)
            if name == "c":
                change(w.folder / "root.img", rng)
            w.freeze(name)
        for a, b in itertools.product("abcd", repeat=2):
            w.right(a, b, by_table=True)
        d = w.diff("a", "b")
        assert d["xvda"]["read_bytes"] == 0, d
        assert 0 < d["xvdb"]["read_bytes"] < d["xvdb"]["a_bytes"], d
        # Written anew with the same bytes: the tables tell it, diff does not.
        data = (w.folder / "data.img").read_bytes()
        (w.folder / "data.img").write_bytes(data)
        os.sync()
        w.freeze("e")
        w.right("d", "e", by_table=True)
        assert w.diff("d", "e", "--tables")["xvdb"]["differ_bytes"] >= len(
            data) // 2


def copied():
    """Copies have no table: all is read."""
    rng = random.Random(1)
    with Sources() as top, Kept(top.top) as w:
        w.freeze("a", "--copy")
        change(w.folder / "data.img", rng)
        w.freeze("b", "--copy")
        w.right("a", "b", by_table=False)
        w.right("b", "a", by_table=False)
        d = w.diff("a", "b", "--tables")["xvda"]
        assert d["ranges"] == [[0, d["a_bytes"]]] and not d["by_table"], d
        assert d["how"] == "a copy has no table of what changed", d


def sizes():
    """One is longer, and does not end with a block."""
    with Sources() as top, Kept(top.top) as w:
        w.freeze("a", "--copy")
        os.truncate(w.folder / "root.img", 3 * MIB + 512 * 5)
        w.freeze("b", "--copy")
        os.truncate(w.folder / "root.img", 4 * MIB)
        w.freeze("c", "--copy")
        for a, b in itertools.permutations("abc", 2):
            w.right(a, b, by_table=False)


def one_has_no_such_disk():
    """What only one of them has is told; so is one that neither has."""
    with Sources() as top, Kept(top.top) as w:
        w.freeze("a", "--copy")
        w.freeze("b", "--copy", "--skip-disk", "xvdb")
        for pair, has in (("a", "b"), "in_a"), (("b", "a"), "in_b"):
            d = w.diff(*pair)
            assert list(d) == ["xvda", "xvdb"], d
            assert d["xvdb"][has] and not all(
                d["xvdb"][x] for x in ("in_a", "in_b")), d
            assert d["xvda"]["ranges"] == []
        out = w.done("diff", "web1@a", "web1@b")
        assert "xvdb: only web1@a has it" in out, out
        assert "web1@a and web1@b: their disks differ" in out, out
        out = w.done("diff", "web1@a", "web1@b", "--disk", "xvda")
        assert "xvda: the same" in out and "the same disks" in out, out
        w.fails(1, "neither of the two has a disk xvdz", "diff", "web1@a",
                "web1@b", "--disk", "xvdz")


def text():
    """Ranges as lines for programs, then the summary for people."""
    with Sources() as top, Kept(top.top) as w:
        w.freeze("a", "--copy")
        with open(w.folder / "data.img", "r+b") as f:
            for at in 5, BLOCK, 10 * BLOCK:
                f.seek(at)
                byte = f.read(1)[0]
                f.seek(at)
                f.write(bytes([byte ^ 1]))
        w.freeze("b", "--copy")
        out = w.done("diff", "web1@a", "web1@b", "--ranges").splitlines()
        assert out[:3] == ["xvdb 0 8192", "xvdb 40960 4096", ""], out
        assert any("12.0 KiB of" in line and "in 2 places" in line
                   for line in out), out


def bad():
    """What is missing, damaged or wrong."""
    with Sources() as top, Kept(top.top) as w:
        w.freeze("a", "--copy")
        w.freeze("b", "--copy")
        w.fails(1, "web1@c", "diff", "web1@a", "web1@c")
        w.fails(1, "other@b", "diff", "web1@a", "other@b")
        for words in ("web1@a",), ("web1@a", "web1"), ("a", "b", "c"):
            result = w.run("diff", *words)
            assert result.returncode == 2 and not result.stdout, result
        kept = pathlib.Path(w.top / "a" / "web1" / "b")
        (kept / "xvdb.img").unlink()
        result = w.run("diff", "web1@a", "web1@b")
        assert result.returncode == 1 and "xvdb" in result.stderr, result


def main():
    """All of them."""
    cases = [(f"{kind}: by its tables", functools.partial(by_tables, kind))
             for kind in ("xfs", "btrfs")]
    run_cases(cases + [
        ("copies", copied),
        ("other sizes", sizes),
        ("disks that one of them has", one_has_no_such_disk),
        ("text", text),
        ("what is wrong", bad),
    ])


main()
