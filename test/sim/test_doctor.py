#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doctor on a simulated Xen host: what it says of the hypervisor and of the
domains, and that --mend puts right what dead processes left, and no more."""
import json
import os
import shutil

from simhost import Host
from simcheck import check_all, run_cases

DISKS = ("vg0/root", "vg0/data")


def look(host, *args, status=None, **env):
    """The findings of one run, {(id, about): finding}."""
    result = host.run("doctor", "--json", *args, **env)
    report = json.loads(result.out)
    assert status is None or result.status == status, \
        (result.status, result.err, [f for f in report["findings"]
                                     if f["level"] in ("warning", "error")])
    assert set(report) == {"root", "dry_run", "worst", "mended", "failed",
                           "more_findings", "findings"}
    found = {}
    for f in report["findings"]:
        assert set(f) == {"id", "area", "level", "about", "is", "why", "mend",
                          "harmless", "mended", "did"}, f
        assert f["id"] and f["area"] and f["is"], f
        assert f["level"] in ("ok", "note", "warning", "error"), f
        # What is as it should be needs no reason and no command.
        assert f["level"] == "ok" or f["why"] or f["mend"], f
        assert f["level"] != "ok" or not (f["mend"] or f["harmless"]), f
        assert (f["id"], f["about"]) not in found, f
        found[f["id"], f["about"]] = f
    bad = [f for f in report["findings"]
           if f["level"] in ("warning", "error") and not f["mended"]]
    if not report["failed"]:
        assert result.status == (3 if bad else 0), result
    return found


def level(found, name, about=""):
    """The level of one finding, None when there is none."""
    return found[name, about]["level"] if (name, about) in found else None


def wrong(found):
    """What is worse than a note, and was not mended."""
    return sorted(k for k, f in found.items()
                  if f["level"] in ("warning", "error") and not f["mended"])


def healthy():
    """Nothing is wrong with a host on which all is well: exit 0, nothing is
    changed, and our own files are closed to others."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        found = look(host, status=0)
        assert wrong(found) == [], found
        assert level(found, "xen") == "ok", wrong(found)
        assert "4.17.sim" in found["xen", ""]["is"], wrong(found)
        assert level(found, "folder-mode") == "ok", wrong(found)
        assert level(found, "leftover") == "ok", wrong(found)
        assert level(found, "snapshots") == "ok", wrong(found)
        assert "1 " in found["domains", ""]["is"], wrong(found)
        assert look(host, "--mend", status=0).keys() == found.keys()
        check_all(host, {"web1@x"})


def versions():
    """Faults are told of the versions that have them, and of no others."""
    for minor, monitor, pages in ((16, None, "note"), (17, "note", "note"),
                                  (19, "note", "note"), (20, None, "note"),
                                  (21, None, None)):
        with Host() as host:
            host.fault("xen-minor", minor)
            found = look(host, status=0)
            assert level(found, "xen-monitor-fault") == monitor, minor
            assert level(found, "xen-small-pages") == pages, minor


def no_shadow():
    """A hypervisor without shadow paging: PV domains cannot go live."""
    with Host() as host:
        host.fault("no-shadow")
        found = look(host, status=0)
        assert level(found, "xen-live") == "note", wrong(found)
        assert "PV domains" in found["xen-live", ""]["is"], wrong(found)
        assert "xen-live" in {k[0] for k in look(host)}
        host.mend()
        assert level(look(host, status=0), "xen-live") == "ok"


def no_answer():
    """Xen is there and does not answer: an error, and the rest is told."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("hypervisor")
        found = look(host, status=3)
        assert wrong(found) == [("xen", "")], wrong(found)
        assert level(found, "xen") == "error", wrong(found)
        assert level(found, "snapshots") == "ok", wrong(found)


def left_suspended():
    """create and its watchdog die while the domain stands still: that is told
    with its domain, mended, and gone after it (inv. 5, 6, 11)."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.domain("db1", ("vg0/db",))
        host.set_state("db1", "paused")  # by its admin
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        assert host.state("web1") == "suspended"

        found = look(host, status=3)
        assert level(found, "domain-left", "web1") == "error", wrong(found)
        assert level(found, "leftover", "web1@x") == "warning", wrong(found)
        assert level(found, "domain-paused", "db1") == "note", wrong(found)
        assert host.state("web1") == "suspended"

        found = look(host, "--mend", "--dry-run", status=3)
        did = found["domain-left", "web1"]["did"]
        assert did == "would be mended: xensnap recover web1", wrong(found)
        assert not any(f["mended"] for f in found.values()), wrong(found)
        assert host.state("web1") == "suspended"

        text = host.run("doctor").out
        assert "2 of them `xensnap doctor --mend` mends" in text, text
        assert "  error    web1: is suspended: " in text, text

        found = look(host, "--mend", status=0)
        assert found["domain-left", "web1"]["mended"], wrong(found)
        assert found["leftover", "web1@x"]["mended"], wrong(found)
        assert "undone: create or import died" in found["leftover", "web1@x"]["did"]
        assert host.state("web1") == "running"
        assert host.state("db1") == "paused", "an admin's pause was undone"

        found = look(host, "--mend", status=0)
        assert level(found, "leftover") == "ok", wrong(found)
        assert not any(f["mended"] for f in found.values()), wrong(found)
        host.set_state("db1", "running")
        check_all(host, set())


