# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated Xen host, and xensnap run on it.

The host is a folder; its format is told in test/lib/sim_world.h, and what is
simulated in src/domain/domain_sim.c and src/disk/disk_sim.c.  The program is
the real one, built with -Dsim=true -Dfail_points=true:

    XENSNAP_BIN     the program (default: build/sim/src/xensnap)
    XENSNAP_BUILD   its build folder
    TMPDIR          where hosts are made (default: /dev/shm, which needs no
                    disk; the tests fsync a lot)
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("XENSNAP_BUILD", TOP / "build" / "sim"))
BIN = pathlib.Path(os.environ.get("XENSNAP_BIN", BUILD / "src" / "xensnap"))
PAGE = 4096
GIVE_UP = 120  # seconds, after which something hangs (a busy machine is slow)

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """The watchdog outlives xensnap; this way it becomes our child and can be
    waited for, instead of slept for.  Once in each process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


adopt_orphans()


@dataclass
class Result:
    """What one run of xensnap came to."""
    status: int
    out: str
    err: str

    def error_lines(self):
        """stderr without notices and warnings: errors only."""
        return [line for line in self.err.splitlines()
                if line.startswith("xensnap: ")
                and not line.startswith("xensnap: warning: ")]


def stat_of(pid):
    """(state, parent, start) of a process, or None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], int(fields[1]), int(fields[19])


def name_of(pid):
    """What a process calls itself, or "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children_of(pid):
    """The children of a process that are not zombies."""
    found = []
    for entry in os.listdir("/proc"):
        st = stat_of(entry) if entry.isdigit() else None
        if st and st[1] == pid and st[0] != "Z":
            found.append(int(entry))
    return found


def wait_until(what, condition, seconds=GIVE_UP):
    """Wait until condition() is true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.002)


