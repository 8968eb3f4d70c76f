#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""watch: whom it tells what: hooks, metrics, tables, systemd, the journal."""
import functools
import json
import math
import os
import signal
import stat
import subprocess

from simcheck import one_line, run_cases
from simhost import BIN, wait_until
from watchhost import (
    AREA, Full, Systemd, Watch, create, fill_until, read_metrics, watched)


def hook_script(host, text):
    """A program for --hook."""
    path = host.dir / "hook"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def hook():
    """It is told of each event, in order, and of nothing else."""
    with watched() as host:
        create(host, "a")
        out = host.dir / "told"
        path = hook_script(
            host, f'echo "$1 $XENSNAP_EVENT $XENSNAP_SNAPSHOT $XENSNAP_DISK '
            f'$XENSNAP_LEVEL $#" >> {out}\nenv > {out}.env\n')
        full = Full(host, "vg0-root.xs-a")
        watch = Watch(host, "--hook", path, SECRET="x")
        full.grow(AREA * 3 // 4)
        watch.wait("extended")
        assert watch.end() == 0
        assert out.read_text().splitlines() == [
            "started started   notice 1",
            "extended extended web1@a xvda notice 1",
            "stopped stopped   notice 1"]
        env = (host.dir / "told.env").read_text()
        assert "SECRET" not in env and "XENSNAP_MESSAGE=stopped" in env, env
        one_line(host.run("watch", "--once", "--hook", "hook"), 2, "absolute")


def bad_hook(text):
    """It fails or hangs: warned of, and all else goes on."""
    with watched() as host:
        create(host, "a")
        full = Full(host, "vg0-root.xs-a")
        watch = Watch(host, "--hook", hook_script(host, text))
        watch.wait("started")
        fill_until(full, lambda: full.area() > AREA, most=AREA)
        watch.wait("extended")
        assert watch.end() == 3, watch.err
        assert b"warning: hook" in watch.err, watch.err


def metrics():
    """By a parser of its own; readable by all, and never half written."""
    with watched("vg0/root", "thin0/logs") as host:
        create(host, "a")
        path = host.dir / "x.prom"
        Full(host, "vg0-root.xs-a").grow(AREA // 4)
        result = host.run("watch", "--once", "--metrics", str(path))
        assert result.status == 0, result
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        m = read_metrics(path.read_text())
        labels = (("snapshot", "web1@a"), ("disk", "xvda"),
                  ("volume", "vg0-root.xs-a"))
        assert m["xensnap_view_size_bytes", labels] == AREA
        assert m["xensnap_view_used_bytes", labels] == AREA // 4
        assert math.isinf(m["xensnap_view_full_seconds", labels])
        pool_labels = (("pool", "thin0/pool"), ("part", "data"))
        assert m["xensnap_pool_size_bytes", pool_labels] == 1 << 30
        assert m["xensnap_snapshots", ()] == 1
        assert m["xensnap_group_size_bytes", (("group", "vg0"),)] == 1 << 30
        assert [p.name for p in host.dir.glob("*.prom*")] == ["x.prom"]
        watch = Watch(host, "--metrics", str(path))
        watch.wait("started")
        watch.end()
        m = read_metrics(path.read_text())
        assert m["xensnap_watch_events_total", (("event", "started"),)] == 1
        one_line(host.run("watch", "--once", "--metrics", "/nowhere/x.prom"),
                 1, "metrics")


def once():
    """A table, or JSON; status 3 when something is not well."""
    with watched() as host:
        assert "Nothing that could" in host.run("watch", "--once").out
        create(host, "a")
        full = Full(host, "vg0-root.xs-a")
        result = host.run("watch", "--once")
        assert result.status == 0 and "web1@a xvda" in result.out, result
        full.grow(AREA * 9 // 10)
        result = host.run("watch", "--once", "--json")
        assert result.status == 3, result
        o = json.loads(result.out)
        assert o["bad"] == 1 and o["gauges"][0]["warning"], o
        assert full.area() == AREA, "it only looks"
        full.grow(AREA)
        result = host.run("watch", "--once")
        assert result.status == 3 and "lost" in result.out, result
        assert not (host.root / ".watch.lock").exists()


def usage():
    """What is wrong on the command line is told, and nothing is begun."""
    with watched() as host:
        for words, why in (
                (("--extend-at", "0"), "1 to 100"),
                (("--warn-at=101%",), "1 to 100"),
                (("--drop-before", "soon"), "seconds"),
                (("--extend-by", "x%"), "percentage"),
                (("--reserve", "much"), "--reserve"),
                (("--hook", "mail"), "absolute"),
                (("web1",), "one argument too many")):
            one_line(host.run("watch", *words), 2, why)
        assert not (host.root / ".watch.lock").exists()


def systemd():
    """Ready, alive, stopping; and lines with their priority."""
    with watched() as host:
        create(host, "a")
        daemon = Systemd(host)
        watch = Watch(host, NOTIFY_SOCKET=daemon.path, WATCHDOG_USEC="400000")
        for word in "READY=1", "WATCHDOG=1", "WATCHDOG=1", "STATUS=snapshots: 1;":
            daemon.wait(word)
        watch.p.send_signal(signal.SIGTERM)
        daemon.wait("STOPPING=1")
        assert watch.end() == 0
        daemon.socket.close()


def journal():
    """If stderr is the journal, lines begin with their priority."""
    with watched() as host:
        create(host, "a")
        Full(host, "vg0-root.xs-a").grow(AREA * 9 // 10)
        log = host.dir / "journal"
        for same in True, False:
            with open(log, "wb") as f:
                st = os.fstat(f.fileno())
                ino = st.st_ino if same else 1
                p = subprocess.Popen(
                    [BIN, "watch", "--no-extend"], stderr=f, cwd=host.dir,
                    env=host.env(JOURNAL_STREAM=f"{st.st_dev}:{ino}"))
                wait_until("a warning", lambda: b"nearly" in log.read_bytes())
                p.send_signal(signal.SIGTERM)
                assert p.wait(120) == 3
            lines = log.read_text().splitlines()
            first = {line.split("web1")[0] for line in lines
                     if "nearly" in line}
            assert first == ({"<4>"} if same else {"xensnap: warning: "}), lines
            assert lines[0] == ("<5>" if same else "xensnap: ") + "watching"


run_cases([
    ("a hook", hook),
    ("a hook that fails", functools.partial(bad_hook, "exit 1\n")),
    ("a hook that hangs", functools.partial(bad_hook, "sleep 600\n")),
    ("metrics", metrics),
    ("--once", once),
    ("the command line", usage),
    ("systemd", systemd),
    ("the journal", journal),
])
