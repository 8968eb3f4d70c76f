#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments of `revert` and of `clone`, each second time of the
watchdog too.  After recover the domain is before or at the snapshot, by its own
counters in memory and on its disks; a clone is there, whole, or nothing of it.

    KILLS=100   how many shall hit, of each      SEED=1   which moments

The moments are real time: a seed does not repeat a run to the letter.
"""
import collections
import functools
import os
import random
import signal
import time

import test_clone
import test_revert
from simcheck import run_cases
from simhost import Host

KILLS = int(os.environ.get("KILLS", "100" if os.environ.get("LONG") else "8"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 4
TRIES = 6  # for each kill that is to hit


def revert(host, killed):
    """One, and what became of it."""
    test_revert.ready(host, "a")
    was = test_revert.now_of(host)
    killed("revert", "web1@a")
    return test_revert.one_of_both(host, was)


def clone(host, killed):
    """Likewise."""
    test_clone.ready(host)
    killed("clone", "web1@a", "t")
    # What the simulated storage was about to rename.
    for path in host.world.rglob("*.new"):
        path.unlink()
    return "there" if test_clone.whole_or_nothing(host, "t") else "nothing"


class Moments:
    """Kills; learns how long it takes when nobody does: three of five hit."""

    def __init__(self, rng):
        self.rng, self.seconds, self.hit = rng, 1.0, 0

    def kill(self, host, *words):
        """At one of them."""
        p = host.start(*words)
        time.sleep(self.rng.uniform(0, self.seconds))
        if host.kill(p, watchdog=self.hit % 2 == 1).status == -signal.SIGKILL:
            self.hit += 1
            self.seconds *= 1.15
        else:
            self.seconds *= 0.8


def moments(what, batch):
    """So many were hit, and both states were seen often enough to tell."""
    m = Moments(random.Random(SEED * 1000 + batch))
    seen = collections.Counter()
    for _ in range(TRIES * KILLS):
        if m.hit == KILLS // BATCHES:
            break
        hit = m.hit
        with Host() as host:
            state = what(host, functools.partial(m.kill, host))
        seen[state] += m.hit - hit
    assert m.hit == KILLS // BATCHES, (m.hit, m.seconds)
    if m.hit >= 20:
        assert len(seen) == 2, seen


def main():
    """All of them."""
    run_cases([(f"{KILLS // BATCHES} times of {what.__name__}, {batch}",
                functools.partial(moments, what, batch))
               for what in (revert, clone) for batch in range(BATCHES)])


if __name__ == "__main__":
    main()
