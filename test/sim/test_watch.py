#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""watch: what fills up is made larger in time; what cannot be is told of and
dropped before it is lost; whatever hangs or dies beside it."""
import functools
import os
import signal
import time

from simcheck import check_nothing_to_recover, one_line, run_cases
from simhost import wait_until
from watchhost import (
    AREA, WORDS, Full, Reader, Watch, check, create, fill_until, no_room,
    watched)


def extended():
    """A view that is written to without an end becomes as large as it can be
    of use, and is never lost."""
    with watched() as host:
        create(host, "a")
        full = Full(host, "vg0-root.xs-a")
        watch = Watch(host, "--extend-by", "30%")
        watch.wait("started")
        fill_until(full, lambda: full.area() >= 300 * 1024)
        assert not full.lost()
        assert full.area() <= 300 * 1024 + 2 * 4096, full.area()
        e = watch.wait("extended", snapshot="web1@a", disk="xvda")
        assert e["was_bytes"] == AREA < e["bytes"], e
        # Now it cannot overflow, so nothing is to be told.
        full.grow(full.area() - full.used)
        n = len(watch.events)
        time.sleep(0.6)
        assert len(watch.events) == n, watch.events[n:]
        assert watch.end() == 0, watch.err
        assert watch.named("stopped")
        assert not full.lost()
        check(host, {"web1@a"})


def no_extend():
    """With --no-extend, or in a dry run, nothing is made larger, and it is
    warned of."""
    for word in "--no-extend", "--dry-run":
        with watched() as host:
            create(host, "a")
            full = Full(host, "vg0-root.xs-a")
            watch = Watch(host, "--no-drop", word)
            full.grow(AREA * 9 // 10)
            e = watch.wait("warning", snapshot="web1@a")
            assert e["level"] == "warning" and e["used_percent"] > 80, e
            full.grow(AREA)
            watch.wait("lost", snapshot="web1@a")
            assert full.area() == AREA
            assert watch.end() == 3, watch.err
            check(host, {"web1@a"})


def told_and_dropped():
    """No room: first a warning and when it will be dropped, then it is, before
    it is lost; and the room that it leaves saves the other one."""
    with watched() as host:
        create(host, "a", "b")
        no_room(host, "vg0")
        a, b = (Full(host, f"vg0-root.xs-{x}") for x in "ab")
        b.grow(AREA * 6 // 10)
        watch = Watch(host, "--reserve", "0%")
        watch.wait("started")
        fill_until(a, lambda: a.area() == 0, most=AREA)
        e = watch.wait("dropped", snapshot="web1@a")
        order = [x["event"] for x in watch.events
                 if x.get("snapshot") == "web1@a"]
        assert order.index("drop-announced") < order.index("dropped"), order
        told = watch.named("drop-announced")[0]
        assert told["drop_seconds"] >= 0, told
        assert "will be dropped in about" in told["message"], told
        assert "no room" in e["message"], e
        fill_until(b, lambda: b.area() > AREA, most=2 * AREA)
        assert not b.lost()
        watch.wait("extended", snapshot="web1@b")
        assert not watch.named("lost"), watch.events
        assert watch.end() == 3
        assert host.state("web1") == "running"
        check(host, {"web1@b"})
        check_nothing_to_recover(host)


def announced(host):
    """A view that is about to go, and its watch; LVM takes long from now on."""
    create(host, "a")
    no_room(host, "vg0")
    a = Full(host, "vg0-root.xs-a")
    a.grow(AREA * 75 // 100)
    watch = Watch(host, "--drop-before", "1000")
    fill_until(a, lambda: watch.named("drop-announced"), step=16)
    host.fault("slow", 3000)
    return a, watch


def slowly_dropped():
    """It is listed no more long before LVM is done: it is told all the same."""
    with watched() as host:
        a, watch = announced(host)
        fill_until(a, lambda: a.area() == 0, step=16)
        watch.wait("dropped", snapshot="web1@a")
        watch.end()
        host.mend()
        check(host, set())


def late():
    """It runs full while LVM is at work on its end: what is told is true."""
    with watched() as host:
        a, watch = announced(host)
        fill_until(a, (host.root / "web1/.a.deleting").exists, step=16)
        a.grow(AREA)
        e = watch.wait("dropped", snapshot="web1@a")
        assert "before" not in e["message"], e
        for e in watch.named("lost"):
            assert "which goes on" in e["message"], e
        watch.end()
        host.mend()
        check(host, set())


def withdrawn():
    """Announced, and then there is room: it stays."""
    with watched() as host:
        create(host, "a")
        no_room(host, "vg0")
        a = Full(host, "vg0-root.xs-a")
        a.grow(AREA * 71 // 100)
        watch = Watch(host, "--reserve", "0%", "--drop-before", "1")
        watch.wait("started")
        fill_until(a, lambda: watch.named("drop-announced"), step=32)
        (host.world / "groups" / "vg0").write_text(f"{1 << 30}\n")
        watch.wait("extended", snapshot="web1@a")
        watch.wait("drop-withdrawn", snapshot="web1@a")
        assert watch.end() == 3
        assert not watch.named("dropped")
        check(host, {"web1@a"})


def no_drop():
    """With --no-drop it is lost, and says so; the snapshot stays."""
    with watched() as host:
        create(host, "a")
        no_room(host, "vg0")
        a = Full(host, "vg0-root.xs-a")
        watch = Watch(host, "--no-drop")
        watch.wait("started")
        fill_until(a, lambda: watch.named("lost"), most=3 * AREA)
        assert not watch.named("drop-announced"), watch.events
        assert watch.named("warning", snapshot="web1@a")
        assert watch.end() == 3
        check(host, {"web1@a"})


def in_use(how):
    """Somebody reads it: it is not dropped; when he is done it is."""
    with watched() as host:
        create(host, "a")
        no_room(host, "vg0")
        a = Full(host, "vg0-root.xs-a")
        if how == "reader":
            reader = Reader(host, "web1", "a")
        else:
            a.file(".open").write_text("")
        watch = Watch(host)
        watch.wait("started")
        fill_until(a, lambda: watch.named("drop-refused"), step=200, most=AREA)
        assert a.area() == AREA
        assert not watch.named("dropped")
        if how == "reader":
            reader.done()
        else:
            a.file(".open").unlink()
        fill_until(a, lambda: a.area() == 0, step=16, most=AREA)
        watch.wait("dropped", snapshot="web1@a")
        assert len(watch.named("drop-refused")) == 1, watch.events
        watch.end()
        check(host, set())


def killed_and_restarted():
    """The next one knows what was announced, and drops it in time."""
    with watched() as host:
        create(host, "a")
        no_room(host, "vg0")
        a = Full(host, "vg0-root.xs-a")
        a.grow(AREA * 75 // 100)
        watch = Watch(host, "--drop-before", "1")
        fill_until(a, lambda: watch.named("drop-announced"), step=32, most=AREA)
        # Told first, then written down: who dies between says it twice.
        wait_until("it is written down", (host.root / ".watch.json").exists)
        watch.end(signal.SIGKILL)
        assert not watch.named("dropped")
        watch = Watch(host, "--drop-before", "1000")
        fill_until(a, lambda: a.area() == 0, step=16, most=AREA)
        watch.wait("dropped", snapshot="web1@a")
        assert not watch.named("drop-announced"), watch.events
        watch.end()
        check(host, set())


def killed_at_work(place):
    """Its hand brings to its end what it began; so does the next one."""
    with watched() as host:
        create(host, "a")
        no_room(host, "vg0")
        a = Full(host, "vg0-root.xs-a")
        a.grow(AREA * 75 // 100)
        watch = Watch(host, "--drop-before", "1000", XENSNAP_DIE_AT=place)
        fill_until(a, lambda: watch.named("drop-announced"), step=16)
        fill_until(a, lambda: watch.p.poll() is not None or
                   watch.named("drop-failed") or watch.named("dropped"),
                   step=16)
        watch.end(signal.SIGKILL)
        watch = Watch(host, "--recover")
        fill_until(a, lambda: not (host.root / "web1").exists() or
                   not any(p.name != ".lock"
                           for p in (host.root / "web1").iterdir()),
                   step=16, most=4 * AREA)
        watch.end()
        check(host, set())
        check_nothing_to_recover(host)


def two_at_once():
    """The second one refuses; a look beside it is no second one."""
    with watched() as host:
        create(host, "a")
        watch = Watch(host)
        watch.wait("started")
        one_line(host.run("watch"), 4, "another xensnap watch")
        assert host.run("watch", "--once").status == 0
        assert watch.end() == 0
        watch = Watch(host)
        watch.wait("started")
        assert watch.end(signal.SIGINT) == 0


def others_go_on():
    """LVM hangs at one group, and a status cannot be read: the others are
    watched and made larger all the same."""
    with watched("vg0/root", "vg1/data", "vg2/logs") as host:
        create(host, "a")
        host.fault("extend-ms.vg0-root.xs-a", 8000)
        host.fault("fill.vg2-logs.xs-a")
        root, data = (Full(host, f"{x}.xs-a") for x in ("vg0-root",
                                                        "vg1-data"))
        watch = Watch(host)
        root.grow(AREA * 3 // 4)
        time.sleep(1)
        data.grow(AREA * 3 // 4)
        watch.wait("extended", disk="xvdb")
        assert not watch.named("extended", disk="xvda"), watch.events
        watch.wait("failed", disk="xvdc")
        # It is brought to its end when the watch is stopped, and told.
        assert watch.end() == 3
        assert root.area() > AREA
        assert watch.named("extended", disk="xvda"), watch.events


def extend_fails():
    """Told once, tried again, and in the end made larger."""
    with watched() as host:
        create(host, "a")
        host.fault("extend", 2)
        full = Full(host, "vg0-root.xs-a")
        watch = Watch(host, "--no-drop")
        full.grow(AREA * 3 // 4)
        watch.wait("extend-failed", snapshot="web1@a")
        watch.wait("extended", snapshot="web1@a")
        assert len(watch.named("extend-failed")) == 1, watch.events
        assert watch.end() == 3


def pool():
    """A thin pool is made larger while there is room, then warned of, and
    never dropped from."""
    with watched("thin0/root") as host:
        create(host, "a", "b")
        path = host.world / "groups" / "thin0.pool"
        path.write_text("1000000 950000 1000000 500000\n")
        watch = Watch(host)
        e = watch.wait("extended", kind="pool-data", volume="thin0/pool")
        assert e["was_bytes"] == 1000000, e
        size = int(path.read_text().split()[0])
        assert size > 1000000
        (host.world / "groups" / "thin0").write_text("0\n")
        path.write_text(f"{size} {size * 97 // 100} 1000000 900000\n")
        watch.wait("warning", kind="pool-data")
        watch.wait("warning", kind="pool-metadata")
        for i in range(97, 101):
            path.write_text(f"{size} {size * i // 100} 1000000 900000\n")
            time.sleep(0.5)
        assert not watch.named("drop-announced"), watch.events
        assert watch.end() == 3
        check(host, {"web1@a", "web1@b"})


def stranded(place, recover):
    """A create that was killed with its watchdog left the domain standing: it
    is let run on; what is half made stays, unless --recover."""
    with watched("vg0/root", "vg0/data") as host:
        p = host.stopped_at(place, "create", "web1@a", *WORDS)
        assert p
        watch = Watch(host, *(["--recover"] if recover else []))
        watch.wait("started")
        time.sleep(2.5)  # somebody is at work: it is left to him
        assert len(watch.events) == 1, watch.events
        held = list((host.world / "held").iterdir())
        assert held, "nothing was held at that place"
        host_kill(host, p)
        watch.wait("recovered" if recover else "leftover")
        assert not list((host.world / "held").iterdir())
        assert host.state("web1") == "running"
        left = [x.name for x in (host.root / "web1").glob(".*.partial")] \
            if (host.root / "web1").exists() else []
        assert bool(left) != recover, left
        if not recover:
            assert watch.named("resumed"), watch.events
        watch.end()
        assert host.run("recover").status == 0
        check_nothing_to_recover(host)
        check(host, set())


def host_kill(host, p):
    """SIGKILL xensnap and its watchdog, while the watch goes on."""
    for pid in host.watchdogs(p):
        os.kill(pid, signal.SIGKILL)
    p.kill()
    host.finish(p)


run_cases([
    ("made larger in time, and never beyond its use", extended),
    ("nothing is made larger", no_extend),
    ("no room: told, dropped, and the other one lives", told_and_dropped),
    ("dropped, and LVM takes long", slowly_dropped),
    ("full before it is dropped", late),
    ("announced, and withdrawn", withdrawn),
    ("--no-drop", no_drop),
    ("read by xensnap: not dropped", functools.partial(in_use, "reader")),
    ("open: not dropped", functools.partial(in_use, "open")),
    ("killed and started again", killed_and_restarted),
    *((f"killed at {place}", functools.partial(killed_at_work, place))
      for place in ("guard.round#20", "delete.renamed", "delete.view",
                    "delete.views")),
    ("two at once", two_at_once),
    ("LVM hangs at one group", others_go_on),
    ("it cannot be made larger, at first", extend_fails),
    ("a thin pool", pool),
    *((f"left standing at {place}", functools.partial(stranded, place, False))
      for place in ("instant.held", "instant.resumed")),
    ("left standing: all is cleared up",
     functools.partial(stranded, "instant.held", True)),
])
