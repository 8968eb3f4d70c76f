# SPDX-License-Identifier: LGPL-2.1-or-later
"""A lab of one's own for a benchmark or the demo, gone when it ends."""

import json
import os
import subprocess

from lib import TOP, Failed, program

DOM0_LIB = "/root/test/lib/"


def parse(text):
    """NAME=VALUE lines, and one JSON object behind them under "json"."""
    head, brace, rest = text.partition("{")
    found = dict(line.split("=", 1) for line in head.splitlines()
                 if "=" in line)
    if brace:
        found["json"] = json.loads(brace + rest)
    return found


class Lab:
    """With it: a lab runs.  After it: it does not, whatever happened."""

    def __init__(self, name, state):
        # Several may run side by side.
        self.name = f"{name}-{os.getpid()}"
        self.state = state

    def _lab(self, *words, **kw):
        return subprocess.run([TOP / "lab/lab", "-n", self.name, *words],
                              check=False, **kw)

    def __enter__(self):
        try:
            if self._lab("start", "--state", self.state,
                         stdin=subprocess.DEVNULL).returncode:
                raise Failed("the lab did not start")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        """In a session of its own: a second Ctrl-C does not reach it."""
        self._lab("stop", stdin=subprocess.DEVNULL, start_new_session=True,
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_why):
        self.stop()

    def run(self, *words, timeout=600):
        """What a command in dom0 printed; its complaints go to stderr."""
        done = self._lab("run", "--timeout", str(timeout), "--", *words,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if done.returncode:
            raise Failed(f"in dom0: {' '.join(words)}: exit status "
                         f"{done.returncode}")
        return done.stdout.decode(errors="replace")

    def equip(self, *scripts):
        """Bring xensnap and the scripts into dom0."""
        self.run("mkdir", "-p", DOM0_LIB)
        for sources, target in (
                ([program()], "/usr/local/sbin/xensnap"),
                ([*(TOP / "test/lib").glob("*.sh"), TOP / "bench/ways.sh",
                  TOP / "lab/witness/witness-verdict"], DOM0_LIB),
                (scripts, "/root/")):
            if sources and self._lab(
                    "push", *sources, target,
                    stdin=subprocess.DEVNULL).returncode:
                raise Failed(f"{sources[0]} did not get into dom0")

    def push(self, source, target):
        """One more file for dom0."""
        if self._lab("push", source, target,
                     stdin=subprocess.DEVNULL).returncode:
            raise Failed(f"{source} did not get into dom0")

    def pull(self, source, target):
        """A file of dom0's."""
        if self._lab("pull", source, target,
                     stdin=subprocess.DEVNULL).returncode:
            raise Failed(f"{source} did not come out of dom0")

    def step(self, script, *words, timeout=900):
        """One call of a script that was brought there, its results parsed."""
        return parse(self.run("sh", f"/root/{script}", *words,
                              timeout=timeout))

    def log_tail(self):
        """The last that the programs said that ways.sh ran."""
        return self.run("sh", "-c", "tail -n 12 /root/ways.log")


def judge(what, told):
    """Every verdict of a run must be good."""
    for key in ("verdict", "back_verdict"):
        if key in told and told[key] != "one-instant":
            raise Failed(f"{what}: {key} is "
                             f"{told[key] or 'missing'}; no figures")


def own_figures(told):
    """What xensnap itself says about a snapshot."""
    snapshot = told["json"]
    phases = snapshot["phases_ms"]
    yield "own_pause_ms", snapshot["pause_ms"]
    for name, ms in phases.items():
        yield f"phase_{name}_ms", ms
    yield "io_stall_ms", max(d["io_stall_ms"] for d in snapshot["disks"])
