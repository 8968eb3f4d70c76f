# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's side of dom0/agent.c: run a command in dom0.

The frames are described in dom0/agent.c.
"""

import contextlib
import fcntl
import os
import secrets
import select
import struct
import time

import common
import machine
import qmp

# What the payload of the first frame begins with.
MARK = b"xenlab\n\1"
GONE = 125
TIMEOUT = 124
SYNC_LIMIT_S = 300
# The agent ends a command itself when its time is up; if dom0 is too far
# gone for that, we stop waiting a little later.
LATE_S = 60


class Gone(common.LabError):
    """The lab, or its agent, does not answer (any more)."""


@contextlib.contextmanager
def _free_port(directory):
    """Lock a port nobody uses; wait for one if all are taken."""
    while True:
        for i in range(machine.PORTS):
            path = directory / f"port{i}.lock"
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                continue
            try:
                yield f"port{i}"
                return
            finally:
                os.close(fd)
        time.sleep(0.05)


def _frame(kind, payload=b""):
    return struct.pack("<c3xI", kind, len(payload)) + payload


class Session:
    """A connection to the agent on one port."""

    def __init__(self, directory, port, limit_s):
        self.queue = b""
        self.wake = None        # signals arrive here, as numbers
        self.on_signal = None   # what to do about them
        end = time.monotonic() + limit_s
        wait = 5.0
        while True:
            try:
                self.sock = qmp.connect_unix(directory, port)
                if self._sync(min(wait, end - time.monotonic())):
                    return
                self.sock.close()
            except OSError as e:
                if not machine.Machine(directory).pid():
                    raise Gone("the lab does not run") from e
            if time.monotonic() > end:
                raise Gone("the lab's agent does not answer")
            # The agent believes in a hang-up only if it lasts a second.
            time.sleep(1.5)
            wait *= 2

    def _sync(self, limit_s):
        """Find the frame border: skip what a former client left unread."""
        mark = _frame(b"S", MARK + secrets.token_bytes(16))
        self.sock.settimeout(max(limit_s, 0.1))
        seen = b""
        try:
            self.sock.sendall(mark)
            while mark not in seen:
                got = self.sock.recv(65536)
                if not got:
                    return False
                seen = seen[-len(mark):] + got
        except TimeoutError:
            return False
        self.buffer = seen[seen.index(mark) + len(mark):]
        return True

    def close(self):
        """Hang up; a command that still runs is ended by the agent."""
        self.sock.close()

    def send(self, kind, payload=b""):
        """Queue one frame; pump() sends it."""
        self.queue += _frame(kind, payload)

    def _send(self):
        try:
            self.queue = self.queue[self.sock.send(self.queue[:1 << 17]):]
        except BlockingIOError:
            return
        except OSError as e:
            raise Gone(f"the lab went away: {e}") from e

    def _receive(self):
        try:
            got = self.sock.recv(1 << 17)
        except BlockingIOError:
            return
        except OSError as e:
            raise Gone(f"the lab went away: {e}") from e
        if not got:
            raise Gone("the lab went away")
        self.buffer += got

    def _take_frame(self):
        """The first whole frame that has arrived, or None."""
        if len(self.buffer) < 8:
            return None
        kind, size = struct.unpack_from("<c3xI", self.buffer)
        if len(self.buffer) < 8 + size:
            return None
        payload = self.buffer[8:8 + size]
        self.buffer = self.buffer[8 + size:]
        return kind, payload

    def pump(self, more, left_s):
        """Send what is queued, and wait for a frame or the descriptors `more`.

        Returns (frames, ready ones of more).  Never waits for one side
        only: the agent may be unable to read until we have.
        """
        self.sock.setblocking(False)
        writers = [self.sock] if self.queue else []
        readers, writers, _ = select.select([self.sock] + more, writers, [],
                                            left_s)
        if writers:
            self._send()
        frames = []
        if self.sock in readers:
            self._receive()
            while frame := self._take_frame():
                frames.append(frame)
        return frames, [fd for fd in more if fd in readers]


def _write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def _loop(session, stdin, out, err, end):
    """Carry bytes both ways until the command's status arrives."""
    while True:
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            return TIMEOUT
        more = [fd for fd in (stdin, session.wake)
                if fd is not None and (fd != stdin or not session.queue)]
        frames, ready = session.pump(more, left)
        for kind, payload in frames:
            if kind == b"O":
                _write_all(out, payload)
            elif kind == b"R":
                _write_all(err, payload)
            elif kind == b"X":
                return struct.unpack("<i", payload)[0]
        if session.wake in ready:
            for number in os.read(session.wake, 64):
                session.on_signal(number)
        if stdin in ready:
            data = os.read(stdin, 65536)
            session.send(b"I", data)
            stdin = stdin if data else None


def _order(argv, timeout, pty, cwd, env):
    words = [f"env={k}={v}" for k, v in (env or {}).items()]
    if pty:
        words.append("pty=1")
    if timeout:
        words.append(f"timeout_ms={max(1, int(timeout * 1000))}")
    if cwd:
        words.append(f"cwd={cwd}")
    return b"".join(os.fsencode(w) + b"\0" for w in words + ["--"] + argv)


def run(directory, argv, *, stdin=None, out=1, err=2, timeout=None, pty=False,
        cwd=None, env=None, on_start=None, sync_s=SYNC_LIMIT_S):
    """Run argv in the dom0 of the machine in this directory.

    stdin: a file descriptor, or None for an empty one; out, err: where its
    output goes.  The result is its exit status, 128 + N if signal N ended
    it, TIMEOUT if its time was up.  Gone if the lab is not there.
    """
    with _free_port(directory) as port:
        session = Session(directory, port, sync_s)
        try:
            session.send(b"E", _order(argv, timeout, pty, cwd, env))
            if stdin is None:
                session.send(b"I")
            if on_start:
                on_start(session)
            end = time.monotonic() + timeout + LATE_S if timeout else None
            return _loop(session, stdin, out, err, end)
        finally:
            session.close()


def output(directory, argv, **kw):
    """Run argv in dom0; its stdout as text.  LabError if it fails."""
    with contextlib.ExitStack() as stack:
        files = []
        for name in ("out", "err"):
            fd = os.memfd_create(name)
            stack.callback(os.close, fd)
            files.append(fd)
        status = run(directory, argv, out=files[0], err=files[1], **kw)
        text = []
        for fd in files:
            size = os.fstat(fd).st_size
            text.append(os.pread(fd, size, 0).decode(errors="replace"))
        if status:
            what = text[1].strip() or text[0].strip()
            raise common.LabError(f"in dom0: {' '.join(argv)[:80]}: exit "
                                  f"status {status}: {what[-2000:]}")
        return text[0]


def set_clock(directory, sync_s=machine.BOOT_LIMIT_S):
    """Give dom0 this machine's time: a resumed one has that of its freeze.

    The guests' clocks are left alone.
    """
    output(directory, ["true"], sync_s=sync_s)
    output(directory, ["date", "-u", "-s", f"@{time.time():.3f}"])
