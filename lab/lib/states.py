# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frozen states: a lab's memory and disks, from which labs resume.

A state is either made by a script or frozen by hand from a running lab.  A
script runs in dom0 and says in its first comment lines where it starts:

    # base: STATE           resume STATE, then run (none: fresh disks)
    # base: STATE cold      boot STATE's disks, then run
    # kernel: xen|plain     with a cold start: what is booted
    # memory: ALL DOM0      the same: how much (1536M 512M)
    # about: one line       shown by `lab list`

A state's name may carry an argument, NAME:ARGUMENT; the script gets it as
$1.  What a script makes is kept under a key of the script, its argument,
its base and the images; so it is made once, and again when any of them has
changed.
"""

import os
import pathlib
import re
import secrets
import shutil

import agent
import cache
import common
import machine
import ours

SCRIPT_LIMIT_S = 2400
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.]{0,40}$")


class Recipe:
    """How a state comes to be, with the key that follows from it."""

    def __init__(self, path, argument="", base=None):
        self.path = pathlib.Path(path)
        self.argument = argument
        self.name = self.path.name + (f":{argument}" if argument else "")
        self.text = self.path.read_text()
        head = dict(re.findall(r"^# (base|kernel|memory|about): *(.*?) *$",
                               self.text, re.M))
        words = (head.get("base") or "").split()
        if base:
            words = [base]
        self.cold = not words or words[1:] == ["cold"]
        self.base = find(words[0]) if words else None
        self.about = head.get("about", "")
        self.kernel = head.get("kernel") or (
            self.base.kernel if self.base else "plain")
        self.memory = head.get("memory") or (
            self.base.memory if self.base else machine.MEMORY)
        if self.kernel not in ("xen", "plain"):
            raise common.LabError(f"{path}: kernel {self.kernel}?")
        if not NAME.match(self.path.name):
            raise common.LabError(f"{self.path.name}: no name for a state")

    def key(self, images):
        """The entry's name below states/."""
        base = self.base.key(images) if self.base else ""
        name = re.sub(r"[^A-Za-z0-9_.]", "_", self.name)[:60]
        return f"{name}-" + common.digest(
            self.text, self.argument, self.kernel, self.memory, self.cold,
            base, machine.shape(), *[p.name for p in images])

    def ensure(self, images):
        """The directory of the state, made now if need be."""
        parent = self.base.ensure(images) if self.base else None
        return cache.make("states", self.key(images),
                          lambda work: self._build(work, images, parent))

    def _build(self, work, images, parent):
        common.say(f"making state {self.name}")
        m = machine.Machine(work)
        machine.make_disks(work, images[0], parent)
        m.write_spec(new_spec(images, self, parent))
        memory = parent / "memory" if parent and not self.cold else None
        m.start(incoming=memory, bound=True)
        try:
            _run_script(work, self.text, self.name, self.argument)
            m.save(work / "memory")
        except common.LabError as e:
            raise common.LabError(f"state {self.name}: {e} | {m.tail()}"
                                  ) from e
        finally:
            m.kill()
        tidy(work)


class Frozen:
    """A state frozen by hand; it is what it is."""

    def __init__(self, directory):
        self.dir = directory
        spec = machine.Machine(directory).spec()
        self.kernel = spec["kernel"]
        self.memory = spec.get("memory", machine.MEMORY)
        self.name = spec["state"]

    def key(self, _images):
        """The entry's name below states/."""
        return self.dir.name

    def ensure(self, _images):
        """The directory of the state."""
        os.utime(self.dir)
        if machine.Machine(self.dir).spec()["shape"] != machine.shape():
            raise common.LabError(f"state {self.name} was frozen by another "
                                  "QEMU or lab; freeze it again")
        return self.dir


def _run_script(work, text, name, argument):
    agent.set_clock(work)
    with open(work / "script.log", "wb") as log:
        status = agent.run(work, ["sh", "-eu", "-c", text, name, argument],
                           out=log.fileno(), err=log.fileno(),
                           timeout=SCRIPT_LIMIT_S,
                           sync_s=machine.BOOT_LIMIT_S)
        if status == 0:
            agent.output(work, ["sync"])
    if status:
        tail = (work / "script.log").read_text(errors="replace")
        raise common.LabError(f"its script ended with {status}: "
                              + " | ".join(tail.splitlines()[-8:]))


def new_spec(images, state, parent):
    """machine.json of a new machine that is or becomes a state."""
    return {"id": f"xensnap-lab-{secrets.token_hex(8)}",
            "base": images[0].name, "ours": images[1].name,
            "kernel": state.kernel, "memory": state.memory,
            "parent": parent.name if parent else "",
            "state": state.name, "shape": machine.shape()}


def tidy(work):
    """Leave in a state's directory only what a resume needs, and logs."""
    for path in work.iterdir():
        if path.is_socket() or path.name.startswith(("port", "pid", "qmp")):
            path.unlink()


def script_dir():
    """Where the scripts of the states that come with the lab are."""
    return common.LAB_DIR / "states"


def frozen():
    """All states frozen by hand, by name."""
    found = {}
    top = common.cache_dir() / "states"
    for path in top.glob("*+*") if top.is_dir() else []:
        if not (path / "replaced").exists():
            found[path.name.rsplit("+", 1)[0]] = path
    return found


def find(name, script=None):
    """The state of this name, or of this script path."""
    if script:
        return Recipe(script, base=name)
    path, _, argument = name.partition(":")
    if "/" not in path:
        path = script_dir() / path
    elif not os.path.isfile(path):
        raise common.LabError(f"{path}: no such state script")
    if os.path.isfile(path):
        return Recipe(path, argument)
    if name in frozen():
        return Frozen(frozen()[name])
    known = sorted([p.name for p in script_dir().iterdir()] + list(frozen()))
    raise common.LabError(f"no state {name}; there are: {', '.join(known)}")


def images_of(state):
    """The images this state stands on, built if need be."""
    if isinstance(state, Frozen):
        spec = machine.Machine(state.dir).spec()
        return (cache.entry("images", spec["base"]),
                cache.entry("images", spec["ours"]))
    root = state
    while isinstance(root, Recipe) and root.base:
        root = root.base
    return images_of(root) if isinstance(root, Frozen) else ours.image()


def freeze(m, name):
    """Save the running machine as state `name`; it is ended by that.

    Returns the state's directory.  The machine's own disks stay in place,
    so if we are interrupted it can still be booted cold.
    """
    if not NAME.match(name) or (script_dir() / name).exists():
        raise common.LabError(f"{name}: not free as a name for a state")
    spec = dict(m.spec(), state=name)

    def build(work):
        m.save(work / "memory")
        for disk in ("root.qcow2", "data.qcow2"):
            os.link(m.dir / disk, work / disk)
        shutil.copy(m.dir / "console.log", work / "console.log")
        machine.Machine(work).write_spec(spec)

    return cache.make("states", f"{name}+{secrets.token_hex(8)}", build)
