#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""create --disks-only --quiesce: a guest with an agent, with a kernel that can
be told to sync, with neither; one whose agent fails, is silent or thaws too
early; and that a guest is never left frozen (inv. 16)."""
import functools
import json
import os
import signal

from simcheck import (check_all, check_nothing_to_recover, check_running,
                      read_head, run_cases)
from simhost import PAGE, Host, wait_until

HELD = ("vg0/root", "vg0/data")
STILL = ("vg0/root", "thin0/logs", "thin0/data")  # the domain is paused
ARGS = ("create", "web1@x", "--disks-only", "--quiesce")
UNDONE = "the domain runs, nothing was kept"
AS_EVER = "the views are as after a power cut"


def new_host(disks=HELD, agent=True, sysrq=False):
    """A host with a guest that offers this or that."""
    host = Host()
    host.domain("web1", disks)
    if agent:
        host.guest_says("web1", "data/xensnap/quiesce", "1")
    if sysrq:
        host.guest_says("web1", "control/feature-sysrq", "1")
    return host


def reached(host, result, what, status=0):
    """It is told, kept and shown."""
    assert result.status == status, result
    assert json.loads(result.out)["quiesced"] == what, result.out
    record = host.root / "web1" / "x" / "snapshot.json"
    assert json.loads(record.read_text())["quiesced"] == what
    words = {"frozen": "written out and frozen", "sync": "told to sync",
             "none": "as after a power cut"}
    assert words[what] in host.run("show", "web1@x").out
    if status == 3:
        warning, = [line for line in result.err.splitlines()
                    if "warning" in line]
        assert AS_EVER in warning, result
    thawed(host)
    check_all(host, {"web1@x"})


def thawed(host):
    """Nothing is asked of the guest, and it writes again."""
    assert host.asked("web1") is None
    check_running(host, "web1")
    assert not host.frozen("web1")


def acknowledged(host):
    """The numbers of the newest records that are on the guest's disks."""
    memory = host.world / "domains" / "web1" / "memory"
    _, disks = read_head(memory.read_bytes()[:PAGE])
    assert all(issued == acked for issued, acked in disks), disks
    return [acked for _, acked in disks]


def newest(view):
    """The newest record in a view."""
    data = view.read_bytes()
    return max(int.from_bytes(data[at + 8:at + 16], "little")
               for at in range(0, 8 * 4 * PAGE, 4 * PAGE))


def frozen(disks):
    """Nothing is written between "frozen" and the hold, all is after it."""
    with new_host(disks) as host:
        p = host.stopped_at("quiesce.done", *ARGS, "--json")
        assert p and host.frozen("web1")
        assert host.asked("web1").startswith("freeze ")
        before = acknowledged(host)
        host.tick(5)
        assert acknowledged(host) == before
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert "has frozen its file systems" in result.err, result
        reached(host, result, "frozen")
        views = [host.world / "views" / os.path.basename(d["view"])
                 for d in json.loads(result.out)["disks"]]
        assert [newest(v) for v in views] == before
        assert min(acknowledged(host)) > max(before)


def sync():
    """Without an agent the kernel is told to sync, and given its time."""
    with new_host(agent=False, sysrq=True) as host:
        result = host.run(*ARGS, "--json")
        assert "was told to sync" in result.err, result
        assert host.guest_said("web1", "control/sysrq") == ""
        reached(host, result, "sync")


def kernel_is_silent():
    """It offers to sync and does not hear: the key is taken back."""
    with new_host(agent=False, sysrq=True) as host:
        host.fault("kernel-silent")
        result = host.run(*ARGS, "--json", "--quiesce-timeout", "1")
        assert "did not hear" in result.err, result
        assert host.guest_said("web1", "control/sysrq") == ""
        host.mend()
        reached(host, result, "none", 3)


def neither():
    """A guest that offers nothing."""
    with new_host(agent=False) as host:
        result = host.run(*ARGS, "--json")
        assert "neither an agent" in result.err, result
        reached(host, result, "none", 3)


