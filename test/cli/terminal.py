#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is seen on a terminal: a progress bar, where and when it belongs.

On a simulated host (test/sim/simhost.py); the reader of the disk is slow, so
that the work lasts long enough.
"""
import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))
import simhost  # noqa: E402  pylint: disable=wrong-import-position

SIZE = 32 << 20
COLUMNS = 70
cases = []


def ok(good, what, have=None):
    """One case of TAP."""
    cases.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(cases)} - {what}")
    if not good and have is not None:
        print(f"#   have: {have!r}")


def slow_reader(pipe, seconds, got):
    """Take all that comes, in about @seconds."""
    while True:
        data = pipe.read(1 << 20)
        if not data:
            return
        got.append(len(data))
        time.sleep(seconds * len(data) / SIZE)


def export(host, seconds, *options):
    """Export a disk with a terminal as stderr: (status, what it showed)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, COLUMNS, 0, 0))
    with subprocess.Popen([simhost.BIN, "export", "--disk", "xvda", *options,
                           "web1@x", "-"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=theirs,
                          env=host.env()) as process:
        os.close(theirs)
        got, shown = [], b""
        reader = threading.Thread(target=slow_reader,
                                  args=(process.stdout, seconds, got))
        reader.start()
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        reader.join()
        os.close(ours)
        ok(process.wait() == 0 and sum(got) == SIZE,
           f"export {' '.join(options)} within {seconds} s", shown)
    return shown.decode()


def main():
    with simhost.Host() as host:
        host.domain("web1", disks=("vg0/root",))
        os.truncate(host.world / "disks" / "vg0" / "root", SIZE)
        (host.world / "groups" / "vg0").write_text(str(1 << 30))
        made = host.run("create", "web1@x")
        ok(made.status == 0, "create", made.err)
        ok("\r" not in made.err, "no bar where stderr is no terminal")

        shown = export(host, 3)
        bars = shown.split("\r")
        ok(len(bars) > 4, "a bar, drawn again and again", shown)
        ok(all("%" in b and "MiB/s" in b and "[#" in b for b in bars[1:-1]),
           "with a share and a rate", shown)
        ok(any("left" in b for b in bars), "and the time left", shown)
        ok(all(len(b.replace("\x1b[K", "")) < COLUMNS for b in bars),
           "no wider than the terminal", shown)
        ok(shown.endswith("\r\x1b[K"), "and erased at the end", shown)
        ok(export(host, 3, "-q") == "", "no bar with -q")
        for _ in range(5):  # a busy machine may not be quick at once
            begun = time.monotonic()
            shown = export(host, 0.1)
            if time.monotonic() - begun < 1:
                break
        ok(shown == "", "no bar for what is quick")
    print(f"1..{len(cases)}")
    return 0 if all(cases) else 1


sys.exit(main())
