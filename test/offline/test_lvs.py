#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A domain that does not run, with simulated logical volumes as disks: those
that can be held and, since nobody writes, those that cannot; kill -9 of
xensnap, and of its watchdog, everywhere.
"""
import functools
import signal

from offline import config
from simcheck import check_all, check_nothing_to_recover, run_cases
from simhost import Host

DISKS = ("vg0/root", "vg0/data", "thin0/logs")


def new_host():
    """A host with the disks, and the words of a create."""
    host = Host()
    for disk in DISKS:
        host.disk(disk)
    file = config(host.dir / "web1.cfg", [
        f"phy:{host.world}/disks/{disk},xvd{chr(97 + i)},w"
        for i, disk in enumerate(DISKS)])
    return host, ("create", "web1@x", "--config", str(file))


def recover_and_check(host):
    """What was left is put right, once and for all; what is kept is whole."""
    host.wait_for_orphans()
    result = host.run("recover")
    assert result.status == 0, result
    check_all(host, set(host.run("list", "--names").out.split()))
    check_nothing_to_recover(host)


def whole():
    """create, export and delete."""
    host, words = new_host()
    with host:
        result = host.run(*words)
        assert result.status == 0, result
        check_all(host, {"web1@x"})
        result = host.run("export", "web1@x", "out")
        assert result.status == 0, result
        result = host.run("delete", "web1@x")
        assert result.status == 0, result
        check_all(host, set())


def kill_at(place):
    """The watchdog lives: nothing is held before anybody recovers."""
    host, words = new_host()
    with host:
        result = host.run(*words, XENSNAP_DIE_AT=place)
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        assert not list((host.world / "held").iterdir()), "still held"
        recover_and_check(host)


def kill_both_at(place):
    """The watchdog dies first: recover alone puts it right."""
    host, words = new_host()
    with host:
        p = host.stopped_at(place, *words)
        assert p, f"{place} was not reached"
        host.kill(p, watchdog=True)
        recover_and_check(host)


def fails(knob):
    """Something goes wrong: nothing is kept, nothing is held."""
    host, words = new_host()
    with host:
        host.fault(knob)
        result = host.run(*words)
        assert result.status == 1, result
        assert "nothing was kept" in result.err, result
        assert "the domain runs" not in result.err, result
        check_all(host, set())
        check_nothing_to_recover(host)


def main():
    """Which places there are is asked of the program."""
    host, words = new_host()
    with host:
        places = host.trace(*words)
    assert "journal.hold.after" in places and "view.inside" in places, places
    cases = [("create, export and delete", whole)]
    for knob in ("prepare.vg0-data", "hold.vg0-data", "view.vg0-data",
                 "view.thin0-logs", "view-half.vg0-root"):
        cases.append((f"create fails by {knob}",
                      functools.partial(fails, knob)))
    for place in places:
        cases += [(f"create dies at {place}",
                   functools.partial(kill_at, place)),
                  (f"create and its watchdog die at {place}",
                   functools.partial(kill_both_at, place))]
    run_cases(cases)


main()
