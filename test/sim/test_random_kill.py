#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments: of creates, deletes and recovers, with the
watchdog, without it, or of the watchdog first.

    KILLS=100   how many shall hit      SEED=1   which moments

Each kill is followed by a recover (that may be killed as well) and by all that
must hold then.  The moments are real time, so a seed does not repeat a run to
the letter, but it repeats what is killed in which order.
"""
import functools
import os
import random
import signal
import time

from simcheck import (check_all, check_nothing_to_recover, check_running,
                      run_cases)
from simhost import Host, name_of

KILLS = int(os.environ.get("KILLS", "100" if os.environ.get("LONG") else "40"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 4
TRIES = 6  # for each kill that is to hit
WATCHDOG = "xensnap-watch"
DISKS = ("vg0/root", "thin0/logs", "vg1/data")


def kill_watchdog(p, host):
    """By its name: at its end, a sanitizer has a child that must not be
    killed."""
    for pid in host.watchdogs(p):
        if name_of(pid) != WATCHDOG:
            continue
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Killer:
    """Kills runs of one verb; learns how long they take."""

    def __init__(self, host, rng):
        self.host = host
        self.rng = rng
        self.seconds = {"create": 0.1, "delete": 0.05, "recover": 0.05}

    def kill(self, *args):
        """Start @args and kill it, and perhaps its watchdog, at some moment;
        was it killed before it ended?"""
        verb = args[0]
        p = self.host.start(*args)
        time.sleep(self.rng.uniform(0, self.seconds[verb]))
        order = self.rng.choice(("main", "main", "both", "dog first",
                                 "dog only"))
        if order in ("dog first", "dog only", "both"):
            kill_watchdog(p, self.host)
        if order == "dog first":
            time.sleep(self.rng.uniform(0, 0.02))
        if order != "dog only":
            p.kill()
        result = self.host.finish(p)
        self.host.wait_for_orphans()
        hit = result.status == -signal.SIGKILL
        assert hit or result.status in (0, 1), (order, result)
        if order != "dog only":
            self.seconds[verb] *= 1.1 if hit else 0.8
        if order == "main" and verb == "create":
            # Nobody has recovered yet: the watchdog alone did this.
            check_running(self.host, "web1")
            held = list((self.host.world / "held").iterdir())
            assert not held, (order, result)
        return hit


def kept(host):
    """The snapshots that `list` tells of."""
    return host.run("list", "--names").out.split()


def batch(number):
    """One host, and its share of the kills."""
    rng = random.Random(SEED * 1000 + number)
    hits = 0
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("slow", "1")
        killer = Killer(host, rng)
        for _ in range(KILLS // BATCHES * TRIES):
            there = kept(host)
            if there and rng.random() < 0.5:
                hits += killer.kill("delete", *there)
            else:
                if there:
                    assert host.run("delete", *there).status == 0
                hits += killer.kill("create", "web1@x", rng.choice(
                    ("--live", "--stop")))
            if rng.random() < 0.3:
                hits += killer.kill("recover")
            result = host.run("recover")
            assert result.status == 0, result
            check_all(host, kept(host))
            check_nothing_to_recover(host)
            if hits >= KILLS // BATCHES:
                return
    raise AssertionError(f"only {hits} hit: what does this prove?")


print(f"# KILLS={KILLS} SEED={SEED}")
run_cases([(f"{KILLS // BATCHES} random kills, batch {i} of seed {SEED}",
            functools.partial(batch, i)) for i in range(BATCHES)],
          leaks=False)