def left_paused():
    """The same of one that create paused, with views that cannot wait."""
    with Host() as host:
        host.domain("web1", ("thin0/a", "thin0/b"))
        p = host.stopped_at("still.paused", "create", "web1@x", "--disks-only")
        host.kill(p, watchdog=True)
        assert host.state("web1") == "paused"
        found = look(host, status=3)
        assert level(found, "domain-left", "web1") == "error", wrong(found)
        assert "paused" in found["domain-left", "web1"]["is"]
        found = look(host, "--mend", status=0)
        assert found["domain-left", "web1"]["mended"], wrong(found)
        assert host.state("web1") == "running"
        assert level(look(host, status=0), "leftover") == "ok"
        check_all(host, set())


def mend_fails():
    """What cannot be mended is said, and the exit status is 1."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        host.fault("rescue")
        found = look(host, "--mend", status=1)
        f = found["domain-left", "web1"]
        assert not f["mended"], f
        assert f["did"].startswith("could not be mended: "), f
        assert host.state("web1") == "suspended"
        host.mend()
        look(host, "--mend", status=0)
        assert host.state("web1") == "running"
        check_all(host, set())


def not_ours():
    """A domain that somebody else suspended is told of, and left alone."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.set_state("web1", "suspended")
        found = look(host, "--mend", status=3)
        assert wrong(found) == [("domain-suspended", "web1")], wrong(found)
        assert "xl destroy web1" in found["domain-suspended", "web1"]["mend"]
        assert host.state("web1") == "suspended"
        host.fault("xen-minor", 20)
        found = look(host, status=3)
        assert found["domain-suspended", "web1"]["mend"] == "xl resume web1"


def paused_beside():
    """Paused by its admin, and something was left that has not to do with it:
    that is mended, and the domain left alone (inv. 6)."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1@x")
        assert result.status == 0, result
        (host.root / "web1" / "x").rename(host.root / "web1" / ".x.deleting")
        host.set_state("web1", "paused")
        found = look(host, "--mend", status=0)
        assert found["leftover", "web1@x"]["mended"], wrong(found)
        assert level(found, "domain-paused", "web1") == "note", wrong(found)
        assert host.state("web1") == "paused"


def crashed():
    """Kept by its on_crash: told, and none that runs."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.set_state("web1", "crashed")
        found = look(host, status=0)
        assert level(found, "domain-crashed", "web1") == "note", wrong(found)
        assert "xl destroy web1" in found["domain-crashed", "web1"]["mend"]


def at_work():
    """While a process is at work on a domain nothing is wrong with it."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        assert host.state("web1") == "suspended"
        found = look(host, "--mend", status=0)
        assert level(found, "busy", "web1") == "note", wrong(found)
        assert wrong(found) == [], found
        assert host.state("web1") == "suspended"
        host.kill(p)
        host.run("recover")
        check_all(host, set())


def leftover_view():
    """A view whose snapshot is gone."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        for path in (host.root / "web1" / "x").iterdir():
            path.unlink()
        (host.root / "web1" / "x").rmdir()
        found = look(host, status=3)
        left = [k[1] for k in found if k[0] == "leftover"]
        assert len(left) == 2, wrong(found)
        shutil.rmtree(host.root / "web1")
        assert wrong(look(host, status=3)) == wrong(found)
        assert not (host.root / "web1").exists(), "looking made a folder"
        found = look(host, "--mend", status=0)
        assert all(found["leftover", v]["mended"] for v in left), wrong(found)
        look(host, status=0)
        check_all(host, set())


def monitors():
    """A domain without a monitor, and one whose monitor is stopped."""
    with Host() as host:
        host.domain("lost", DISKS, monitor=False)
        host.domain("web1", ("vg0/w",))
        monitor = host.monitors["web1"].pid
        os.kill(monitor, 19)
        found = look(host, status=3)
        assert wrong(found) == [("domain-monitor", "lost"),
                                ("domain-monitor-stopped", "web1")], wrong(found)
        assert found["domain-monitor-stopped", "web1"]["mend"] == \
            f"kill -CONT {monitor}"
        os.kill(monitor, 18)
        host.fault("xen-minor", 20)  # where it has another reason
        assert level(look(host, status=0), "domain-monitor", "lost") == "note"


def unseen():
    """A process that may not look at others of more rights, as in a service
    without CAP_SYS_PTRACE: that is said, and not that there is no monitor."""
    with Host() as host:
        host.domain("web1", ("vg0/w",))
        look(host, status=0)
        found = look(host, status=3, by=(
            "setpriv", "--bounding-set=-sys_ptrace", "--"))
        assert wrong(found) == [("domain-monitor-unknown", "web1")], \
            wrong(found)
        assert "CAP_SYS_PTRACE" in found["domain-monitor-unknown",
                                         "web1"]["is"], found


def memory():
    """A domain whose memory cannot be kept."""
    with Host() as host:
        host.domain("gpu", DISKS, save="a device is passed through")
        found = look(host, status=0)
        assert "passed through" in found["domain-memory", "gpu"]["is"], wrong(found)


run_cases([
    ("all is well: exit 0", healthy),
    ("a monitor that may not be looked at", unseen),
    ("faults of versions", versions),
    ("no shadow paging", no_shadow),
    ("Xen does not answer", no_answer),
    ("a domain left suspended: told, mended, gone", left_suspended),
    ("a domain left paused: the same", left_paused),
    ("what cannot be mended: exit 1", mend_fails),
    ("suspended by somebody else: left alone", not_ours),
    ("paused by its admin beside a leftover", paused_beside),
    ("crashed and kept", crashed),
    ("a process at work: nothing is wrong", at_work),
    ("a view without a snapshot", leftover_view),
    ("monitors of xl's", monitors),
    ("memory that cannot be kept", memory),
])