def not_running():
    """A paused domain is not asked, and stays paused."""
    with new_host() as host:
        host.set_state("web1", "paused")
        result = host.run(*ARGS, "--json")
        assert "web1 is paused" in result.err, result
        assert host.state("web1") == "paused"
        host.set_state("web1", "running")
        reached(host, result, "none", 3)


def fails(knob, word):
    """The agent says that it could not, or nothing; or it cannot be asked."""
    with new_host() as host:
        host.fault(knob, 1 if knob == "ask-agent" else "")
        result = host.run(*ARGS, "--json", "--quiesce-timeout", "1")
        assert word in result.err, result
        host.mend()
        reached(host, result, "none", 3)


def too_early(disks):
    """It freezes, and thaws before the disks are held: that is seen."""
    with new_host(disks) as host:
        host.fault("agent-ttl", "0")
        result = host.run(*ARGS, "--json")
        assert "did not keep its file systems frozen" in result.err, result
        host.mend()
        reached(host, result, "none", 3)


def not_told_to_thaw():
    """The guest is asked and cannot be told: it thaws by itself."""
    with new_host() as host:
        host.fault("agent-ttl", "300")
        p = host.stopped_at("quiesce.done", *ARGS)
        host.fault("ask-agent")
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 3, result
        assert "does so by itself" in result.err, result
        host.mend()
        (host.world / "domains/web1/store/control/xensnap/quiesce").unlink()
        wait_until("the guest", lambda: host.tick() or not host.frozen("web1"))
        check_all(host, {"web1@x"})


def create_fails(knob, disks):
    """A hold or a view that fails: the guest thaws."""
    with new_host(disks) as host:
        host.fault(knob)
        result = host.run(*ARGS)
        assert result.status == 1 and UNDONE in result.err, result
        host.mend()
        thawed(host)
        check_all(host, set())


def cancelled(agent, place):
    """Ctrl-C while the guest is waited for, and at each place of ours."""
    with new_host(agent=agent, sysrq=True) as host:
        if place:
            p = host.stopped_at(place, *ARGS)
            p.send_signal(signal.SIGINT)
            p.send_signal(signal.SIGCONT)
        else:
            host.fault("agent-silent" if agent else "kernel-silent")
            p = host.start(*ARGS, "--quiesce-timeout", "60")
            wait_until("the request", lambda: host.asked("web1") or
                       host.guest_said("web1", "control/sysrq"))
            p.send_signal(signal.SIGINT)
        result = host.finish(p, 30)
        assert result.status == 1 and UNDONE in result.err, result
        host.mend()
        assert host.guest_said("web1", "control/sysrq") in (None, "")
        thawed(host)
        check_all(host, set())
        check_nothing_to_recover(host)


def killed(place, disks, watchdog):
    """kill -9: the watchdog takes the request back, or recover does."""
    with new_host(disks) as host:
        p = host.stopped_at(place, *ARGS)
        assert p, f"{place} was not reached"
        host.kill(p, watchdog=not watchdog)
        if watchdog:
            thawed(host)
        assert host.run("recover").status == 0
        thawed(host)
        check_all(host, set())
        check_nothing_to_recover(host)


def admin_pauses(watchdog):
    """Somebody pauses the domain while its guest is asked, and create dies:
    that is no pause of ours."""
    with new_host(STILL) as host:
        p = host.stopped_at("quiesce.done", *ARGS)
        host.set_state("web1", "paused")
        host.kill(p, watchdog=not watchdog)
        assert host.run("recover").status == 0
        assert host.state("web1") == "paused"
        assert host.asked("web1") is None
        host.set_state("web1", "running")
        thawed(host)
        check_all(host, set())


def thaws_alone():
    """Nobody takes the request back: the guest's own clock ends it, and the
    old request is not obeyed again."""
    with new_host() as host:
        host.fault("agent-ttl", "500")
        p = host.stopped_at("quiesce.done", *ARGS)
        host.kill(p, watchdog=True)
        assert host.asked("web1") and host.frozen("web1")
        wait_until("the guest", lambda: host.tick() or not host.frozen("web1"))
        host.tick(3)
        assert host.asked("web1") and not host.frozen("web1")
        host.mend()
        assert host.run("recover").status == 0
        thawed(host)
        # And a new one is.
        reached(host, host.run(*ARGS, "--json"), "frozen")


