#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host crashes at every place: power off, and on again.

A reboot is played by killing everything, by what Xen and device-mapper forget,
and by giving every journal the boot id of an earlier life.  What was not
fsynced yet is lost: memory before the commit, half of the journal's last line.
Afterwards domains are as they were started (by somebody else): recover deals
with views and folders only.
"""
import functools
import json
import os
import shutil
import signal
import subprocess

from simcheck import (check_all, check_nothing_to_recover, check_snapshot,
                      run_cases)
from simhost import BIN, Host

DISKS = ("vg0/root", "thin0/logs", "vg0/data")
OTHER_BOOT = "00000000-1111-4222-8333-444444444444"


def power_cut(host, lost):
    """What is left after the lights went out.  @lost: files too."""
    for monitor in host.monitors.values():
        monitor.kill()
        monitor.wait()
    host.monitors.clear()
    for path in (host.world / "held").iterdir():
        path.unlink()
    for folder in (host.world / "domains").iterdir():
        for name in ("request", "saver", "logdirty"):
            (folder / name).unlink(missing_ok=True)
        host.set_state(folder.name, "running")
    for folder in host.root.glob("*/.*.partial"):
        journal = folder / "journal"
        if not journal.exists():
            continue
        lines = journal.read_text().splitlines()
        if lines:
            first = json.loads(lines[0])
            first["boot_id"] = OTHER_BOOT
            lines[0] = json.dumps(first)
            journal.write_text("\n".join(lines) + "\n")
        if lost:
            if lines and '"commit"' not in lines[-1]:
                os.truncate(folder / "memory.xl", 0) \
                    if (folder / "memory.xl").exists() else None
            with open(journal, "a") as f:
                f.write('{"step":"comm')


def crash_at(place, lost):
    """At @place of a create."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at(place, "create", "web1@x")
        assert p, f"{place} was not reached"
        host.kill(p, watchdog=True)
        power_cut(host, lost)
        result = host.run("recover")
        assert result.status == 0, result
        assert "was resumed" not in result.out, result
        names = set(host.run("list", "--names").out.split())
        if "commit" in place and not place.endswith(".before"):
            assert names or place == "journal.commit.after", place
        check_all(host, names)
        check_nothing_to_recover(host)


def admins_domain():
    """After the reboot a domain of the same domid and uuid stands still by the
    admin's wish: recover must not let it go on (inv. 6)."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        power_cut(host, False)
        host.set_state("web1", "suspended")
        result = host.run("recover")
        assert result.status == 0, result
        assert host.state("web1") == "suspended"
        host.set_state("web1", "running")
        check_all(host, set())


def another_domain():
    """The domid was used anew, on the same boot: the uuid tells."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        config = host.world / "domains" / "web1" / "config"
        lines = [line for line in config.read_text().splitlines()
                 if not line.startswith("uuid=")]
        config.write_text("\n".join([*lines, f"uuid={OTHER_BOOT}"]) + "\n")
        result = host.run("recover")
        assert result.status == 0, result
        assert "was resumed" not in result.out, result
        assert host.state("web1") == "suspended"


def domain_gone():
    """The domain was destroyed while xensnap was dead."""
    with Host() as host:
        host.domain("web1", DISKS, monitor=False)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        shutil.rmtree(host.world / "domains" / "web1")
        result = host.run("recover")
        assert result.status == 0, result
        check_all(host, set())


def paused_meanwhile():
    """The admin paused the domain after the death: it stays paused."""
    with Host() as host:
        host.domain("web1", DISKS, monitor=False)
        p = host.stopped_at("journal.instant.after", "create", "web1@x")
        host.kill(p, watchdog=True)
        host.set_state("web1", "paused")
        result = host.run("recover")
        assert result.status == 0, result
        assert host.state("web1") == "paused"
        check_all(host, set(), domains=())


