#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repository commands are killed before each of their system calls; each call
and each allocation fails, once and from then on; reads and writes are short.

A call is told by its number among those of all threads (faults.c).  The order
of threads differs from run to run: so does which call has that number, and how
many there are.  A first run tells how many; numbers up to somewhat more are
tried, and one that is not reached has to be a run like any other.

Every day some of them are tried, by chance; LONG=1 tries all.  Of what one
call does hundreds of times (256 folders of packs are listed), those in the
middle are thinned out.  SEED is what chance chooses by, TRIES how many of each
kind it chooses; an argument tries one command or kind alone.
"""
import collections
import contextlib
import datetime
import errno
import functools
import itertools
import os
import random
import subprocess

from callcommands import COMMANDS
from callworld import (ERRORS, OTHERS, Fault, Template, counted, try_fault,
                       why_not)
from simcheck import run_cases  # noqa: E402

LONG = "LONG" in os.environ
SEED = os.environ.get("SEED", str(datetime.date.today()))
DAILY = {"kill": 1, "error": 2, "memory": 1, "libraries": 0, "short": 1}
TRIES = os.environ.get("TRIES")
MANY = 60  # as many of one call are looked at one by one
EVERY = 16  # of the others, one in so many
MEMORY_MANY = 400
# A byte at a time takes long.
SHORT = ("backup", "restore in place", "prune")
ENOUGH = 50  # are wrong
# Behind every fourth failure it is tried whether all goes on well.
THOROUGH = 4


def thinned(n, many, every):
    """1 to @n, and some more that may be reached in another order."""
    numbers = range(1, n + 1 + max(1, n // 50))
    if n <= many:
        return list(numbers)
    return [i for i in numbers if i <= many // 2 or i > n - many // 2 or
            i % every == 0]


def kills(template):
    """All that can change something; LONG: all."""
    found = counted(template, "changes")
    points = [Fault("changes", at, "kill", False)
              for at in thinned(sum(found.values()), 200, 8)]
    if LONG:
        for name, n in counted(template, "all").items():
            points += [Fault(name, at, "kill", False)
                       for at in thinned(n, MANY, EVERY)]
    return points


def errors(template):
    """Each call, with all that it can fail with, once and for ever."""
    return [Fault(name, at, error, from_)
            for name, n in counted(template, "all").items()
            for at in thinned(n, MANY, EVERY)
            for error in ERRORS.get(name, OTHERS)
            for from_ in (False, True)
            # Nobody is interrupted for ever.
            if not (from_ and error == errno.EINTR)]


def memory(template):
    """Each allocation of the program's, once and for ever."""
    n = sum(counted(template, "own").values())
    return [Fault("own", at, errno.ENOMEM, from_)
            for at in thinned(n, MEMORY_MANY, EVERY)
            for from_ in (False, True)]


def libraries(template):
    """Those of the libraries too, once.  OpenSSL 3.0 does not survive all of
    them when it is used first: a death then is one like others."""
    n = sum(counted(template, "memory").values())
    return [Fault("memory", at, errno.ENOMEM, False)
            for at in thinned(n, MEMORY_MANY, EVERY)]


def shorts(_template):
    """Reads and writes of one byte; one of them, and all of them."""
    calls = "read,pread64,readv,write,pwrite64,writev"
    return [Fault(calls, 1, "short", True)]


KINDS = {"kill": kills, "error": errors, "memory": memory,
         "libraries": libraries, "short": shorts}


def chosen(command, kind, points):
    """All, or some: as many calls as there are, then of each some more."""
    if LONG:
        return points
    rng = random.Random(f"{SEED} {command.name} {kind}")
    rng.shuffle(points)
    by_call = collections.defaultdict(list)
    for point in points:
        by_call[point.calls].append(point)
    names = sorted(by_call)
    rng.shuffle(names)
    rounds = itertools.zip_longest(*(by_call[name] for name in names))
    some = [point for points in rounds for point in points if point]
    return some[:int(TRIES or DAILY[kind])]


def all_faults(template, kind):
    """Every one of them, or what was wrong behind some."""
    wrong, hits, n = [], 0, 0
    points = chosen(template.command, kind,
                    KINDS[kind](template))
    for n, fault in enumerate(points, 1):
        thorough = kind != "error" or n % THOROUGH == 0
        try:
            hit = try_fault(template, fault, thorough)
            hits += hit is not None
        except (AssertionError, subprocess.TimeoutExpired) as e:
            wrong.append(f"{fault}: {e}")
        if len(wrong) > ENOUGH:
            break
    print(f"# {template.command.name}: {kind}: {n} tried, {hits} hit, "
          f"{len(wrong)} wrong", flush=True)
    assert not wrong, "\n".join(wrong)


def is_tried(name, kind):
    """Today?"""
    if kind == "short":
        return LONG or name in SHORT
    return LONG or TRIES or DAILY[kind]


def main():
    """One case for each kind of each command."""
    why = why_not()
    if why:
        print(f"1..0 # SKIP {why}")
        return
    print(f"# SEED={SEED}", flush=True)
    with contextlib.ExitStack() as stack:
        templates = [stack.enter_context(Template(command))
                     for command in COMMANDS]
        run_cases([(f"{t.command.name}: {kind}",
                    functools.partial(all_faults, t, kind))
                   for t in templates for kind in KINDS
                   if is_tried(t.command.name, kind)])


main()
