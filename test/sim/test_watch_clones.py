#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""watch and clones: the area of a clone's disk is made larger in time; what
cannot be is told of before it is lost, with what to do, and never dropped."""
import functools
import json
import math
import signal
import time

from simcheck import check_nothing_to_recover, run_cases
from watchhost import (
    AREA, Full, Watch, check, clone, create, disk_of, fill_until, no_room,
    read_metrics, watched)


def cloned(*names, **more):
    """A host with web1, its snapshot, and clones of that."""
    host = watched(**more)
    create(host, "a")
    clone(host, *(names or ("trial",)))
    return host


def no_end(host, name="trial"):
    """The clone is there, runs, and its disk is not lost."""
    full = Full(host, disk_of(name))
    assert full.path.exists() and full.area(), name
    assert not full.lost()
    assert host.state(name) == "running"


def extended():
    """A clone that writes without an end: as large as it can be of use."""
    with cloned() as host:
        full = Full(host, disk_of("trial"))
        assert full.area() == AREA
        watch = Watch(host, "--extend-by", "30%")
        watch.wait("started")
        fill_until(full, lambda: full.area() >= 300 * 1024)
        assert not full.lost()
        assert full.area() <= 300 * 1024 + 2 * 4096, full.area()
        e = watch.wait("extended", clone="trial", disk="xvda", kind="clone")
        assert e["was_bytes"] == AREA < e["bytes"], e
        assert "snapshot" not in e and "clone trial: xvda" in e["message"], e
        full.grow(full.area() - full.used)
        n = len(watch.events)
        time.sleep(0.6)
        assert len(watch.events) == n, watch.events[n:]
        assert watch.end() == 0, watch.err
        no_end(host)
        # The view beside it had nothing to be made larger for.
        assert Full(host, "vg0-root.xs-a").area() == AREA
        check(host, {"web1@a"}, ["trial"])


def comes_and_goes():
    """One that is made while it is watched is watched at once, and one that is
    deleted is forgotten."""
    with watched() as host:
        create(host, "a")
        watch = Watch(host)
        watch.wait("started")
        time.sleep(1)
        clone(host, "trial")
        full = Full(host, disk_of("trial"))
        full.grow(AREA * 75 // 100)
        begin = time.monotonic()
        watch.wait("extended", clone="trial")
        # Seen by its name; LVM is asked in any case only once a minute.
        assert time.monotonic() - begin < 40
        host.set_state("trial", "gone")
        result = host.run("delete", "trial")
        assert result.status == 0, result.err
        n = len(watch.events)
        time.sleep(2)
        assert len(watch.events) == n, watch.events[n:]
        assert watch.end() == 0, watch.err
        check(host, {"web1@a"}, domains=["web1"])


def endangered():
    """No room: an error before it is lost, once, with what to do; nothing is
    dropped, and the domain is let alone.  Then there is room."""
    with cloned() as host:
        no_room(host, "vg0")
        full = Full(host, disk_of("trial"))
        watch = Watch(host, "--drop-before", "1000")
        watch.wait("started")
        fill_until(full, lambda: watch.named("endangered"), most=AREA)
        assert not full.lost()
        e = watch.named("endangered")[0]
        assert e["level"] == "error" and e["clone"] == "trial", e
        assert e["disk"] == "xvda" and e["used_percent"] < 100, e
        for word in ("vgextend vg0", "xl pause trial", "disk is lost"):
            assert word in e["message"], e
        full.grow(AREA - full.used)
        time.sleep(1)
        assert len(watch.named("endangered")) == 1, watch.events
        assert not watch.named("drop-announced"), watch.events
        assert not watch.named("dropped"), watch.events
        no_end(host)
        (host.world / "groups" / "vg0").write_text(f"{1 << 30}\n")
        watch.wait("extended", clone="trial")
        assert watch.end() == 3
        assert b"error: clone trial: xvda" in watch.err, watch.err
        no_end(host)
        check(host, {"web1@a"}, ["trial"])


def reserved():
    """Room that is reserved is not taken, but there for whoever says so."""
    for words in ("--reserve", "100%"), ("--no-extend",):
        with cloned() as host:
            full = Full(host, disk_of("trial"))
            watch = Watch(host, *words)
            full.grow(AREA * 9 // 10)
            e = watch.wait("endangered", clone="trial")
            assert "lvextend -l +" in e["message"], e
            assert full.area() == AREA
            assert watch.end() == 3
            no_end(host)


def lost():
    """It was too quick: it is told, and what to do."""
    with cloned() as host:
        no_room(host, "vg0")
        full = Full(host, disk_of("trial"))
        watch = Watch(host)
        watch.wait("started")
        full.grow(2 * AREA)
        e = watch.wait("lost", clone="trial")
        assert e["level"] == "error" and e["state"] == "lost", e
        assert "xensnap delete trial" in e["message"], e
        assert watch.end() == 3
        assert full.path.exists(), "it was dropped"
        host.set_state("trial", "gone")
        result = host.run("delete", "trial")
        assert result.status == 0, result.err
        # Nothing of it is left, and its snapshot is as it was.
        assert not list((host.world / "views").glob("trial-*"))
        check(host, {"web1@a"}, domains=["web1"])


def restarted(how):
    """The next watch makes it larger, or tells of the danger, as this one
    would have; whatever this one was at."""
    with cloned() as host:
        no_room(host, "vg0")
        full = Full(host, disk_of("trial"))
        full.grow(AREA * 75 // 100)
        watch = Watch(host)
        fill_until(full, lambda: watch.named("endangered"), step=64, most=AREA)
        watch.end(how)
        watch = Watch(host)
        fill_until(full, lambda: watch.named("endangered"), step=64, most=AREA)
        (host.world / "groups" / "vg0").write_text(f"{1 << 30}\n")
        watch.wait("extended", clone="trial")
        watch.end(how)
        was = full.area()
        watch = Watch(host)
        watch.wait("started")
        fill_until(full, lambda: full.area() > was)
        watch.wait("extended", clone="trial")
        watch.end()
        no_end(host)
        check(host, {"web1@a"}, ["trial"])
        check_nothing_to_recover(host)


def killed_while_extending():
    """Its hand brings it to its end."""
    with cloned() as host:
        host.fault("extend-ms", 1500)
        full = Full(host, disk_of("trial"))
        watch = Watch(host)
        watch.wait("started")
        full.grow(AREA * 9 // 10)
        time.sleep(1)
        watch.end(signal.SIGKILL)
        fill_until(full, lambda: full.area() > AREA, step=1, most=AREA)
        host.mend()
        no_end(host)
        check(host, {"web1@a"}, ["trial"])


def snapshot_beside():
    """A snapshot in the same group may be dropped; its room saves the clone."""
    with watched() as host:
        create(host, "a", "b")
        clone(host, "trial")
        no_room(host, "vg0")
        full = Full(host, disk_of("trial"))
        view = Full(host, "vg0-root.xs-b")
        watch = Watch(host, "--reserve", "0%")
        watch.wait("started")
        full.grow(AREA * 75 // 100)
        fill_until(view, lambda: view.area() == 0, most=AREA)
        watch.wait("dropped", snapshot="web1@b")
        watch.wait("extended", clone="trial")
        watch.end()
        no_end(host)
        check(host, {"web1@a"}, ["trial"])


def bad_record():
    """A record that cannot be read costs that clone, and nothing else."""
    with cloned("t1", "t2") as host:
        path = host.root / "t1" / ".clone"
        was = path.read_text()
        path.write_text("{")
        watch = Watch(host)
        watch.wait("started")
        for name in "t1", "t2":
            Full(host, disk_of(name)).grow(AREA * 9 // 10)
        watch.wait("extended", clone="t2")
        assert not watch.named("failed"), watch.events
        assert Full(host, disk_of("t1")).area() == AREA
        watch.end()
        path.write_text(was)
        check(host, {"web1@a"}, ["t1", "t2"])


def told():
    """--once, its JSON, metrics, and a hook."""
    with cloned() as host:
        Full(host, disk_of("trial")).grow(AREA // 4)
        prom = host.dir / "x.prom"
        result = host.run("watch", "--once", "--metrics", str(prom))
        assert result.status == 0 and "clone trial xvda" in result.out, result
        m = read_metrics(prom.read_text())
        labels = (("clone", "trial"), ("disk", "xvda"),
                  ("volume", disk_of("trial")))
        assert m["xensnap_clone_size_bytes", labels] == AREA
        assert m["xensnap_clone_used_bytes", labels] == AREA // 4
        assert m["xensnap_clone_lost", labels] == 0
        assert math.isinf(m["xensnap_clone_full_seconds", labels])
        listed, = json.loads(host.run("list", "--clones", "--json")
                             .out)["clones"]
        assert listed["used"] == 0.25 and not listed["lost"], listed
        assert " 25 % " in host.run("list", "--clones").out
        view = (("snapshot", "web1@a"), ("disk", "xvda"),
                ("volume", "vg0-root.xs-a"))
        assert m["xensnap_view_size_bytes", view] == AREA
        Full(host, disk_of("trial")).grow(2 * AREA)
        result = host.run("watch", "--once", "--json")
        assert result.status == 3, result
        mine = [x for x in json.loads(result.out)["gauges"]
                if x["kind"] == "clone"]
        assert len(mine) == 1 and mine[0]["state"] == "lost", mine
        assert mine[0]["clone"] == "trial" and "snapshot" not in mine[0], mine
        listed, = json.loads(host.run("list", "--clones", "--json")
                             .out)["clones"]
        assert listed["lost"], listed
        assert " lost " in host.run("list", "--clones").out


def hook():
    """What a hook is told of a clone."""
    with cloned() as host:
        out = host.dir / "told"
        path = host.dir / "hook"
        path.write_text(f'#!/bin/sh\necho "$1 $XENSNAP_CLONE $XENSNAP_DOMAIN '
                        f'$XENSNAP_DISK $XENSNAP_KIND $XENSNAP_LEVEL '
                        f'=$XENSNAP_SNAPSHOT=" >> {out}\n')
        path.chmod(0o755)
        watch = Watch(host, "--no-extend", "--hook", str(path))
        Full(host, disk_of("trial")).grow(AREA * 9 // 10)
        watch.wait("endangered")
        assert watch.end() == 3
        assert "endangered trial trial xvda clone error ==\n" in \
            out.read_text(), out.read_text()


def thin():
    """A thin clone has no area: its pool is watched, by its snapshot."""
    with watched("thin0/root") as host:
        create(host, "a")
        clone(host, "trial")
        result = host.run("watch", "--once", "--json")
        kinds = [x["kind"] for x in json.loads(result.out)["gauges"]]
        assert sorted(kinds) == ["pool-data", "pool-metadata"], kinds
        listed, = json.loads(host.run("list", "--clones", "--json")
                             .out)["clones"]
        assert listed["used"] is None and not listed["lost"], listed


run_cases([
    ("made larger in time, and never beyond its use", extended),
    ("made and deleted while it is watched", comes_and_goes),
    ("no room: told before, never dropped", endangered),
    ("room that is reserved", reserved),
    ("lost", lost),
    ("stopped and started again",
     functools.partial(restarted, signal.SIGTERM)),
    ("killed and started again", functools.partial(restarted, signal.SIGKILL)),
    ("killed while LVM is at work", killed_while_extending),
    ("a snapshot that is dropped leaves it room", snapshot_beside),
    ("a record that cannot be read", bad_record),
    ("tables, JSON and metrics", told),
    ("a hook", hook),
    ("a thin clone", thin),
])
