#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments of revert, clone, the deletion of a clone, and the
recover that follows: the domain is as before or at the snapshot, a clone is
there or it is not.

    KILLS=100   how many shall hit      SEED=1   which moments

As in test_random_kill.py a seed repeats what is killed in which order, but not
the moments to the letter.
"""
import functools
import os
import random
import signal
import time

from simcheck import check_all, check_nothing_to_recover, run_cases
from simhost import Host
from test_clone import clones, goes_on, nothing_of, now_of
from test_revert import DISKS, kept

KILLS = int(os.environ.get("KILLS", "100" if os.environ.get("LONG") else "20"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 2
TRIES = 6  # for each kill that is to hit


class Killer:
    """Kills runs of one verb; learns how long they take."""

    def __init__(self, host, rng):
        self.host = host
        self.rng = rng
        self.seconds = {}

    def kill(self, *args):
        """Start @args and kill it at some moment; was it before it ended?"""
        verb = args[0]
        seconds = self.seconds.setdefault(verb, 0.2)
        p = self.host.start(*args)
        time.sleep(self.rng.uniform(0, seconds))
        p.kill()
        result = self.host.finish(p)
        self.host.wait_for_orphans()
        hit = result.status == -signal.SIGKILL
        assert hit or result.status == 0, result
        self.seconds[verb] *= 1.1 if hit else 0.8
        return hit


def recovered(host):
    """recover puts it right, whatever it was."""
    result = host.run("recover")
    assert result.status == 0, result
    check_nothing_to_recover(host)
    return result.out


def revert(killer, name):
    """Back to @name, killed; and where is it now?"""
    host = killer.host
    was = now_of(host, "web1")
    hits = killer.kill("revert", f"web1@{name}", "--no-keep")
    if killer.rng.random() < 0.3:
        hits += killer.kill("recover")
    said = recovered(host)
    assert host.state("web1") == "running"
    total = now_of(host, "web1")
    assert total >= was or kept(host, name) <= total < kept(host, name) + 200, (
        name, was, total, said)
    return hits


def clone(killer):
    """A clone, killed; if it is there it goes, and that is killed as well."""
    host = killer.host
    hits = killer.kill("clone", "web1@a", "t")
    if killer.rng.random() < 0.3:
        hits += killer.kill("recover")
    recovered(host)
    if "t" in clones(host):
        goes_on(host, "t")
        host.set_state("t", "gone")
        hits += killer.kill("delete", "t")
        recovered(host)
        if "t" in clones(host):
            assert host.run("delete", "t").status == 0
    nothing_of(host, "t")
    return hits


def batch(number):
    """One host, and its share of the kills."""
    rng = random.Random(SEED * 1000 + number)
    hits = 0
    with Host() as host:
        host.domain("web1", DISKS)
        for name in "ab":
            assert host.run("create", f"web1@{name}").status == 0
            host.tick(40)
        host.fault("slow", "1")
        killer = Killer(host, rng)
        for _ in range(KILLS // BATCHES * TRIES):
            hits += clone(killer) if rng.random() < 0.5 else \
                revert(killer, rng.choice("ab"))
            check_all(host, {"web1@a", "web1@b"}, ["web1"])
            if hits >= KILLS // BATCHES:
                return
    raise AssertionError(f"only {hits} hit: what does this prove?")


print(f"# KILLS={KILLS} SEED={SEED}")
run_cases([(f"{KILLS // BATCHES} random kills, batch {i} of seed {SEED}",
            functools.partial(batch, i)) for i in range(BATCHES)],
          leaks=False)
