#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damage the repositories of xensnap, restic and borg alike, and say what came
of it: the tables of doc/damage.md.

    XENSNAP_BIN=build/release/src/xensnap test/damage/beside.py

Of ours one bit of each byte of each file is flipped, and one backup restored; of the others, which take
some seconds for each, so many as --flips says, drawn with a fixed seed.  What
else can happen to a file (--structural) is tried for each file, or drawn too.
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

from faults import drawn, flips, groups, seeded, structural, suffer
from subjects import EVERYONE

VERDICTS = ["found, named", "found", "harmless", "lost silently",
            "wrong bytes"]


def version(name, subject):
    argv = [subject.program if name == "xensnap" else name]
    argv.append("version" if name == "restic" else "--version")
    return subprocess.run(argv, check=True, capture_output=True,
                          text=True).stdout.split("\n")[0]


def some_backups(subject, i, fault):
    """Which to bring back after fault @i: all, but of the many flips of ours
    one, in turn."""
    names = sorted(subject.want)
    return [names[i % len(names)]] if subject.name == "xensnap" and \
        fault.kind == "flip" else names


def tell(table, subject, total):
    """The counts as rows of a table."""
    for kind, counts in table.items():
        cells = [str(counts[v]) for v in VERDICTS]
        print(f"| {kind} | {subject.name} | {sum(counts.values())} | "
              + " | ".join(cells) + f" | {total[kind]} |", flush=True)


def damage(subject, args):
    """All faults of one program."""
    subject.make()
    status, said = subject.check()
    assert status == 0, said
    rng = seeded(subject.name)
    n = None if subject.name == "xensnap" and not args.sample else args.flips
    faults = flips(subject, rng, n)
    more = list(structural(subject))
    faults += more if subject.name == "xensnap" and not args.sample else \
        drawn(more, rng, args.structural)
    sizes = sum((subject.repo / f).stat().st_size for f in subject.files())
    print(f"{subject.name}: {len(subject.files())} files, {sizes} bytes, "
          f"{len(faults)} faults, {version(subject.name, subject)}",
          flush=True)
    table, total = collections.defaultdict(collections.Counter), \
        collections.Counter()
    for i, group in enumerate(groups(subject, faults)):
        for r in suffer(subject, group, some_backups(subject, i, group[0])):
            table[r.fault.kind][r.verdict()] += 1
            total[r.fault.kind] += r.lost() == len(r.restored)
            if r.verdict() in args.tell:
                print(f"{r.verdict()}: {r.fault}, {r.restored}, "
                      f"{r.said[:300]}", flush=True)
        if i % 500 == 499:
            print(f"{i + 1} runs", file=sys.stderr, flush=True)
    tell(table, subject, total)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("who", nargs="*", default=list(EVERYONE))
    p.add_argument("--flips", type=int, default=300)
    p.add_argument("--structural", type=int, default=100)
    p.add_argument("--sample", action="store_true", help="of ours too")
    p.add_argument("--tell", default=["lost silently", "wrong bytes"],
                   nargs="*", help="verdicts of which each case is told")
    args = p.parse_args()
    base = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    print("| what | of | tried | " + " | ".join(VERDICTS)
          + " | nothing came back |")
    for name in args.who:
        with tempfile.TemporaryDirectory(prefix="xensnap-damage.",
                                         dir=base) as top:
            damage(EVERYONE[name](top), args)


main()
