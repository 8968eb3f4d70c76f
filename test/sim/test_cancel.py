#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C at every place: the domain runs and nothing is left behind, or it
was too late and the snapshot is whole."""
import functools
import os
import signal

from simcheck import check_all, check_nothing_to_recover, run_cases
from simhost import Host, wait_until

DISKS = ("vg0/root", "thin0/logs", "vg0/data")


def interrupted(host, place, sig, *args):
    """Run @args and send @sig at @place."""
    p = host.stopped_at(place, *args)
    assert p, f"{place} was not reached"
    p.send_signal(sig)
    p.send_signal(signal.SIGCONT)
    return host.finish(p)


def create(place, sig, *args):
    """One create, stopped at @place."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = interrupted(host, place, sig, "create", "web1@x", *args)
        if result.status == 0:
            check_all(host, {"web1@x"})
            # Only when everything had been made may it be too late.
            assert place.startswith(("journal.commit", "commit.")), \
                f"was not heard at {place}"
        else:
            assert result.status == 1, result
            errors = result.error_lines()
            assert any("stopped on request" in e or "cancelled" in e
                       for e in errors), result
            assert "the domain runs, nothing was kept" in result.err, result
            check_all(host, set())
        check_nothing_to_recover(host)
        # And then it can be done after all.
        name = "web1@y"
        assert host.run("create", name).status == 0


def twice():
    """A second Ctrl-C does not hurry what must be done in order."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        for _ in range(3):
            p.send_signal(signal.SIGINT)
        p.send_signal(signal.SIGTERM)
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 1, result
        check_all(host, set())


def whole_group():
    """A terminal sends it to the watchdog too, which must not heed it."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.viewed", "create", "web1@x")
        for pid in host.watchdogs(p):
            for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                        signal.SIGQUIT):
                os.kill(pid, sig)
        host.kill(p)
        assert host.state("web1") == "running"
        assert host.run("recover").status == 0
        check_all(host, set())


def guest_does_not_answer():
    """Ctrl-C while the guest is waited for."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("no-answer", "20000")
        p = host.start("create", "web1@x")
        request = host.world / "domains" / "web1" / "request"
        wait_until("the request", request.exists)
        p.send_signal(signal.SIGINT)
        result = host.finish(p, 10)
        assert result.status == 1, result
        host.mend()
        check_all(host, set())
        check_nothing_to_recover(host)


def export():
    """An export that is stopped leaves no folder, and no stopped view."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        result = interrupted(host, "export.disk", signal.SIGINT, "export",
                             "web1@x", "out")
        assert result.status == 1, result
        assert not (host.dir / "out").exists()
        (host.dir / "out").mkdir()
        result = interrupted(host, "export.disk#2", signal.SIGTERM, "export",
                             "web1@x", "out")
        assert result.status == 1, result
        assert not list((host.dir / "out").iterdir())
        check_all(host, {"web1@x"})


def delete_several():
    """What was begun is finished, the rest is left and counted."""
    with Host() as host:
        host.domain("web1", DISKS)
        for name in "abc":
            assert host.run("create", f"web1@{name}").status == 0
        result = interrupted(host, "delete.view", signal.SIGINT, "delete",
                             "web1@a", "web1@b", "web1@c")
        assert result.status == 1, result
        assert "1 of 3 were deleted" in result.err, result
        check_all(host, {"web1@b", "web1@c"})


def main():
    """Which places there are is asked of the program."""
    with Host() as host:
        host.domain("web1", DISKS)
        places = host.trace("create", "web1@x")
    cases = []
    for i, place in enumerate(places):
        sig = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[i % 3]
        cases.append((f"{sig.name} at {place}",
                      functools.partial(create, place, sig)))
    for place in ("instant.begin", "instant.saved"):
        cases.append((f"SIGINT at {place} of --stop", functools.partial(
            create, place, signal.SIGINT, "--stop")))
    cases += [
        ("several signals", twice),
        ("a signal to the watchdog", whole_group),
        ("SIGINT while the guest does not answer", guest_does_not_answer),
        ("SIGINT to an export", export),
        ("SIGINT to a delete of several", delete_several),
    ]
    run_cases(cases)


main()
