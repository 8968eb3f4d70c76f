#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of xensnap at every place that has a name: at every line of the
journal, before and after it, and between the steps of the instant.

Each place four times: the watchdog lives; the watchdog dies as well; the
watchdog alone dies; recover, which puts it right, is itself killed at each of
its places.  Afterwards the domain runs, and there is either a whole snapshot
or nothing; a second recover finds nothing to do (inv. 5, 9, 11).
"""
import functools
import os
import signal

from simcheck import (check_all, check_nothing_to_recover, check_running,
                      run_cases)
from simhost import Host, wait_until

DISKS = ("vg0/root", "vg0/data", "thin0/logs")


HELD = ("vg0/root", "vg0/data")
ONLY = "--disks-only"
STILL = (ONLY, "-v")  # with a disk that cannot wait for the others
REBUILD = "--rebuild"


def new_host(*args):
    """A host with the domain that all of this happens to."""
    host = Host()
    held = ONLY in args and args != STILL
    host.domain("web1", HELD if held else DISKS)
    return host


def kept(host):
    """The snapshots that `list` tells of."""
    return set(host.run("list", "--names").out.split())


def recover_and_check(host):
    """What was left is put right, once and for all; what is kept is whole."""
    result = host.run("recover")
    assert result.status == 0, result
    check_all(host, kept(host))
    check_nothing_to_recover(host)
    return result


def places_of(*args):
    """The places that a create comes to, and those of a recover after it."""
    with new_host(*args) as host:
        return host.trace("create", "web1@x", *args)


def kill_at(place, *args):
    """The watchdog lives: the domain runs before anybody recovers."""
    with new_host(*args) as host:
        result = host.run("create", "web1@x", *args, XENSNAP_DIE_AT=place)
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        check_running(host, "web1")
        assert not list((host.world / "held").iterdir()), "still held"
        recover_and_check(host)


def kill_both_at(place, *args):
    """The watchdog dies first: recover alone puts it right."""
    with new_host(*args) as host:
        p = host.stopped_at(place, "create", "web1@x", *args)
        assert p, f"{place} was not reached"
        host.kill(p, watchdog=True)
        recover_and_check(host)


def kill_watchdog_at(place, *args):
    """Without its watchdog xensnap goes on or gives up, in good order."""
    with new_host(*args) as host:
        p = host.stopped_at(place, "create", "web1@x", *args)
        assert p, f"{place} was not reached"
        for pid in host.watchdogs(p):
            os.kill(pid, signal.SIGKILL)
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status in (0, 1), result
        if result.status == 1:
            assert "watchdog" in result.err, result
        check_all(host, {"web1@x"} if result.status == 0 else set())
        check_nothing_to_recover(host)


def kill_while_asked(watchdog):
    """The guest has seen the request and stops later than xensnap dies: who
    puts it right has to wait for that."""
    with new_host() as host:
        host.fault("late", "400")
        host.fault("no-answer", "60000")
        p = host.start("create", "web1@x")
        request = host.world / "domains" / "web1" / "request"
        wait_until("the request", request.exists)
        host.kill(p, watchdog=not watchdog)
        if watchdog:
            check_running(host, "web1")
        host.mend()
        recover_and_check(host)


def kill_undo(knob):
    """create fails, and dies while it takes everything back."""
    with new_host() as host:
        host.fault(knob)
        places = [p for p in host.trace("create", "web1@x", status=1)
                  if "undo" in p]
        assert places[:3] == ["journal.undo.before", "journal.undo.after",
                              "undo.view"], places
        for place in places:
            for watchdog in (False, True):
                p = host.stopped_at(place, "create", "web1@x")
                host.kill(p, watchdog=watchdog)
                recover_and_check(host)
                assert not kept(host)


def kill_undo_of_commit():
    """The same with the record written already: it says that all is there,
    and does not count any more."""
    with new_host() as host:
        p = host.stopped_at("commit.record", "create", "web1@x")
        in_its_way = host.root / "web1" / "x"
        in_its_way.mkdir()
        # The variable was for the first stop; the second is played by a view
        # that waits, and a kill while it does.
        host.fault("slow", "300")
        p.send_signal(signal.SIGCONT)
        journal = host.root / "web1" / ".x.partial" / "journal"
        wait_until("the undoing", lambda: "undo" in journal.read_text())
        host.kill(p, watchdog=True)
        host.mend()
        in_its_way.rmdir()
        assert (journal.parent / "snapshot.json").exists()
        result = recover_and_check(host)
        assert "undone" in result.out, result
        assert not kept(host)


def kill_recover(place, *args):
    """recover is killed at each of its places, then runs again."""
    with new_host(*args) as host:
        leave = functools.partial(leave_behind, host, place, *args)
        leave()
        places = host.trace("recover")
        assert places
        for place_in_recover in places:
            if kept(host):
                assert host.run("delete", *kept(host)).status == 0
            leave()
            result = host.run("recover", XENSNAP_DIE_AT=place_in_recover)
            assert result.status == -signal.SIGKILL, result
            recover_and_check(host)


def leave_behind(host, place, *args):
    """A create that died with its watchdog."""
    p = host.stopped_at(place, "create", "web1@x", *args)
    host.kill(p, watchdog=True)


def kill_delete():
    """delete is killed at each of its places; recover finishes it."""
    with new_host() as host:
        assert host.run("create", "web1@x").status == 0
        places = host.trace("delete", "web1@x")
        assert "delete.renamed" in places and "delete.views" in places
        for place in places:
            assert host.run("create", "web1@x").status == 0
            assert host.run("create", "web1@keep").status == 0
            result = host.run("delete", "web1@x", XENSNAP_DIE_AT=place)
            assert result.status == -signal.SIGKILL, result
            recover_and_check(host)
            assert kept(host) == {"web1@keep"}
            assert host.run("delete", "web1@keep").status == 0
        check_all(host, set())


def kill_delete_and_recover():
    """Both delete and the recover after it are killed."""
    with new_host() as host:
        for place in ("delete.view", "delete.view#2", "delete.views"):
            assert host.run("create", "web1@x").status == 0
            host.run("delete", "web1@x", XENSNAP_DIE_AT="delete.renamed")
            result = host.run("recover", XENSNAP_DIE_AT=place)
            assert result.status == -signal.SIGKILL, result
            recover_and_check(host)
            assert kept(host) == set()


def kill_export():
    """An export that dies harms no snapshot, and does not block it."""
    with new_host() as host:
        assert host.run("create", "web1@x").status == 0
        result = host.run("export", "web1@x", "out",
                          XENSNAP_DIE_AT="export.disk#2")
        assert result.status == -signal.SIGKILL, result
        recover_and_check(host)
        assert host.run("export", "web1@x", "out2").status == 0
        assert host.run("delete", "web1@x").status == 0
        check_all(host, set())


def main():
    """Which places there are is asked of the program."""
    live, stop, only = places_of(), places_of("--stop"), places_of(ONLY)
    assert "journal.hold.after" in only and "instant.held" in only, only
    cases = []
    for place in live:
        cases += [
            (f"create dies at {place}",
             functools.partial(kill_at, place)),
            (f"create and its watchdog die at {place}",
             functools.partial(kill_both_at, place)),
            (f"the watchdog dies at {place}",
             functools.partial(kill_watchdog_at, place)),
        ]
    for place in stop:
        if place.startswith(("instant", "journal.instant", "view.inside")):
            cases.append((f"create --stop dies at {place}",
                          functools.partial(kill_both_at, place, "--stop")))
    for place in only:
        for what, function in (("dies", kill_at),
                               ("and its watchdog die", kill_both_at)):
            cases.append((f"create {ONLY} {what} at {place}",
                          functools.partial(function, place, ONLY)))
    still = places_of(*STILL)
    assert {"still.paused", "still.frozen", "still.unpaused"} < set(still)
    for place in still:
        if "still" not in place and "pause" not in place:
            continue
        for what, function in (("dies", kill_at),
                               ("and its watchdog die", kill_both_at)):
            cases.append((f"create {ONLY}, paused, {what} at {place}",
                          functools.partial(function, place, *STILL)))
    cases.append(("recover dies after create died with the domain paused",
                  functools.partial(kill_recover, "still.paused", *STILL)))
    rebuild = places_of(REBUILD)
    assert {"journal.rebuild.after", "rebuild.destroyed",
            "rebuild.restored"} < set(rebuild), rebuild
    for place in rebuild:
        if "rebuild" not in place and place not in ("instant.viewed",
                                                    "view.after"):
            continue
        for what, function in (("dies", kill_at),
                               ("and its watchdog die", kill_both_at)):
            cases.append((f"create {REBUILD} {what} at {place}",
                          functools.partial(function, place, REBUILD)))
    for place in ("journal.rebuild.after", "rebuild.destroyed"):
        cases.append((f"recover dies after create {REBUILD} died at {place}",
                      functools.partial(kill_recover, place, REBUILD)))
    for place in ("journal.view.after#2", "instant.held", "view.after",
                  "journal.commit.after", "commit.record"):
        cases.append((f"recover dies after create died at {place}",
                      functools.partial(kill_recover, place)))
    for knob in ("view.vg0-data", "save-middle"):
        cases.append((f"create fails by {knob} and dies undoing that",
                      functools.partial(kill_undo, knob)))
    cases += [("create fails to commit and dies undoing that",
               kill_undo_of_commit),
              ("create dies while the guest makes up its mind",
               functools.partial(kill_while_asked, True)),
              ("create and its watchdog die while it does",
               functools.partial(kill_while_asked, False)),
              ("delete dies", kill_delete),
              ("delete and recover die", kill_delete_and_recover),
              ("export dies", kill_export)]
    run_cases(cases, leaks=False)


main()
