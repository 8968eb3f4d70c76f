#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guests' agent on real file systems in loop mounts, without Xen: it is
built with a folder for xenstore, and told by a file what is mounted, so that it
freezes nothing of this machine."""
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from offline import FileSystem, NoMount, run
from simcheck import run_cases
from simhost import BUILD, wait_until

STATE, HERE = "data-xensnap-state", "data-xensnap-quiesce"
REQUEST = "control-xensnap-quiesce"


class Guest:
    """An agent, what it may freeze, and the host's hand on its xenstore."""

    def __init__(self, *tops):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-agent."))
        self.tops = tops
        self.agent = None
        self.mounted()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.agent.kill()
        self.agent.communicate()
        for top in self.tops:
            subprocess.run(["fsfreeze", "-u", top], check=False,
                           stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir)

    def mounted(self):
        """Tell the agent of our mounts, and of no other."""
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        (self.dir / "mountinfo").write_text("".join(
            line + "\n" for line in lines
            if line.split()[4] in map(str, self.tops)))

    def start(self, *args):
        """Start an agent, and wait until it is there."""
        path = self.dir / HERE
        if path.exists():
            path.unlink()
        self.agent = subprocess.Popen(
            [BUILD / "test" / "sim" / "agent_fake", *args], cwd=self.dir,
            env={**os.environ, "XENSNAP_AGENT_STORE": str(self.dir)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until("the agent", lambda: self.says(HERE) == "1")

    def says(self, node):
        """What is in a node, or None."""
        path = self.dir / node
        return path.read_text() if path.exists() else None

    def ask(self, text):
        """The host's request; None takes it back."""
        path = self.dir / REQUEST
        if text is None:
            path.unlink()
            return
        (self.dir / "new").write_text(text)
        (self.dir / "new").rename(path)

    def reaches(self, state):
        """Wait for a state that begins so; all of it."""
        wait_until(state,
                   lambda: (self.says(STATE) or "").startswith(state), 60)
        return self.says(STATE)


def touch(top):
    """Write to a file system, in a process that may have to wait."""
    return subprocess.Popen(["touch", str(top / "touched")])


def waits(p):
    """It does not come to its end, although it has time."""
    time.sleep(0.3)
    return p.poll() is None


def freeze(ext4, xfs):
    """Frozen from its word until the request is gone, and clean meanwhile."""
    with Guest(ext4.top, xfs.top) as guest:
        (ext4.top / "file").write_bytes(os.urandom(100000))
        guest.ask("freeze n1 60000")
        assert guest.reaches("frozen") == "frozen n1 2 0"
        writers = [touch(top) for top in guest.tops]
        assert all(waits(p) for p in writers)
        said = run(["dumpe2fs", "-h", str(ext4.dir / "image")])
        assert "needs_recovery" not in said, said
        guest.ask(None)
        assert guest.reaches("thawed") == "thawed n1"
        assert [p.wait(30) for p in writers] == [0, 0]
        # Another request, and a newer one in its place.
        guest.ask("freeze n2 60000")
        guest.reaches("frozen n2 2 0")
        guest.ask("freeze n3 60000")
        guest.reaches("frozen n3 2 0")
        guest.ask(None)
        guest.reaches("thawed n3")


def own_clock(ext4):
    """It thaws by itself, and does not obey the old request again."""
    with Guest(ext4.top) as guest:
        guest.ask("freeze n1 500")
        guest.reaches("frozen n1")
        guest.reaches("thawed n1")
        assert touch(ext4.top).wait(30) == 0
        time.sleep(1.5)
        assert guest.says(STATE) == "thawed n1"
        guest.agent.terminate()
        assert guest.agent.wait(30) == 0
        guest.start("--patience", "1")
        assert guest.says(STATE) == "thawed n1"
        begin = time.monotonic()
        guest.ask("freeze n2 60000")
        guest.reaches("frozen n2")
        guest.reaches("thawed n2")
        assert time.monotonic() - begin < 30


def ended(ext4, sig):
    """SIGTERM thaws; after SIGKILL the next one does."""
    with Guest(ext4.top) as guest:
        guest.ask("freeze n1 60000")
        guest.reaches("frozen n1")
        writer = touch(ext4.top)
        assert waits(writer)
        guest.agent.send_signal(sig)
        status = guest.agent.wait(30)
        if sig == signal.SIGTERM:
            assert status == 0, status
            assert guest.says(HERE) is None
            assert guest.says(STATE) == "thawed n1"
        else:
            assert waits(writer)
            guest.start()
            assert guest.says(STATE) == "thawed"
        assert writer.wait(30) == 0


def fails(ext4, xfs):
    """By somebody else frozen: it fails, and thaws the others, not that."""
    with Guest(ext4.top, xfs.top) as guest:
        run(["fsfreeze", "-f", str(ext4.top)])
        guest.ask("freeze n1 60000")
        said = guest.reaches("failed n1")
        assert str(ext4.top) in said and "busy" in said, said
        assert touch(xfs.top).wait(30) == 0
        writer = touch(ext4.top)
        assert waits(writer)
        run(["fsfreeze", "-u", str(ext4.top)])
        assert writer.wait(30) == 0


def hidden(ext4):
    """Something is mounted over it: told, not left out."""
    with Guest(ext4.top) as guest:
        run(["mount", "-t", "tmpfs", "none", str(ext4.top)])
        try:
            guest.ask("freeze n1 60000")
            said = guest.reaches("failed n1")
            assert f"reach {ext4.top}" in said, said
        finally:
            run(["umount", str(ext4.top)])
        guest.ask("freeze n2 60000")
        guest.reaches("frozen n2 1 0")
        guest.ask(None)
        guest.reaches("thawed n2")


def above(ext4):
    """One in a file of another: from the top down; and one of a kind that
    cannot be frozen, if it can be made here."""
    tops = []
    fat = bool(shutil.which("mkfs.vfat"))
    for name, mkfs in (("above", ["mkfs.ext4", "-q", "-F"]),
                       ("vfat", ["mkfs.vfat"]))[:1 + fat]:
        image, top = ext4.top / f"{name}.img", ext4.dir / name
        top.mkdir()
        with open(image, "wb") as f:
            f.truncate(16 << 20)
        run([*mkfs, str(image)])
        tops.append((image, top))
    mounted = []
    try:
        for image, top in tops:
            run(["mount", "-o", "loop", str(image), str(top)])
            mounted.append(top)
        with Guest(ext4.top, *mounted) as guest:
            (mounted[0] / "file").write_bytes(os.urandom(1 << 20))
            guest.ask("freeze n1 60000")
            guest.reaches("frozen n1")
            assert guest.says(STATE) == f"frozen n1 2 {int(fat)}"
            guest.ask(None)
            guest.reaches("thawed n1")
    finally:
        for top in mounted:
            run(["umount", str(top)])


def announces(ext4):
    """After a restore its nodes are gone."""
    with Guest(ext4.top) as guest:
        (guest.dir / HERE).unlink()
        wait_until("the agent", lambda: guest.says(HERE) == "1", 60)
        guest.ask("nonsense")
        guest.ask("freeze")
        time.sleep(0.5)
        assert guest.says(STATE) is None


def options():
    """What it takes, and what not."""
    agent = BUILD / "test" / "sim" / "agent_fake"
    for status, args in ((0, ["--help"]), (2, ["--patience"]),
                         (2, ["--patience", "0"]), (2, ["--patience", "71"]),
                         (2, ["--odd"]), (2, ["x"])):
        got = subprocess.run([agent, *args], capture_output=True, text=True,
                             check=False, timeout=60)
        assert got.returncode == status, got
        assert "Usage:" in (got.stderr if status else got.stdout), got


def main():
    """One at a time: two would freeze each other's."""
    cases = [("options", options)]
    try:
        with FileSystem("ext4") as ext4, FileSystem("xfs") as xfs:
            for name, function, *args in (
                    ("freeze and thaw", freeze, ext4, xfs),
                    ("thaws by its own clock", own_clock, ext4),
                    ("SIGTERM", ended, ext4, signal.SIGTERM),
                    ("SIGKILL", ended, ext4, signal.SIGKILL),
                    ("frozen by somebody else", fails, ext4, xfs),
                    ("a mount that is hidden", hidden, ext4),
                    ("one above another, and FAT", above, ext4),
                    ("announces itself again", announces, ext4)):
                cases.append((name, functools.partial(function, *args)))
            run_cases(cases, workers=1)
    except NoMount as e:
        why = str(e)
        run_cases([*cases, ("file systems", lambda: why)], workers=1)


main()
