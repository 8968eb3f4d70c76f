#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals at each moment of a backup and of a restore; a reader that goes; who
is taken for dead while he is stopped.  Every day some moments, LONG=1 all."""
import contextlib
import functools
import json
import os
import pty
import re
import signal
import subprocess
import termios
import time

from callworld import GIVE_UP, LIB, why_not
from repoworld import BIN, MIB, World, data
from simcheck import run_cases

BACKUP = ("backup", "--disk", "{disk}", "--name", "new", "{repo}")
RESTORE = ("restore", "{repo}", "old", "--to", "{to}")
SIGNALS = {
    "INT": [signal.SIGINT],
    "INT twice": [signal.SIGINT, signal.SIGINT],
    "INT a hundred times": [signal.SIGINT] * 100,
    "TERM": [signal.SIGTERM],
    "HUP": [signal.SIGHUP],
}


def stopped(w, at, args):
    """It, stopped before the @at-th call that can change something; None if it
    came to its end."""
    env = w.environment(LD_PRELOAD=str(LIB), FAULT_CALLS="changes",
                        FAULT_DO="stop", FAULT_AT=str(at))
    p = subprocess.Popen(  # pylint: disable=consider-using-with
        [BIN, *args], env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = os.waitid(os.P_PID, p.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if found.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED):
        return p
    assert p.wait() == 0, p.stderr.read()
    p.stderr.close()
    return None


def each_stop(args, act, every):
    """@act on it, stopped before every call that can change something."""
    with World() as w:
        w.backup(data(1, MIB), "old")
        w.disk.write_bytes(data(2, MIB))
        to, n = w.top / "to", 0
        words = [x.format(disk=w.disk, repo=w.repo, to=to) for x in args]
        for at in range(1, 1000, every):
            to.unlink(missing_ok=True)
            p = stopped(w, at, words)
            if not p:
                break
            n += 1
            act(w, p, at)
            assert w.names().count("old") == 1
            assert not to.exists() or to.read_bytes() == data(1, MIB)
        print(f"# {args[0]}: {n} stops", flush=True)
        assert n > 40 // every, n
        w.whole()


def signalled(args, name, every):
    """It ends in order, done or not; nothing is half there."""
    def act(w, p, at):
        # Not as the same host: it may hold the lock of what that remembers.
        backups = w.names(host="c").count("new")
        for number in SIGNALS[name]:
            p.send_signal(number)
        p.send_signal(signal.SIGCONT)
        _, said = p.communicate(timeout=GIVE_UP)
        assert p.returncode in (0, 1, -SIGNALS[name][0]), (at, p, said)
        if p.returncode == 1:
            assert "stopped on request" in said, (at, said)
            assert len(said.splitlines()) == 1, (at, said)
        if args is BACKUP:
            now = w.names().count("new") - backups
            assert now == (p.returncode == 0) or p.returncode < 0, (at, said)
    each_stop(args, act, every)


def broken(every):
    """A prune takes for dead whoever is stopped; then he may not commit, or he
    had already."""
    def act(w, p, at):
        backups = w.names(host="c").count("new")
        result = w.run("prune", w.repo, "--keep-last", "999", "--wait", "0",
                       "--break-after", "1", "--json", host="c",
                       LD_PRELOAD=str(LIB), FAULT_CLOCK=str(3 * 24 * 3600))
        assert result.returncode == 0, result
        report = json.loads(result.stdout)
        p.send_signal(signal.SIGCONT)
        _, said = p.communicate(timeout=GIVE_UP)
        now = w.names().count("new") - backups
        assert now == (p.returncode == 0), (at, said)
        if report["sessions_broken"]:
            assert p.returncode == 1 and now == 0, (at, said)
            assert re.search("broken|taken for dead", said), (at, said)
        w.whole()
    each_stop(BACKUP, act, every)


def reader_is_gone():
    """restore - | head -c 1"""
    with World() as w:
        w.backup(data(1, 8 * MIB), "old")
        p = subprocess.run(
            ["bash", "-c", '"$@" | head -c 1 | wc -c; echo ${PIPESTATUS[0]}',
             "bash", BIN, "restore", str(w.repo), "old", "--to", "-"],
            capture_output=True, text=True, timeout=GIVE_UP, check=False,
            env=w.environment())
        assert p.stdout.split() == ["1", "1"], p
        assert "Broken pipe" in p.stderr, p
        w.whole()


def twice_with_a_breath():
    """Who hangs where nothing can be asked of him ends by a second SIGINT, if
    it comes later than the first by more than one Ctrl-C lasts."""
    with World() as w:
        w.backup(data(1, 8 * MIB), "old")
        with subprocess.Popen(
                [BIN, "restore", str(w.repo), "old", "--to", "-"],
                env=w.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
            # Of more than a pipe holds: it waits for us, who read no more.
            p.stdout.read(1)
            for _ in range(10):
                p.send_signal(signal.SIGINT)
            time.sleep(1.5)
            assert p.poll() is None, p.communicate()
            p.send_signal(signal.SIGINT)
            said = p.communicate(timeout=GIVE_UP)[1].decode()
        assert p.returncode == -signal.SIGINT, (p.returncode, said)
        assert said == "", said
        w.whole()


def at_the_passphrase():
    """Ctrl-C where it is asked for ends the command and shows again what is
    typed."""
    with World() as w:
        pid, tty = pty.fork()
        if pid == 0:
            env = w.environment()
            env = {k: v for k, v in env.items()
                   if k not in ("XENSNAP_KEY_FILE", "XENSNAP_PASSPHRASE_FILE")}
            os.execve(BIN, [BIN, "backups", str(w.repo)], env)
        said = b""
        while not said.endswith(b"Passphrase: "):
            said += os.read(tty, 100)
        assert not termios.tcgetattr(tty)[3] & termios.ECHO
        os.write(tty, b"half\x03")
        # What it wrote, until it is gone: then that is an error on Linux.
        with contextlib.suppress(OSError):
            while more := os.read(tty, 1000):
                said += more
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 1, said
        assert said.count(b"\n") == 2 and b"stopped on request" in said, said
        assert termios.tcgetattr(tty)[3] & termios.ECHO
        os.close(tty)


def main():
    """One case for each kind."""
    cases = [
        ("restore to a reader that goes", reader_is_gone),
        ("INT twice with a breath between", twice_with_a_breath),
        ("Ctrl-C at the passphrase", at_the_passphrase)]
    anywhere = len(cases)
    why = why_not()
    every = 1 if "LONG" in os.environ else 26
    for args in BACKUP, RESTORE:
        for name in SIGNALS:
            cases.append((f"{args[0]}: {name}", functools.partial(
                signalled, args, name, every)))
    cases.append(("stopped, and broken by a prune",
                  functools.partial(broken, every)))
    if why:
        cases[anywhere:] = [(name, functools.partial(str, why))
                     for name, _ in cases[anywhere:]]
    run_cases(cases)


main()
