# SPDX-License-Identifier: LGPL-2.1-or-later
"""Labs by name: each a copy-on-write overlay of a frozen state."""

import contextlib
import json
import os
import re
import shutil
import time

import agent
import collect
import common
import machine
import states

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")


class Lab:
    """One lab: a machine in labs/NAME."""

    def __init__(self, name):
        if not NAME.match(name):
            raise common.LabError(f"{name!r}: no name for a lab")
        self.name = name
        self.dir = common.cache_dir() / "labs" / name
        self.machine = machine.Machine(self.dir)

    @contextlib.contextmanager
    def _locked(self):
        """One verb at a time; and nobody collects what we are to use."""
        with collect.kept():
            path = common.cache_dir() / "locks" / f"labs.{self.name}"
            with common.locked(path):
                yield

    def exists(self):
        """Whether there are disks to boot; an interrupted start left none."""
        return (self.dir / "ready").exists()

    def running(self):
        """Whether its QEMU runs; it may be that of an interrupted start."""
        return self.machine.pid() != 0

    def need(self):
        """LabError unless it runs."""
        if not self.running():
            raise agent.Gone(f"lab {self.name} does not run"
                             + (": it crashed; 'lab start' boots it"
                                if self.exists() else ""))

    def _remove(self):
        self.machine.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, state="xen", script=None, cold=False, fresh=False):
        """Resume a state in this lab, or boot a crashed lab's own disks."""
        began = time.monotonic()
        with self._locked():
            if self.running() and self.exists() and not fresh:
                raise common.LabError(f"lab {self.name} runs already")
            if self.exists() and not fresh:
                self._boot()
                how = "booted on its own disks"
            else:
                self._remove()
                self._create(states.find(state or "xen", script), cold)
                how = "booted" if cold else "resumed"
        collect.collect()
        common.say(f"{self.name}: {how}, {time.monotonic() - began:.1f} s")

    def _create(self, state, cold):
        images = states.images_of(state)
        parent = state.ensure(images)
        self.dir.mkdir(parents=True)
        try:
            machine.make_disks(self.dir, images[0], parent)
            spec = states.new_spec(images, state, parent)
            self.machine.write_spec(spec)
            self.machine.start(None if cold else parent / "memory")
            agent.set_clock(self.dir)
        except BaseException:
            self._remove()
            raise
        (self.dir / "ready").touch()

    def _boot(self):
        try:
            self.machine.start()
            agent.set_clock(self.dir)
        except common.LabError:
            self.machine.kill()
            raise

    def stop(self):
        """End it and throw its disks away; False if there was none."""
        with self._locked():
            there = self.dir.exists()
            self._remove()
        return there

    def crash(self, boot=True):
        """Pull the plug; then boot the same disks."""
        with self._locked():
            self.need()
            self.machine.kill()
            if boot:
                self._boot()

    def freeze(self, name):
        """Save it as a state, and let it go on as an overlay of that."""
        with self._locked():
            self.need()
            images = [common.cache_dir() / "images" / self.machine.spec()[k]
                      for k in ("base", "ours")]
            old = states.frozen().get(name)
            parent = states.freeze(self.machine, name)
            for disk in ("root.qcow2", "data.qcow2"):
                (self.dir / disk).unlink()
            machine.make_disks(self.dir, images[0], parent)
            spec = dict(self.machine.spec(), parent=parent.name)
            self.machine.write_spec(spec)
            self.machine.start(parent / "memory")
            agent.set_clock(self.dir)
            if old:
                # Its name is taken over; it goes when nothing needs it.
                (old / "replaced").touch()
        collect.collect()

    def describe(self):
        """What `list` shows."""
        try:
            spec = self.machine.spec()
        except (OSError, json.JSONDecodeError):
            spec = {}
        return {"name": self.name, "state": spec.get("state", "?"),
                "kernel": spec.get("kernel", "?"),
                "pid": self.machine.pid(),
                "status": "unfinished" if not self.exists() else
                "running" if self.running() else "crashed",
                "directory": str(self.dir)}


def every():
    """All labs of this cache."""
    top = common.cache_dir() / "labs"
    names = sorted(os.listdir(top)) if top.is_dir() else []
    return [Lab(n) for n in names if NAME.match(n)]