def saved_by_others():
    """Somebody else saves the domain by now: it is left alone, and recover
    comes again later."""
    with Host() as host:
        host.domain("web1", DISKS, monitor=False)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        start = open(f"/proc/{os.getpid()}/stat").read().split()[21]
        saver = host.world / "domains" / "web1" / "saver"
        saver.write_text(f"{os.getpid()} {start}")
        result = host.run("recover")
        assert result.status == 1, result
        assert "saving" in result.err, result
        assert host.state("web1") == "suspended"
        saver.unlink()
        result = host.run("recover")
        assert result.status == 0 and "was resumed" in result.out, result
        check_all(host, set())


def traced(host, *args):
    """The fsyncs and renames of a run, as strace tells them."""
    log = host.dir / "strace"
    env = host.env(ASAN_OPTIONS="detect_leaks=0")
    subprocess.run(["strace", "-f", "-y", "-o", log, "-e",
                    "trace=fsync,fdatasync,rename,renameat,renameat2", BIN,
                    *args], env=env, check=True, capture_output=True)
    return log.read_text().splitlines()


def order_of_durability():
    """Before the rename that makes the snapshot all of it is fsynced, and
    after it the folder; and never while the domain stands still."""
    if not shutil.which("strace"):
        return "no strace"
    with Host() as host:
        host.domain("web1", DISKS)
        lines = traced(host, "create", "web1@x")
        commit = next(i for i, line in enumerate(lines)
                      if "renameat" in line and '".x.partial"' in line)
        before, after = lines[:commit], lines[commit:]
        for name in ("memory.xl", "journal", ".snapshot.json.new",
                     ".domain.json.new"):
            written = [i for i, line in enumerate(before)
                       if "sync(" in line and line.split(">")[0].endswith(
                           f"/.x.partial/{name}")]
            assert written, f"{name} is not fsynced before the commit"
        assert any("fsync(" in line and ".x.partial>" in line
                   for line in before), "the folder is not fsynced"
        assert any("fsync(" in line and "/web1>" in line for line in after), \
            "the commit is not fsynced"
        check_all(host, {"web1@x"})
    return None


def failing_fsync():
    """Each fsync of a create fails in turn: nothing is left, or it is told."""
    if not shutil.which("strace"):
        return "no strace"
    with Host() as host:
        host.domain("web1", DISKS)
        n = len([line for line in traced(host, "create", "web1@n")
                 if "fsync(" in line and str(host.root) in line])
        assert n > 8, n
        assert host.run("delete", "web1@n").status == 0
        for i in range(1, n + 4):
            result = subprocess.run(
                ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                 f"inject=fsync:error=EIO:when={i}", BIN, "create", "web1@x"],
                env=host.env(ASAN_OPTIONS="detect_leaks=0"), text=True,
                capture_output=True, check=False)
            assert "Sanitizer" not in result.stderr, result
            if result.returncode == 0:
                # disk_warm()'s, whose failure is none; or none was left.
                check_all(host, {"web1@x"})
                assert host.run("delete", "web1@x").status == 0
            else:
                assert result.returncode == 1, result
                assert "Input/output error" in result.stderr, result
            check_nothing_to_recover(host)
            check_all(host, set())
    return None


def main():
    """Which places there are is asked of the program."""
    with Host() as host:
        host.domain("web1", DISKS)
        places = host.trace("create", "web1@x")
    cases = []
    for i, place in enumerate(places):
        cases.append((f"the host crashes at {place}",
                      functools.partial(crash_at, place, i % 2 == 1)))
    cases += [
        ("a domain that stands still by the admin's wish", admins_domain),
        ("another domain of the same domid", another_domain),
        ("a domain that is gone", domain_gone),
        ("a domain that was paused meanwhile", paused_meanwhile),
        ("a domain that others save", saved_by_others),
        ("what is durable when", order_of_durability),
        ("each fsync fails", failing_fsync),
    ]
    run_cases(cases, leaks=False)


main()
