# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a program that prints TAP, and judge what it printed.

A program that ends early, by a signal or with a status of its own without a
failed case, or whose plan is not what came, has failed: a test that stops
half-way must not look like one that passed.
"""
import collections
import itertools
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field

CASE = re.compile(r"^(not )?ok\b(.*)")
PLAN = re.compile(r"^1\.\.(\d+)(.*)")
SKIP = re.compile(r"#\s*skip", re.IGNORECASE)


@dataclass
class Result:
    """What one program came to."""
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list = field(default_factory=list)
    logs: list = field(default_factory=list)

    def fail(self, why):
        """One more failure, and why."""
        self.failed += 1
        self.failures.append(why)


def tail(path, n):
    """The last @n lines of a file."""
    with open(path, errors="replace") as f:
        return [line.rstrip("\n") for line in collections.deque(f, n)]


def matching(path, pattern, n):
    """The first @n lines of a file in which @pattern is found."""
    with open(path, errors="replace") as f:
        return [line.rstrip("\n") for line in itertools.islice(
            (line for line in f if re.search(pattern, line)), n)]


def logged(argv, log, env, cwd):
    """Run @argv with its output added to @log; did it succeed?"""
    with open(log, "ab") as f:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=f,
                              stderr=f, env=env, cwd=cwd,
                              check=False).returncode == 0


def stop(process):
    """End a program and its children; a lab that it started needs a moment."""
    for sig, seconds in (signal.SIGTERM, 30), (signal.SIGKILL, 10):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            pass
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            pass


def hear_signals():
    """Let what we start hear the signals that some of the tests are about.

    A shell lets what it starts in the background ignore Ctrl-C, nohup what it
    starts ignore hang-ups, and so would all that comes of it.  A signal with a
    handler, as opposed to one that is ignored, is a program's own again.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


def comments(lines):
    """Those that @lines begin with, 20 at most."""
    return list(itertools.takewhile(lambda line: line.startswith("#"),
                                    lines[:20]))


def judge(result, text):
    """Count the cases in @text; was there a plan, and was it kept?"""
    plan, cases, skip_all, told = None, 0, False, False
    lines = text.splitlines()
    for i, line in enumerate(lines):
        m = PLAN.match(line)
        if m:
            plan = (plan or 0) + int(m[1])
            skip_all = plan == 0 and bool(SKIP.search(m[2]))
        if line.startswith("Bail out!"):
            result.fail(line)
        m = CASE.match(line)
        if not m:
            continue
        cases += 1
        if SKIP.search(m[2]):
            result.skipped += 1
        elif m[1]:
            # A script tells what it saw before its verdict, Python's tests
            # and cmocka after it.
            before = [] if told else comments(lines[:i][::-1])[::-1]
            result.failures += ["  " + said for said in before]
            result.fail(line)
            result.failures += ["  " + said
                                for said in comments(lines[i + 1:])]
        else:
            result.passed += 1
        told = bool(m[1])
    if skip_all:
        result.skipped += 1
    elif plan is None:
        result.fail("it printed no plan (1..N)")
    elif plan != cases:
        result.fail(f"its plan says {plan} cases, but there were {cases}")


RUNNING = set()


def stop_all():
    """End the test programs that run."""
    for process in list(RUNNING):
        stop(process)


def run(label, path, env, seconds, out, cwd):
    """Run the test program @path for at most @seconds."""
    base = re.sub("[/ ]", "-", label)
    std, log = out / f"{base}.tap", out / f"{base}.log"
    result = Result(label, logs=[std, log])
    begin = time.monotonic()
    late = False
    with open(std, "wb") as f, open(log, "wb") as g:
        process = subprocess.Popen([path], stdin=subprocess.DEVNULL, stdout=f,
                                   stderr=g, env=env, cwd=cwd,
                                   start_new_session=True)
        RUNNING.add(process)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
            stop(process)
        finally:
            RUNNING.discard(process)
    result.seconds = time.monotonic() - begin
    judge(result, std.read_text(errors="replace"))
    if late:
        result.fail(f"it took over {seconds} s")
    elif process.returncode and not result.failed:
        result.fail(f"it ended with status {process.returncode}")
    if result.failed:
        result.failures += ["| " + line for line in tail(log, 15)]
    else:
        for path_ in (std, log):
            path_.unlink()
        result.logs = []
    return result
