#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that can go wrong while a disk is copied: kill -9 and Ctrl-C at each
place, a full file system, a disk that cannot be read or changes its size, and
what makes a long copy useless.  The domain runs, and nothing is left."""
import functools
import os
import shutil
import signal
import subprocess

from copyhost import MIB, UNDONE, failed, kept, new_host, resumed
from simcheck import (check_all, check_nothing_to_recover, check_running,
                      run_cases)
from simhost import BIN, GIVE_UP, Host, wait_until

# A hole that takes minutes to copy, even though nothing is in it.
ENDLESS = 8 << 40


def killed(place, both):
    """create dies at @place, with its watchdog or without."""
    host, _ = new_host()
    with host:
        p = host.stopped_at(place, "create", "web1@x", "--copy")
        assert p, f"{place} was not reached"
        host.kill(p, watchdog=both)
        if not both:
            check_running(host, "web1")
        result = host.run("recover")
        assert result.status == 0, result
        check_all(host, kept(host))
        check_nothing_to_recover(host)
        if kept(host):
            assert host.run("delete", "web1@x").status == 0
        assert host.run("create", "web1@x", "--copy").status == 0
        check_all(host, {"web1@x"})


def watchdog_killed(place):
    """Without its watchdog it goes on or gives up, in good order."""
    host, _ = new_host()
    with host:
        p = host.stopped_at(place, "create", "web1@x", "--copy")
        for pid in host.watchdogs(p):
            os.kill(pid, signal.SIGKILL)
        result = resumed(host, p)
        assert result.status in (0, 1), result
        check_all(host, {"web1@x"} if result.status == 0 else set())
        check_nothing_to_recover(host)


def delete_killed():
    """delete, and the recover after it, are killed at each of their places."""
    host, _ = new_host()
    with host:
        assert host.run("create", "web1@x", "--copy").status == 0
        places = host.trace("delete", "web1@x")
        for place in places:
            assert host.run("create", "web1@x", "--copy").status == 0
            result = host.run("delete", "web1@x", XENSNAP_DIE_AT=place)
            assert result.status == -signal.SIGKILL, result
            host.run("recover", XENSNAP_DIE_AT="delete.view#2")
            assert host.run("recover").status == 0
            check_all(host, set())
            check_nothing_to_recover(host)


def interrupted(place, sig):
    """Ctrl-C at @place: the domain runs, and nothing is left."""
    host, _ = new_host(20 * MIB)
    with host:
        p = host.stopped_at(place, "create", "web1@x", "--copy", "--stop")
        assert p, f"{place} was not reached"
        p.send_signal(sig)
        result = resumed(host, p)
        failed(host, result, "stopped on request", UNDONE)


def parts(host):
    """How often the copy that was traced came to the end of a part."""
    return (host.dir / "trace").read_text().count("disk.copy.part")


def given_up(knob, sig):
    """A long copy is not waited for, when the memory cannot be saved or by
    Ctrl-C."""
    host, _ = new_host(ENDLESS)
    with host:
        trace = host.dir / "trace"
        if knob:
            host.fault(knob)
        p = host.start("create", "web1@x", "--copy",
                       XENSNAP_TRACE_FAIL=str(trace))
        if sig:
            wait_until("the copy", lambda: trace.exists() and parts(host) > 2)
            p.send_signal(sig)
        result = host.finish(p)
        assert parts(host) < ENDLESS // MIB, "it was copied to its end"
        host.mend()
        failed(host, result, "stopped on request" if sig else "save failed",
               UNDONE)


def one_fails():
    """When another view fails the copy is given up, and the reason is told,
    not that."""
    with Host() as host:
        path = host.file("plain.img", ENDLESS)
        host.domain("web1", (), extra=[f"xvda {path} phy rw",
                                       "xvdb disks/thin0/logs phy rw"])
        host.disk("thin0/logs")
        host.fault("view")
        trace = host.dir / "trace"
        result = host.run("create", "web1@x", "--copy",
                          XENSNAP_TRACE_FAIL=str(trace))
        assert parts(host) < ENDLESS // MIB, "it was copied to its end"
        host.mend()
        failed(host, result, "disk xvdb", "simulated: view", UNDONE)


def source_changes(place, how):
    """The file gets another size while it is copied (whether before or after
    the first look at it is open: a stop takes a moment to reach all
    threads)."""
    host, path = new_host(20 * MIB)
    with host:
        p = host.stopped_at(place, "create", "web1@x", "--copy")
        size = path.stat().st_size
        os.truncate(path, size + 4096 if how == "grows" else size // 2)
        result = resumed(host, p)
        os.truncate(path, size)
        failed(host, result, "disk xvdc", str(path), UNDONE)
        assert "changed its size" in result.err or (
            how == "shrinks" and "it ends at" in result.err), result


def source_vanishes():
    """The file loses its name: the domain goes on with it, and so do we."""
    host, path = new_host()
    with host:
        away = path.with_name("away")
        # Where no thread is playing the guest.
        p = host.stopped_at("instant.begin", "create", "web1@x", "--copy")
        path.rename(away)
        result = resumed(host, p)
        assert result.status == 0, result
        away.rename(path)
        check_all(host, {"web1@x"})


def strace(host, inject, *args, path=None):
    """Run xensnap with @inject done to its system calls, on @path alone."""
    call = inject.split(":", maxsplit=1)[0]
    return subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
         f"inject={inject}", *(("-P", path) if path else ()), BIN, *args],
        env=host.env(ASAN_OPTIONS="detect_leaks=0"), text=True,
        capture_output=True, check=False, timeout=GIVE_UP)


def read_error(when):
    """The disk cannot be read: at its first block, that is found out before
    the pause; later, the domain goes on."""
    if not shutil.which("strace"):
        return "no strace"
    host, path = new_host(20 * MIB)
    with host:
        with open(path, "r+b") as f:
            f.seek(2 * MIB)
            f.write(os.urandom(4 * MIB))
        result = strace(host, f"pread64:error=EIO:when={when}", "create",
                        "web1@x", "--copy", path=path)
        assert result.returncode == 1, result
        line = result.stderr.splitlines()[-1]
        for word in ("disk xvdc", str(path), "Input/output error"):
            assert word in line, result
        assert (UNDONE in line) == (when != "1"), result
        check_all(host, set())
        check_nothing_to_recover(host)
    return None


def each_fsync_fails():
    """Nothing is left, or it is told; the copy is fsynced before the commit,
    and not while the domain stands still."""
    if not shutil.which("strace"):
        return "no strace"
    host, _ = new_host()
    with host:
        log = host.dir / "strace"
        subprocess.run(
            ["strace", "-f", "-y", "-o", log, "-e",
             "trace=fsync,renameat,pread64,openat", BIN, "create", "web1@n",
             "--copy"],
            env=host.env(ASAN_OPTIONS="detect_leaks=0"), check=True,
            capture_output=True)
        lines = log.read_text().splitlines()
        at = {what: next(i for i, line in enumerate(lines)
                         if all(word in line for word in words))
              for what, words in (
                  ("copy", ("fsync(", "/.n.partial/xvdc.img")),
                  ("resume", ("domains/web1/state.new",)),
                  ("commit", ("renameat(", '".n.partial"')))}
        running = [i for i, line in enumerate(lines)
                   if "domains/web1/state.new" in line]
        assert running[-1] < at["copy"] < at["commit"], at
        n = len([line for line in lines if "fsync(" in line])
        assert host.run("delete", "web1@n").status == 0
        for i in range(1, n + 2):
            result = strace(host, f"fsync:error=EIO:when={i}", "create",
                            "web1@x", "--copy")
            assert "Sanitizer" not in result.stderr, result
            if result.returncode == 0:
                check_all(host, {"web1@x"})
                assert host.run("delete", "web1@x").status == 0
            else:
                assert "Input/output error" in result.stderr, result
            check_nothing_to_recover(host)
            check_all(host, set())
    return None


def with_small_root(host, size, *args, **env):
    """Start xensnap with a file system of its own, of @size bytes, to keep
    snapshots in; None when that cannot be had."""
    host.root.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size},mode=700 none {host.root}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False,
                      capture_output=True).returncode:
        return None
    p = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", BIN,
         *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=host.env(**env), cwd=host.dir)
    host.running.append(p)
    return p


def no_room_planned():
    """Memory and copies together do not fit: said so before anything is
    done."""
    host, path = new_host(8 * MIB)
    with host:
        path.write_bytes(os.urandom(8 * MIB))
        p = with_small_root(host, 4 * MIB, "create", "web1@x", "--copy")
        if not p:
            return "cannot mount"
        result = host.finish(p)
        assert result.status == 1, result
        line = result.error_lines()[-1]
        for word in (str(host.root), "4.0 MiB free", "8.1 MiB", "web1",
                     "the copies of its disks"):
            assert word in line, result
        assert "stood still" not in result.err, result
        check_running(host, "web1")
    return None


def no_room_meanwhile():
    """The file system becomes full in the middle of the copy."""
    host, path = new_host(16 * MIB)
    with host:
        p = with_small_root(host, 4 * MIB, "create", "web1@x", "--copy",
                            XENSNAP_STOP_AT="disk.copy.begin")
        if not p:
            return "cannot mount"
        wait_until("the copy", lambda: p.poll() is not None or "State:\tT" in
                   open(f"/proc/{p.pid}/status").read())
        assert p.poll() is None, p.communicate()
        # More data than was planned for, of a disk of the same size.
        with open(path, "r+b") as f:
            f.seek(MIB)
            f.write(os.urandom(12 * MIB))
        result = resumed(host, p)
        assert result.status == 1, result
        line = result.error_lines()[-1]
        for word in ("No space left on device", UNDONE):
            assert word in line, result
        # The end of the memory is written at the same time.
        assert "disk xvdc" in line or "save page" in line, result
        check_running(host, "web1")
    return None


def main():
    """Which places there are is asked of the program."""
    host, _ = new_host()
    with host:
        places = host.trace("create", "web1@x", "--copy")
    ours = [p for p in places if p.startswith(("disk.copy", "view.inside",
                                               "instant", "journal.commit",
                                               "commit"))]
    for place in ("made", "begin", "part", "done", "synced"):
        assert f"disk.copy.{place}" in ours, places
    assert ours.index("instant.resumed") < ours.index("disk.copy.synced")
    cases = []
    for place in ours:
        cases += [(f"create dies at {place}",
                   functools.partial(killed, place, False)),
                  (f"create and its watchdog die at {place}",
                   functools.partial(killed, place, True))]
    for place in ("disk.copy.made", "disk.copy.part", "disk.copy.synced"):
        cases.append((f"the watchdog dies at {place}",
                      functools.partial(watchdog_killed, place)))
    for i, place in enumerate(("disk.copy.made", "disk.copy.begin",
                               "disk.copy.part", "disk.copy.part#7",
                               "disk.copy.done", "disk.copy.synced")):
        sig = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[i % 3]
        cases.append((f"{sig.name} at {place}",
                      functools.partial(interrupted, place, sig)))
    for place in ("disk.copy.begin", "disk.copy.part"):
        for how in ("grows", "shrinks"):
            cases.append((f"the file {how} at {place}",
                          functools.partial(source_changes, place, how)))
    cases += [
        ("delete and recover die", delete_killed),
        ("a long copy, and the memory fails",
         functools.partial(given_up, "save-middle", 0)),
        ("a long copy, and SIGINT",
         functools.partial(given_up, None, signal.SIGINT)),
        ("a long copy, and another view fails", one_fails),
        ("the file vanishes", source_vanishes),
        ("a read error at the begin", functools.partial(read_error, "1")),
        ("a read error later", functools.partial(read_error, "3+")),
        ("each fsync fails", each_fsync_fails),
        ("no room for memory and copies", no_room_planned),
        ("no room in the middle", no_room_meanwhile),
    ]
    run_cases(cases, leaks=False)


main()
