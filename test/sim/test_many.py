#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several at once: one at work on a domain, the others are told so (exit 4) or
wait; other domains and readers are not disturbed (inv. 12)."""
import os
import signal
import time

from simcheck import (check_all, check_nothing_to_recover, check_running,
                      run_cases)
from simhost import Host, wait_until

DISKS = ("vg0/root", "thin0/logs", "vg0/data")


def second_create():
    """A second xensnap on the same domain, in each state of the first."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.domain("web2", ("vg0/two", "thin0/two"))
        # Not at "view.after": another of its threads may be stopped there with
        # the simulated world locked.
        for place in ("journal.begin.before", "instant.begin", "instant.held",
                      "journal.resumed.before", "commit.record"):
            p = host.stopped_at(place, "create", "web1@x")
            for args in (("create", "web1@y"), ("create", "web1@x"),
                         ("create", "web1@y", "--dry-run"),
                         ("delete", "web1@x")):
                result = host.run(*args)
                assert result.status == 4, (place, result)
                line, = result.error_lines()
                assert f"another xensnap (process {p.pid}) is at work on " \
                    "domain web1; nothing was done" in line, result
            result = host.run("create", "web2@y")
            assert result.status == 0, (place, result)
            check_running(host, "web2")
            assert host.run("list", "--names").out == "web2@y\n"
            p.send_signal(signal.SIGCONT)
            result = host.finish(p)
            assert result.status == 0, (place, result)
            check_all(host, {"web1@x", "web2@y"})
            assert host.run("delete", "web1@x", "web2@y").status == 0


def recover_waits():
    """recover waits for one that is at work, and finds nothing to do."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("view.after", "create", "web1@x")
        r = host.start("recover")
        time.sleep(0.2)
        assert r.poll() is None, "did not wait"
        p.send_signal(signal.SIGCONT)
        assert host.finish(p).status == 0
        result = host.finish(r)
        assert result.status == 0, result
        assert result.out == "Nothing to recover.\n", result
        check_all(host, {"web1@x"})


def recover_waits_for_the_watchdog():
    """After a death recover comes when the watchdog is done."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.viewed", "create", "web1@x")
        dog, = host.watchdogs(p)
        os.kill(dog, signal.SIGSTOP)
        p.kill()
        r = host.start("recover")
        time.sleep(0.2)
        assert r.poll() is None, "did not wait"
        assert host.state("web1") == "suspended"
        os.kill(dog, signal.SIGCONT)
        host.finish(p)
        result = host.finish(r)
        assert result.status == 0, result
        assert "web1@x: undone" in result.out, result
        host.wait_for_orphans()
        check_all(host, set())
        check_nothing_to_recover(host)


def recover_gives_up():
    """One that is at work for long is left alone, and the rest recovered."""
    if not os.environ.get("LONG"):
        return "takes 15 s: ./dev check --long"
    with Host() as host:
        host.domain("web1", DISKS)
        host.domain("web2", ("vg0/two",))
        host.kill(host.stopped_at("view.after", "create", "web2@y"), True)
        p = host.stopped_at("view.after", "create", "web1@x")
        result = host.run("recover")
        assert result.status == 3, result
        assert "web1: left alone" in result.err, result
        assert "web2@y: undone" in result.out, result
        p.send_signal(signal.SIGCONT)
        assert host.finish(p).status == 0
        check_all(host, {"web1@x"})
    return None


def delete_while_exported():
    """What is being read cannot be deleted, and is read to its end."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        p = host.stopped_at("export.disk", "export", "web1@x", "out")
        result = host.run("delete", "web1@x")
        assert result.status == 4, result
        assert "is being read by another process" in result.err, result
        # Two may read at once, and a snapshot may be made meanwhile.
        assert host.run("export", "web1@x", "out2").status == 0
        assert host.run("create", "web1@y").status == 0
        p.send_signal(signal.SIGCONT)
        assert host.finish(p).status == 0
        check_all(host, {"web1@x", "web1@y"})
        assert host.run("delete", "web1@x").status == 0
        check_all(host, {"web1@y"})


def export_while_deleted():
    """What is being deleted is not there any more."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        p = host.stopped_at("delete.view", "delete", "web1@x")
        result = host.run("export", "web1@x", "out")
        assert result.status == 1, result
        assert "there is no snapshot web1@x" in result.err, result
        assert not (host.dir / "out").exists()
        p.send_signal(signal.SIGCONT)
        assert host.finish(p).status == 0
        check_all(host, set())


def many_domains():
    """Different domains do not wait for each other."""
    with Host() as host:
        names = [f"web{i}" for i in range(6)]
        for i, name in enumerate(names):
            host.domain(name, (f"vg0/a{i}", f"thin0/b{i}"))
        running = [host.start("create", f"{name}@x") for name in names]
        for p in running:
            result = host.finish(p)
            assert result.status == 0, result
        check_all(host, {f"{name}@x" for name in names})
        result = host.run("delete", *(f"{name}@x" for name in names))
        assert result.status == 0, result
        check_all(host, set())


def many_on_one():
    """Of many on one domain each is made, or told that another one is."""
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        running = {f"web1@n{i}": host.start("create", f"web1@n{i}")
                   for i in range(6)}
        made = set()
        for name, p in running.items():
            result = host.finish(p)
            assert result.status in (0, 4), result
            if result.status == 0:
                made.add(name)
        assert made
        check_all(host, made)


def come_and_go():
    """The folder of a domain comes and goes with its snapshots, under the
    hands of those who want its lock."""
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        running = []
        for _ in range(30):
            running += [host.start("delete", "web1@none"),
                        host.start("create", "web1@none", "--dry-run")]
            if len(running) > 6:
                for p in running[:4]:
                    result = host.finish(p)
                    assert result.status in (0, 1, 4), result
                    if result.status == 1:
                        assert "there is no snapshot" in result.err, result
                del running[:4]
        for p in running:
            host.finish(p)
        check_all(host, set())


def stopped_by_the_user():
    """Ctrl-Z does not stop the watchdog: what stands still is its owner's, so
    it does nothing until that one dies."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        dog, = host.watchdogs(p)
        os.kill(dog, signal.SIGTSTP)
        time.sleep(0.1)
        assert host.state("web1") == "suspended"
        p.kill()
        host.finish(p)
        wait_until("the watchdog", lambda: host.state("web1") == "running", 5)
        host.wait_for_orphans()
        assert host.run("recover").status == 0
        check_all(host, set())


run_cases([
    ("a second create on the same domain", second_create),
    ("recover waits for one at work", recover_waits),
    ("recover waits for a watchdog", recover_waits_for_the_watchdog),
    ("recover gives up waiting", recover_gives_up),
    ("delete while it is exported", delete_while_exported),
    ("export while it is deleted", export_while_deleted),
    ("creates on many domains", many_domains),
    ("many creates on one domain", many_on_one),
    ("the folder of a domain comes and goes", come_and_go),
    ("Ctrl-Z to the watchdog", stopped_by_the_user),
])
