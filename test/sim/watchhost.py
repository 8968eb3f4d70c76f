# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated host that is watched: `xensnap watch --json`, and its events."""
import fcntl
import json
import os
import re
import signal
import socket
import threading
import time

from simcheck import check_all
from simhost import Host, wait_until

AREA = 64 * 1024  # of a view
WORDS = ("--cow-size", str(AREA))


class Watch:
    """One `xensnap watch` that runs; what it tells is in events."""

    def __init__(self, host, *args, **env):
        self.host = host
        self.events = []
        self.p = host.start("watch", "--json", "--interval", "1", *args, **env)
        self.err = b""
        self.threads = [threading.Thread(target=f)
                        for f in (self.read_events, self.read_errors)]
        for t in self.threads:
            t.start()

    def read_events(self):
        """Each line is one object."""
        for line in self.p.stdout:
            self.events.append(json.loads(line))

    def read_errors(self):
        """So that it never waits for us."""
        for line in self.p.stderr:
            self.err += line

    def named(self, event, **fields):
        """The events of that name that have those fields."""
        return [e for e in list(self.events) if e["event"] == event and
                all(e.get(k) == v for k, v in fields.items())]

    def wait(self, event, **fields):
        """Until there is one; returns it."""
        def there():
            assert self.p.poll() is None or self.named(event, **fields), (
                event, self.p.returncode, self.err)
            return self.named(event, **fields)
        wait_until(f"{event} {fields} of {self.events}", there)
        return self.named(event, **fields)[0]

    def end(self, how=signal.SIGTERM):
        """Stop it; its exit status."""
        if self.p.poll() is None:
            self.p.send_signal(how)
        self.p.wait(120)
        for t in self.threads:
            t.join()
        for pipe in (self.p.stdout, self.p.stderr):
            pipe.close()
        self.host.running.remove(self.p)
        assert b"Sanitizer" not in self.err, self.err.decode()
        assert b"runtime error" not in self.err, self.err.decode()
        self.host.wait_for_orphans()
        return self.p.returncode


class Full:
    """A view that is being written to: a bit more each time grow() is called.
    Whatever is more than its area makes it a lost one."""

    def __init__(self, host, view):
        self.path = host.world / "views" / view
        self.used = 0

    def file(self, suffix):
        """Beside the view."""
        return self.path.with_name(self.path.name + suffix)

    def area(self):
        """Its size, or 0 when it is gone."""
        try:
            return int(self.file(".tags").read_text().split()[3])
        except FileNotFoundError:
            return 0

    def grow(self, by):
        """So many bytes more."""
        self.used += by
        if self.path.exists():
            new = self.file(".fill.tmp")
            new.write_text(str(self.used))
            new.rename(self.file(".fill"))

    def lost(self):
        """Did it overflow?"""
        return self.file(".lost").exists()


class Reader:
    """Somebody who reads a snapshot: as an export would, it holds the folder."""

    def __init__(self, host, domain, name):
        self.fd = os.open(host.root / domain / name, os.O_RDONLY)
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def done(self):
        """It may be deleted again."""
        os.close(self.fd)


class Systemd:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, host):
        self.path = str(host.dir / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(120)
        self.said = []

    def wait(self, word):
        """Until it was said."""
        while not any(text.startswith(word) for text in self.said):
            self.said.append(self.socket.recv(4096).decode())
        self.said.clear()


def clone(host, *names):
    """A clone of web1@a of each of those names, with small areas."""
    for name in names:
        result = host.run("clone", "web1@a", name, *WORDS)
        assert result.status == 0, result.err


def disk_of(name, vdev="xvda"):
    """The disk of a clone, as a view that Full() can write to."""
    return f"{name}-{vdev}.img"


def check(host, snapshots, clones=(), domains=None):
    """As check_all(), without what the test and the watch themselves put
    there."""
    views = host.world / "views"
    for path in [p for suffix in ("fill", "lost", "open")
                 for p in views.glob(f"*.{suffix}")] + list(
                     host.root.glob(".watch.*")):
        path.unlink()
    check_all(host, snapshots, domains, clones)


SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r"(?:\{(?P<labels>.*)\})? (?P<value>[^ ]+)")
LABEL = re.compile(
    r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def read_metrics(text):
    """Prometheus' text format, by its description and not by our program:
    {(name, ((label, value), ...)): number}."""
    assert text.endswith("\n")
    types, helped, found, closed = {}, set(), {}, set()
    current = None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, f"two helps of {name}"
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            assert kind in ("gauge", "counter"), line
            assert name not in types, f"two types of {name}"
            assert (kind == "counter") == name.endswith("_total"), line
            types[name] = kind
            continue
        m = SAMPLE.fullmatch(line)
        assert m, line
        assert m["name"] in types and m["name"] in helped, line
        if m["name"] != current:
            assert m["name"] not in closed, f"{m['name']} is in two places"
            closed.add(current)
            current = m["name"]
        labels = tuple(LABEL.findall(m["labels"] or ""))
        assert "".join(f'{k}="{v}",' for k, v in labels).rstrip(",") == (
            m["labels"] or "").rstrip(","), line
        assert (m["name"], labels) not in found, line
        found[m["name"], labels] = float(m["value"])
    return found


def watched(*disks, **more):
    """A host with the domain web1 on @disks."""
    host = Host()
    host.domain("web1", disks or ("vg0/root",), **more)
    return host


def create(host, *names):
    """Snapshots of web1 with small areas."""
    for name in names:
        result = host.run("create", f"web1@{name}", *WORDS)
        assert result.status == 0, result.err


def fill_until(full, what, step=512, most=10 * AREA):
    """Write to the view until @what() holds; not more than @most."""
    while not what():
        assert full.used < most, "it was written to and nothing happened"
        full.grow(step)
        time.sleep(0.02)


def no_room(host, group, room=0):
    """Its views take all but @room bytes."""
    used = sum(int(p.read_text().split()[3])
               for p in (host.world / "views").glob("*.tags")
               if f"/disks/{group}/" in p.read_text())
    (host.world / "groups" / group).write_text(f"{used + room}\n")
