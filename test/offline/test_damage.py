#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damage to the files of a repository (test/damage): it is found, what is
damaged is named, and so are the backups that it costs; all others come back,
and never other bytes than were saved.  Some of each kind; with LONG one bit of
each byte of each file.  And a file that the medium does not give back any more,
as a bad sector does.
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
import traced  # noqa: E402
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
        self.unreadable = None  # a file of the repository
        self.without_it = False  # restore is told to do so

    def env(self):
        env = super().env()
        return traced.environment(env) if self.unreadable else env

    def run(self, *argv):
        if self.without_it and "restore" in argv:
            argv += ("--accept-head",)
        if self.unreadable:
            argv = ("strace", "-f", "-qq", "-o", "/dev/null", "-P",
                    self.repo / self.unreadable, "-e",
                    "inject=pread64:error=EIO", "--", *argv)
        return super().run(*argv)

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


def alien():
    """The version and the suite of each file, which are told as what is not
    known here rather than as damage."""
    with tempfile.TemporaryDirectory(prefix="xensnap-damage.") as top:
        subject = Damaged(top)
        subject.make()
        suffered(subject, [faults.flip(file, at, 3) for at in (8, 10)
                           for file in subject.files()], True)


def unreadable():
    """Each file in turn, by every read of it."""
    if not traced.strace():
        return "no strace"
    with tempfile.TemporaryDirectory(prefix="xensnap-damage.") as top:
        subject = Damaged(top)
        subject.make()
        for file in subject.files():
            fault = faults.Fault("unreadable", file, "", lambda repo: None)
            subject.unreadable = file
            r, = faults.suffer(subject, [fault])
            subject.check_result(r)
            assert "Input/output error" in r.said, r
            if file.startswith(("outcomes/", "index/")):
                without(subject, r)
            subject.unreadable = None
    return None


def without(subject, r):
    """What is read by way of all outcomes or index parts is there but for what
    that one has, if told to do without it."""
    subject.without_it = True
    came = {name: subject.restored(name) for name in sorted(subject.want)}
    subject.without_it = False
    print(f"# without {r.fault.file[:14]}: {came}", flush=True)
    assert list(came.values()).count("exact") in (1, 2), (r, came)
    assert "wrong" not in came.values(), (r, came)


def main():
    cases = [("of another version, of another suite", alien),
             ("a file that the medium does not give back", unreadable)]
    print(f"# SEED={SEED}", flush=True)
    for kind in "flip", "other":
        cases += [(f"{kind}, {i + 1} of {PARTS}",
                   functools.partial(damage, kind, i)) for i in range(PARTS)]
    run_cases(cases, leaks=False)


main()
