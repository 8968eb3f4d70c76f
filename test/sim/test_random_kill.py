#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments: of creates, deletes and recovers, with the
watchdog, without it, or of the watchdog first.

    KILLS=100   how many      SEED=1   which moments (both are printed)

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

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 4
WATCHDOG = "xensnap-watch"
DISKS = ("vg0/root", "thin0/logs", "vg1/data")


def seconds_of(host, *args):
    """How long a run takes that nobody kills."""
    begin = time.monotonic()
    result = host.run(*args)
    assert result.status == 0, result
    return time.monotonic() - begin


def kill_randomly(host, rng, seconds, *args):
    """Start @args and kill it, and perhaps its watchdog, at some moment; was
    it killed before it ended?"""
    p = host.start(*args)
    time.sleep(rng.uniform(0, 1.1 * seconds))
    # By its name: at its end, a sanitizer has a child that must not be killed.
    dogs = [pid for pid in host.watchdogs(p) if name_of(pid) == WATCHDOG]
    order = rng.choice(("main", "main", "both", "dog first", "dog only"))
    if order in ("dog first", "dog only", "both"):
        for pid in dogs:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    if order == "dog first":
        time.sleep(rng.uniform(0, 0.02))
    if order != "dog only":
        p.kill()
    result = host.finish(p)
    host.wait_for_orphans()
    assert result.status in (0, 1, -signal.SIGKILL), (order, result)
    if order == "main" and args[0] == "create":
        # Nobody has recovered yet: the watchdog alone did this.
        check_running(host, "web1")
        assert not list((host.world / "held").iterdir()), (order, result)
    return result.status == -signal.SIGKILL


def batch(number):
    """One host, and its share of the kills."""
    rng = random.Random(SEED * 1000 + number)
    killed = 0
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("slow", "1")
        create = seconds_of(host, "create", "web1@x")
        delete = seconds_of(host, "delete", "web1@x")
        for _ in range(KILLS // BATCHES):
            mode = rng.choice(("--live", "--stop"))
            there = set(host.run("list", "--names").out.split())
            if there and rng.random() < 0.5:
                killed += kill_randomly(host, rng, delete, "delete", *there)
            elif there:
                assert host.run("delete", *there).status == 0
                killed += kill_randomly(host, rng, create, "create", "web1@x",
                                        mode)
            else:
                killed += kill_randomly(host, rng, create, "create", "web1@x",
                                        mode)
            if rng.random() < 0.3:
                kill_randomly(host, rng, delete, "recover")
            result = host.run("recover")
            assert result.status == 0, result
            check_all(host, host.run("list", "--names").out.split())
            check_nothing_to_recover(host)
    # A test that never hits anything proves nothing.
    assert killed > KILLS // BATCHES // 4, f"only {killed} were hit"


print(f"# KILLS={KILLS} SEED={SEED}")
run_cases([(f"batch {i} of seed {SEED}", functools.partial(batch, i))
           for i in range(BATCHES)])
