# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talking to QEMU's monitor, as far as freezing a lab needs it."""

import json
import os
import random
import re
import socket
import time

import common

STOP_LIMIT_S = 120
CONNECT_LIMIT_S = 30
# Where 64-bit Xen keeps itself, in any address space.
XEN_ADDRESSES = range(0xffff_8000_0000_0000, 0xffff_8800_0000_0000)


def connect_unix(directory, name):
    """A connection to directory/name, however long that path is.

    The kernel's limit for socket paths is 108 bytes; a name below
    /proc/self/fd stays under it.
    """
    fd = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    try:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(f"/proc/self/fd/{fd}/{name}")
        return s
    finally:
        os.close(fd)


def _connect(directory):
    """QEMU makes the socket's name a moment before it listens there."""
    end = time.monotonic() + CONNECT_LIMIT_S
    while True:
        try:
            return connect_unix(directory, "qmp")
        except OSError as e:
            if time.monotonic() > end:
                raise common.LabError(f"QEMU does not answer: {e}") from e
        time.sleep(0.02)


class Qmp:
    """One monitor session."""

    def __init__(self, directory):
        self.sock = _connect(directory)
        self.sock.settimeout(600)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self._answer()
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.file.close()
        self.sock.close()

    def _answer(self):
        while True:
            try:
                line = self.file.readline()
            except OSError as e:
                raise common.LabError(f"QEMU does not answer: {e}") from e
            if not line:
                raise common.LabError("QEMU went away")
            answer = json.loads(line)
            if "event" not in answer:
                return answer

    def call(self, command, **arguments):
        """Run one command; LabError if QEMU refuses it."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        try:
            self.sock.sendall(json.dumps(request).encode() + b"\n")
        except OSError as e:
            raise common.LabError(f"QEMU went away before {command}: {e}"
                                  ) from e
        answer = self._answer()
        if "error" in answer:
            raise common.LabError(f"QEMU: {command}: "
                                  f"{answer['error']['desc']}")
        return answer.get("return")

    def _stop_outside_guests(self):
        """Stop the machine while no CPU is inside a guest with HAP.

        QEMU saves a CPU in SVM's guest mode, but refuses to load it ("vCPU
        set in guest-mode inconsistent ...").  The IDT tells the mode: VMRUN
        loads the guest's, and the hypervisor's is in its own addresses.
        """
        end = time.monotonic() + STOP_LIMIT_S
        while True:
            self.call("stop")
            text = self.call("human-monitor-command",
                             **{"command-line": "info registers -a"})
            bases = re.findall(r"^IDT= *([0-9a-f]+)", text, re.M)
            if bases and all(int(b, 16) in XEN_ADDRESSES for b in bases):
                return
            self.call("cont")
            if time.monotonic() > end:
                raise common.LabError("a guest never leaves its CPU; "
                                      "xl pause it before the freeze")
            time.sleep(random.uniform(0.001, 0.03))

    def save_memory(self, path, xen):
        """Stop the machine and write its memory and devices to path."""
        if xen:
            self._stop_outside_guests()
        else:
            self.call("stop")
        self.call("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        quoted = str(path).replace("'", "'\\''")
        self.call("migrate", uri=f"exec:cat > '{quoted}'")
        while True:
            state = self.call("query-migrate")
            if state["status"] == "completed":
                return
            if state["status"] in ("failed", "cancelled"):
                raise common.LabError("QEMU could not save the machine: "
                                      f"{state.get('error-desc', '?')}")
            time.sleep(0.05)

    def wait_running(self, alive):
        """Until an incoming machine has been read and runs."""
        while True:
            status = self.call("query-status")["status"]
            if status == "running":
                return
            if status != "inmigrate":
                self.call("cont")
            if not alive():
                raise common.LabError("QEMU ended while it resumed")
            time.sleep(0.02)
