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

import test_clone
import test_revert
from moments import Moments
from simcheck import run_cases
from simhost import Host

KILLS = int(os.environ.get("KILLS", "100" if os.environ.get("LONG") else "8"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 4


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


def kill(m, host, *words):
    """At one of the moments."""
    p = host.start(*words)
    m.wait()
    status = host.kill(p, watchdog=m.hit % 2 == 1).status
    m.ended(status == -signal.SIGKILL)


def moments(what, batch):
    """So many were hit, and both states were seen often enough to tell."""
    m = Moments(random.Random(SEED * 1000 + batch), KILLS // BATCHES)
    seen = collections.Counter()
    for _ in m.tries():
        hit = m.hit
        with Host() as host:
            state = what(host, functools.partial(kill, m, host))
        seen[state] += m.hit - hit
    if m.hit >= 20:
        assert len(seen) == 2, seen


def main():
    """All of them."""
    run_cases([(f"{KILLS // BATCHES} times of {what.__name__}, {batch}",
                functools.partial(moments, what, batch))
               for what in (revert, clone) for batch in range(BATCHES)])


if __name__ == "__main__":
    main()
