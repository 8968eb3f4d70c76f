#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong in the ways to take an instant that have steps of their
own: a domain that is paused for its disks, one that is ended and restored."""
import signal

from simcheck import (check_all, check_nothing_to_recover, one_line,
                      run_cases)
from simhost import Host

DISKS = ("vg0/root", "thin0/logs", "vg0/data")
UNDONE = "the domain runs, nothing was kept"


def pause_fails():
    """A domain that cannot be paused, or not unpaused: the latter is told,
    loudly, and recover does it."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("pause")
        result = host.run("create", "web1@x", "--disks-only")
        assert result.status == 1 and UNDONE in result.err, result
        host.mend()
        check_all(host, set())
        host.fault("unpause")
        result = host.run("create", "web1@x", "--disks-only")
        assert result.status == 1, result
        assert "MAY STAND STILL" in result.error_lines()[-1], result
        assert host.run("recover").status == 1
        host.mend()
        result = host.run("recover")
        assert "stood still and was resumed" in result.out, result
        check_all(host, set())
        check_nothing_to_recover(host)


def destroy_fails():
    """The old domain cannot be ended: it stands still, and that is told;
    recover ends it and restores it."""
    with Host() as host:
        host.domain("web1", DISKS)
        for knob in ("destroy", "restore"):
            host.fault(knob)
            result = host.run("create", "web1@x", "--rebuild")
            one_line(result, 1, "MAY BE GONE", "xensnap recover web1")
            result = host.run("recover")
            assert result.status == 1, result
            assert not host.run("list", "--names").out
            host.mend()
            result = host.run("recover")
            assert result.status == 0, result
            assert "was gone and was restored" in result.out, result
            check_all(host, set())
            check_nothing_to_recover(host)


def started_meanwhile():
    """Somebody boots the domain from its disks while it is away: it is left
    alone, and its memory is not resumed on disks that moved on."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("rebuild.destroyed", "create", "web1@x",
                            "--rebuild")
        host.kill(p, watchdog=True)
        config = host.world / "domains" / "web1" / "config"
        lines = config.read_text().splitlines()
        lines[:2] = ["domid=77", "uuid=11111111-2222-4333-8444-555555555555"]
        config.write_text("\n".join(lines) + "\n")
        host.set_state("web1", "running")
        host.tick(5)
        assert "undone" in host.run("recover").out
        check_all(host, set())
        assert "domid=77\n" in config.read_text()


def never_restored_twice():
    """Killed when the domain was there again; then it is shut down.  Its disks
    have moved on, so its memory must not come back."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1@x", "--rebuild",
                          XENSNAP_DIE_AT="rebuild.restored")
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        assert host.state("web1") == "running"
        host.tick(5)
        host.set_state("web1", "gone")
        assert "undone" in host.run("recover").out
        assert host.state("web1") == "gone"
        check_all(host, set(), domains=())


def paused_by_others():
    """Once it was unpaused, a pause is somebody's wish; so is an end."""
    for way, state in ("--disks-only", "paused"), ("--rebuild", "gone"):
        with Host() as host:
            host.domain("web1", DISKS)
            p = host.stopped_at("journal.commit.before", "create", "web1@x",
                                way)
            host.set_state("web1", state)
            host.kill(p)
            assert host.state("web1") == state
            assert host.run("recover").status == 0
            assert host.state("web1") == state
            check_all(host, set(), domains=())


run_cases([
    ("--rebuild: what was restored is not restored again",
     never_restored_twice),
    ("a pause or an end by somebody else", paused_by_others),
    ("--disks-only: neither paused nor unpaused", pause_fails),
    ("--rebuild: neither ended nor restored", destroy_fails),
    ("--rebuild: somebody else starts it", started_meanwhile),
])
