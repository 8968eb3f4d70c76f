#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks on a repository (test/damage/attacks.py): by who writes to its store
and by who has its key too.  Some of each kind, drawn by SEED; all with LONG.

By Debian's own Python, which is the one that has the oracle's libraries.
"""
import collections
import functools
import os
import pathlib
import random
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "test" / d) for d in ("sim", "damage", "lib")]
# pylint: disable=wrong-import-position
from simcheck import run_cases  # noqa: E402
from victim import Victim  # noqa: E402

import attacks  # noqa: E402

LONG = "LONG" in os.environ
SEED = os.environ.get("SEED", os.getpid())  # of what is drawn
SAMPLE = 2  # of each kind
PARTS = 6   # of each kind, with LONG


def attack(made, kind, part):
    """That part of the attacks of a kind, or some of them (None), on a copy of
    the victim @made."""
    with tempfile.TemporaryDirectory(prefix="xensnap-attack.",
                                     dir=made.parent.parent) as top:
        victim = Victim.copied(made, pathlib.Path(top) / "world")
        some = list(attacks.KINDS[kind](victim))
        if part is None:
            some = random.Random(f"{SEED} {kind}").sample(some, SAMPLE)
        else:
            some = some[part::PARTS]
        came, wrong = collections.Counter(), []
        for a in some:
            try:
                came[victim.attacked(a)] += 1
            except Exception as e:  # the others are tried too
                wrong.append(f"{a.name}: {type(e).__name__}: {e}")
                victim.clean()
        print(f"# {kind}: {len(some)} attacks, {dict(came)}", flush=True)
        assert not wrong, f"{len(wrong)} of {len(some)}:\n" + "\n".join(
            wrong[:50])


def main():
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="xensnap-attack.",
                                     dir=base) as top:
        victim = Victim(pathlib.Path(top) / "world")
        victim.top.mkdir()
        victim.make()
        print(f"# SEED={SEED}", flush=True)
        parts = range(PARTS) if LONG else [None]
        run_cases([(kind if part is None else f"{kind}, part {part + 1}",
                    functools.partial(attack, victim.top, kind, part))
                   for kind in attacks.KINDS for part in parts])


main()
