# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running a command with this process's own stdin, stdout and signals."""

import os
import shutil
import signal
import struct
import sys
import termios
import tty

import agent


PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def _listen(session, numbers, action):
    """Have action(number) called when one of these signals arrives.

    Not from the handler: it might come in the middle of a frame.
    """
    session.wake, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end)
    session.on_signal = action
    for number in numbers:
        signal.signal(number, lambda *_: None)


def _pass_signals(session):
    """Ctrl-C and friends go to the command, which decides what they mean.

    At the third we give up: dom0 may be unable to pass it on.
    """
    seen = []

    def action(number):
        seen.append(number)
        if len(seen) > 2:
            raise KeyboardInterrupt
        session.send(b"K", bytes([number]))

    _listen(session, PASSED, action)


def run(directory, argv, stdin, timeout, cwd):
    """agent.run with this process's output; its exit status."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    return agent.run(directory, argv, stdin=stdin, timeout=timeout, cwd=cwd,
                     on_start=_pass_signals)


def _send_window(session):
    size = shutil.get_terminal_size()
    session.send(b"W", struct.pack("<HH", size.lines, size.columns))


def shell(directory):
    """A login shell on a terminal of its own in dom0."""
    argv = ["bash", "-l"]
    if not sys.stdin.isatty():
        return run(directory, argv, 0, None, None)

    def started(session):
        _send_window(session)
        _listen(session, [signal.SIGWINCH], lambda _: _send_window(session))

    saved = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        return agent.run(directory, argv, stdin=0, pty=True,
                         env={"TERM": os.environ.get("TERM", "vt100")},
                         on_start=started)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)
