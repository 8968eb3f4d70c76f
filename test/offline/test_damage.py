#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damage to the files of a repository (test/damage): it is found, what is
damaged is named, and so are the backups that it costs; all others come back,
and never other bytes than were saved.  Some of each kind; with LONG one bit of
each byte of each file.
"""
import collections
import functools
import os
import pathlib
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "test" / d) for d in ("sim", "damage", "lib")]
# pylint: disable=wrong-import-position
import faults  # noqa: E402
from simcheck import run_cases  # noqa: E402
from subjects import Xensnap  # noqa: E402

LONG = "LONG" in os.environ
SEED = os.environ.get("SEED", os.getpid())  # of what is drawn
PARTS = 20 if LONG else 1

# What can happen without being found, since nothing is worse for it: nobody
# asks for a copy of a slot that is gone (its other copy opens), for the
# beginning of a session whose outcome is there, for packs that no index part
# names, or for what lies beside the folders under no name of ours.
UNNOTICED = {("gone", "keys"), ("gone", "sessions"), ("duplicated", "packs"),
             ("duplicated", "config")}


class Damaged(Xensnap):
    """Ours, and what must come of each fault."""

    def __init__(self, top):
        super().__init__(top)
        self.said = b""

    def check_result(self, r):
        folder = r.fault.file.split("/")[0]
        where = f"{r.fault}: {r.restored} {r.said}"
        assert "wrong" not in r.restored.values(), where
        if (r.fault.kind, folder) in UNNOTICED:
            assert r.verdict() == "harmless", where
            return
        assert r.found, where
        # Without its config, or its only head, it is no repository.
        lost = r.fault.kind in ("gone", "renamed") and \
            folder in ("config", "heads")
        # One bit of the repository's id: then the slots are another's.
        other = folder == "config" and "keys/" in r.said
        assert r.named or lost or other, where
        if folder in ("packs", "sessions", "keys") or r.fault.kind == \
                "duplicated" and folder in ("index", "heads"):
            # Whatever does not come back is told, and the rest comes back.
            for name, how in r.restored.items():
                assert how == "exact" or f"backup {name} of" in r.said, where


def suffered(subject, chosen, each):
    """All @chosen; @each: every backup is brought back, not one in turn."""
    came = collections.Counter()
    names = sorted(subject.want)
    for i, group in enumerate(faults.groups(subject, chosen)):
        for r in faults.suffer(subject, group, None if each else
                               [names[i % len(names)]]):
            subject.check_result(r)
            came[r.verdict()] += 1
    print(f"# {len(chosen)} faults: {dict(came)}", flush=True)


def damage(kind, part):
    """Flips, or what else can happen to a file."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="xensnap-damage.",
                                     dir=base) as top:
        subject = Damaged(top)
        subject.make()
        status, said = subject.check()
        assert status == 0 and not said, said
        rng = faults.seeded(SEED)
        if kind == "flip":
            some = faults.flips(subject, rng, None if LONG else 12)
        else:
            some = list(faults.structural(subject))
            some = some if LONG else faults.drawn(some, rng, 12)
        suffered(subject, some[part::PARTS], LONG and kind != "flip")


def main():
    cases = []
    print(f"# SEED={SEED}", flush=True)
    for kind in "flip", "other":
        cases += [(f"{kind}, {i + 1} of {PARTS}",
                   functools.partial(damage, kind, i)) for i in range(PARTS)]
    run_cases(cases, leaks=False)


main()