def usage():
    """Only for the disks alone, and for some seconds."""
    with new_host() as host:
        for word, args in (
                ("--disks-only", ("--quiesce",)),
                ("--disks-only", ("--stop", "--quiesce")),
                ("--disks-only", ("--rebuild", "--quiesce")),
                ("does not run", ("--config", "/x", "--quiesce")),
                ("needs --quiesce", ("--disks-only", "--quiesce-timeout=5")),
                ("1 to 60", ("--disks-only", "--quiesce",
                             "--quiesce-timeout=0")),
                ("1 to 60", ("--disks-only", "--quiesce",
                             "--quiesce-timeout=61")),
                ("1 to 60", ("--disks-only", "--quiesce",
                             "--quiesce-timeout=5s"))):
            result = host.run("create", "web1@x", *args)
            assert result.status == 2 and word in result.err, result
        assert host.run(*ARGS, "--dry-run").status == 0
        assert host.asked("web1") is None
        # Who does not ask for it is not told of it, and asks nothing.
        result = host.run("create", "web1@y", "--disks-only", "--json")
        assert "quiesced" not in json.loads(result.out)
        check_all(host, {"web1@y"})


def main():
    """Which places there are is asked of the program."""
    cases = [
        ("the guest is frozen", functools.partial(frozen, HELD)),
        ("the guest is frozen, then paused",
         functools.partial(frozen, STILL)),
        ("the guest is told to sync", sync),
        ("a kernel that does not hear", kernel_is_silent),
        ("a guest that offers nothing", neither),
        ("a domain that is paused", not_running),
        ("an agent that fails", functools.partial(
            fails, "agent-fails", "/mnt is odd")),
        ("an agent that is silent", functools.partial(
            fails, "agent-silent", "did not answer within 1 s")),
        ("an agent that cannot be asked", functools.partial(
            fails, "ask-agent", "cannot ask")),
        ("an agent that cannot be heard", functools.partial(
            fails, "guest-says", "cannot read")),
        ("an agent that thaws too early", functools.partial(too_early, HELD)),
        ("an agent that thaws too early, then paused",
         functools.partial(too_early, STILL)),
        ("an agent that cannot be told to thaw", not_told_to_thaw),
        ("an agent that nobody tells to thaw", thaws_alone),
        ("a hold that fails", functools.partial(
            create_fails, "hold.vg0-data", HELD)),
        ("a view that fails", functools.partial(
            create_fails, "view.vg0-data", HELD)),
        ("a view in the pause that fails", functools.partial(
            create_fails, "view.thin0-data", STILL)),
        ("Ctrl-C while the agent is silent",
         functools.partial(cancelled, True, None)),
        ("Ctrl-C while the kernel is silent",
         functools.partial(cancelled, False, None)),
        ("an admin pauses it while it is asked, create dies",
         functools.partial(admin_pauses, True)),
        ("an admin pauses it while it is asked, create and its watchdog die",
         functools.partial(admin_pauses, False)),
        ("usage", usage),
    ]
    for disks, how in (HELD, "held"), (STILL, "paused"):
        with new_host(disks) as host:
            places = host.trace(*ARGS)
        first = places.index("quiesce.before")
        last = places.index("quiesce.thawed")
        assert "quiesce.held" in places[first:last], places
        for place in places[first:last + 1]:
            cases.append((f"{how}: create dies at {place}",
                          functools.partial(killed, place, disks, True)))
            # The paused way alone shows most of it.
            if disks is STILL or os.environ.get("LONG"):
                cases.append((f"{how}: create and its watchdog die at {place}",
                              functools.partial(killed, place, disks, False)))
    for place in ("quiesce.before", "quiesce.done", "quiesce.held",
                  "quiesce.thawed"):
        cases.append((f"Ctrl-C at {place}",
                      functools.partial(cancelled, True, place)))
    run_cases(cases)


main()