class Host:
    """One simulated host; a context manager that removes it."""
    domains = 0

    def __init__(self):
        base = os.environ.get("TMPDIR") or (
            "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-sim.",
                                                 dir=base))
        self.world = self.dir / "world"
        self.root = self.dir / "root"
        for name in ("domains", "disks", "groups", "held", "views", "faults"):
            (self.world / name).mkdir(parents=True)
        self.monitors = {}
        self.watched = {}  # name: the domid its monitor knows
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in [*self.running, *self.monitors.values()]:
            if p.poll() is None:
                p.kill()
                p.wait()
            for pipe in (p.stdout, p.stderr):
                if pipe:
                    pipe.close()
        self.wait_for_orphans()
        shutil.rmtree(self.dir)

    # ---- the world ----

    def domain(self, name, disks=("vg0/root", "vg0/data"), **more):
        """Make a running domain.  @disks: "GROUP/NAME", in groups that begin
        with "thin" without a hold.  More: type, live, save, pages, extra (more
        disk lines), monitor (False: none)."""
        folder = self.world / "domains" / name
        folder.mkdir()
        # Of its own on this machine: a monitor is found by it.
        Host.domains += 1
        domid = os.getpid() % 1000000 * 1000 + Host.domains % 1000
        lines = [f"domid={domid}", f"uuid={uuid.uuid4()}",
                 f"type={more.get('type', 'PVH')}",
                 f"pages={more.get('pages', 12)}",
                 f"live={more.get('live', 'yes')}",
                 f"save={more.get('save', 'yes')}"]
        for i, disk in enumerate(disks):
            self.disk(f"{disk}")
            lines.append(f"disk=xvd{chr(97 + i)} disks/{disk} phy rw")
        lines += [f"disk={line}" for line in more.get("extra", [])]
        (folder / "config").write_text("\n".join(lines) + "\n")
        (folder / "memory").write_bytes(bytes(more.get("pages", 12) * PAGE))
        (folder / "state").write_text("running")
        for shared in ("control", "data"):
            (folder / "store" / shared / "xensnap").mkdir(parents=True)
        if more.get("monitor", True):
            self.start_monitor(name, domid)
        self.tick(11)
        return name

    def disk(self, name, size=300 * 1024):
        """Make disk "GROUP/NAME"; its size is no multiple of much."""
        path = self.world / "disks" / name
        path.parent.mkdir(exist_ok=True)
        with open(path, "wb") as f:
            f.truncate(size)
        room = self.world / "groups" / path.parent.name
        if not room.exists():
            room.write_text(f"{1 << 30}\n")

    def file(self, name, size=300 * 1024):
        """Make a file that no storage takes views of; its path, for a line in
        a domain's extra disks."""
        path = self.dir / "files" / name
        path.parent.mkdir(exist_ok=True)
        with open(path, "wb") as f:
            f.truncate(size)
        return path

    def start_monitor(self, name, domid):
        """The process by which xl watches over the domain."""
        log = open(self.dir / f"xl-{name}.log", "ab")
        self.watched[name] = domid
        self.monitors[name] = subprocess.Popen(
            ["xl", "create", name, str(domid)], stdin=subprocess.DEVNULL,
            executable=BUILD / "test" / "sim" / "xl", stdout=log, stderr=log,
            env=self.env())
        log.close()
        path = self.dir / f"xl-{name}.log"
        wait_until("the monitor", lambda: b"pid" in path.read_bytes())

    def fault(self, knob, value=""):
        """Let something go wrong: always, or as often as @value says."""
        (self.world / "faults" / knob).write_text(str(value))

    def mend(self):
        """Let nothing go wrong any more."""
        for path in (self.world / "faults").iterdir():
            path.unlink()

    def tick(self, steps=1):
        """Let time pass: running guests write to their disks.  To look for
        leaks takes longer than that, and these are not ours."""
        asan = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        subprocess.run([BUILD / "test" / "sim" / "sim_tick", str(steps)],
                       env=self.env(ASAN_OPTIONS=asan), check=True,
                       timeout=GIVE_UP)

    def state(self, name):
        """The domain's state: running, suspended, ..."""
        return (self.world / "domains" / name / "state").read_text()

    def set_state(self, name, state):
        """Somebody else paused it, switched it off, ..."""
        folder = self.world / "domains" / name
        (folder / "state.new").write_text(state)
        (folder / "state.new").rename(folder / "state")

    def guest_says(self, name, node, text):
        """The guest tells the host something: "data/..." in xenstore."""
        (self.world / "domains" / name / "store" / node).write_text(text)

    def guest_said(self, name, node):
        """What is in a node that guest and host share, or None."""
        path = self.world / "domains" / name / "store" / node
        return path.read_text() if path.exists() else None

    def asked(self, name):
        """What the guest is asked to freeze by, or None."""
        return self.guest_said(name, "control/xensnap/quiesce")

    def frozen(self, name):
        """Are the guest's file systems frozen?"""
        return (self.world / "domains" / name / "frozen").exists()

    # ---- xensnap ----

    def env(self, **more):
        """The environment of everything that runs on this host."""
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("XENSNAP_")}
        env.update(XENSNAP_SIM=str(self.world), XENSNAP_ROOT=str(self.root))
        env.update(more)
        return env

    def start(self, *args, by=(), **env):
        """Start xensnap; env: XENSNAP_DIE_AT and the like; @by: words of a
        command that runs it."""
        p = subprocess.Popen([*by, BIN, *args], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.env(**env), cwd=self.dir)
        self.running.append(p)
        return p

    def finish(self, p, seconds=GIVE_UP):
        """Wait for one that was started, and for the watchdog it left."""
        out, err = p.communicate(timeout=seconds)
        self.running.remove(p)
        result = Result(p.returncode, out.decode(), err.decode())
        assert "Sanitizer" not in result.err, result.err
        assert "runtime error" not in result.err, result.err
        assert result.status != 99, result.err
        return result

    def run(self, *args, **env):
        """Run xensnap to its end."""
        return self.finish(self.start(*args, **env))

    def watchdogs(self, p):
        """The watchdog of a running xensnap: its children."""
        return children_of(p.pid)

    def wait_for_orphans(self, seconds=GIVE_UP):
        """Wait for the end of what killed processes left behind."""
        known = {p.pid for p in [*self.running, *self.monitors.values()]}
        end = time.monotonic() + seconds
        while True:
            left = [pid for pid in children_of(os.getpid())
                    if pid not in known]
            for entry in left:
                try:
                    os.waitpid(entry, os.WNOHANG)
                except ChildProcessError:
                    pass
            if not left:
                break
            if time.monotonic() > end:
                raise AssertionError(f"still there: {left}")
            time.sleep(0.002)

    def kill(self, p, watchdog=False):
        """SIGKILL xensnap; with @watchdog first that, so that nobody helps."""
        if watchdog:
            for pid in self.watchdogs(p):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        p.kill()
        result = self.finish(p)
        self.wait_for_orphans()
        return result

    def stopped_at(self, place, *args):
        """Start xensnap and wait until it stops at @place; None when it ended
        before it came there."""
        p = self.start(*args, XENSNAP_STOP_AT=place)

        def there():
            st = stat_of(p.pid)
            return p.poll() is not None or (st and st[0] == "T")

        wait_until(place, there)
        return p if p.poll() is None else None

    def trace(self, *args, status=0):
        """The failure points that a run of xensnap comes to, in order, each
        with its number: "view.after", "view.after#2", ..."""
        path = self.dir / "trace"
        result = self.run(*args, XENSNAP_TRACE_FAIL=str(path))
        assert result.status == status, result.err
        seen, places = {}, []
        if not path.exists():
            return places
        for name in path.read_text().split():
            seen[name] = seen.get(name, 0) + 1
            places.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        path.unlink()
        return places
