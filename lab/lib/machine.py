# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emulated machine: QEMU's command line, starting it, killing it.

A machine lives in a directory of its own: root.qcow2 and data.qcow2, the
console log, sockets, and machine.json that says what it was made of.
Software emulation only, also where KVM would be at hand: so a frozen state
resumes on any machine, and a test does the same everywhere.
"""

import json
import os
import pathlib
import signal
import subprocess
import time

import common
import qmp

QEMU = "qemu-system-x86_64"
PORTS = 8
MEMORY = "1536M 512M"  # of the machine, of it dom0's
DATA_SIZE = "6G"
# Raised when states that were saved before should not be used any more.
SAVE_FORMAT = 2
# Generous: on a machine with other work everything takes many times longer.
BOOT_LIMIT_S = 900
START_LIMIT_S = 300

XEN_LINE = ("console=com1 com1=115200,8n1 loglvl=warning "
            "guest_loglvl=warning dom0_mem={dom0},max:{dom0} dom0_max_vcpus=1 "
            "dom0_vcpus_pin spec-ctrl=no xpti=no pv-l1tf=no noreboot "
            "ucode=no")
LINUX_LINE = ("mitigations=off nowatchdog loglevel=5 panic=5 "
              "net.ifnames=0")


def version():
    """QEMU's version: a frozen state belongs to one."""
    out = common.run([QEMU, "--version"]).decode()
    return out.splitlines()[0]


def shape():
    """All that a frozen machine must find again when it resumes."""
    spec = {"id": "", "base": "", "ours": ""}
    lines = [_arguments(dict(spec, kernel=kernel), None)
             for kernel in ("xen", "plain")]
    return common.digest(version(), DATA_SIZE, SAVE_FORMAT,
                         *map(str, lines))


def make_disks(work, base, parent):
    """Overlays in work on the disks of parent, or on the fresh images.

    Backing files are named relative to the overlay: all entries of the
    cache are at the same depth, so it may be moved as a whole.
    """
    def relative(path):
        return os.path.join("../..", *path.parts[-3:])

    if parent:
        backing = [(relative(parent / f"{name}.qcow2"), "qcow2")
                   for name in ("root", "data")]
    else:
        backing = [(relative(base / "root.img"), "raw"), None]
    for name, back in zip(("root", "data"), backing):
        argv = ["qemu-img", "create", "-q", "-f", "qcow2"]
        if back:
            argv += ["-b", back[0], "-F", back[1], f"{name}.qcow2"]
        else:
            argv += [f"{name}.qcow2", DATA_SIZE]
        common.run(argv, cwd=work)


def _arguments(spec, incoming):
    base = pathlib.Path("../../images") / spec["base"]
    ours = pathlib.Path("../../images") / spec["ours"]
    memory, dom0 = spec.get("memory", MEMORY).split()
    argv = [QEMU, "-name", spec["id"], "-nodefaults", "-no-user-config",
            "-machine", "pc", "-accel", "tcg,thread=multi,tb-size=256",
            "-cpu", "qemu64,+svm,+npt", "-smp", "2", "-m", memory,
            "-display", "none", "-no-reboot",
            "-serial", "file:console.log",
            "-qmp", "unix:qmp,server=on,wait=off",
            "-device", "virtio-rng-pci",
            "-device", f"virtio-serial-pci,max_ports={PORTS + 1}"]
    for i in range(PORTS):
        argv += ["-chardev", f"socket,id=p{i},path=port{i},server=on,wait=off",
                 "-device", f"virtserialport,chardev=p{i},name=lab.{i},"
                 f"nr={i + 1}"]
    for name in ("root", "data"):
        argv += ["-drive", f"file={name}.qcow2,if=none,id={name},cache=unsafe,"
                 "discard=unmap,detect-zeroes=unmap",
                 "-device", f"virtio-blk-pci,drive={name},serial={name}"]
    argv += ["-drive", f"file={ours}/lab.img,if=none,id=lab,format=raw,"
             "readonly=on", "-device", "virtio-blk-pci,drive=lab,serial=lab"]
    if spec["kernel"] == "xen":
        argv += ["-kernel", f"{base}/xen",
                 "-append", XEN_LINE.format(dom0=dom0),
                 "-initrd", f"{base}/dom0-vmlinux console=hvc0 {LINUX_LINE},"
                 f"{ours}/dom0-initrd"]
    else:
        argv += ["-kernel", f"{base}/dom0-vmlinuz",
                 "-append", f"console=ttyS0 {LINUX_LINE}",
                 "-initrd", f"{ours}/dom0-initrd"]
    if incoming:
        argv += ["-incoming", f"exec:cat '{incoming}'"]
    return argv


class Machine:
    """A machine in its directory; it may or may not run."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)

    def spec(self):
        """What it was made of."""
        return json.loads((self.dir / "machine.json").read_text())

    def write_spec(self, spec):
        """Note what it is made of; before it is started."""
        path = self.dir / "machine.json.new"
        path.write_text(json.dumps(spec, indent=1) + "\n")
        path.rename(self.dir / "machine.json")

    def pid(self):
        """QEMU's process id, or 0 when it does not run.

        The number in the file may have become somebody else's: only a
        process with our machine's name on its command line counts.
        """
        try:
            pid = int((self.dir / "pid").read_text())
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            name = self.spec()["id"].encode()
        except (OSError, ValueError, KeyError):
            return 0
        return pid if name in line.split(b"\0") else 0

    def start(self, incoming=None, bound=False):
        """Start QEMU; incoming names a saved memory, else it boots.

        bound: it ends with this process (for builds).
        """
        for name in ["qmp"] + [f"port{i}" for i in range(PORTS)]:
            (self.dir / name).unlink(missing_ok=True)
        with open(self.dir / "qemu.log", "ab") as log:
            # pylint: disable-next=consider-using-with
            child = subprocess.Popen(
                _arguments(self.spec(), incoming), cwd=self.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
                preexec_fn=common.die_with_parent if bound else None)
        (self.dir / "pid").write_text(f"{child.pid}\n")
        end = time.monotonic() + START_LIMIT_S
        while not (self.dir / "qmp").exists():
            if child.poll() is not None or time.monotonic() > end:
                raise common.LabError("QEMU did not start: " + self.tail())
            time.sleep(0.02)
        if incoming:
            self._wait_running(child)

    def _wait_running(self, child):
        try:
            with qmp.Qmp(self.dir) as monitor:
                monitor.wait_running(lambda: child.poll() is None)
        except common.LabError as e:
            raise common.LabError(f"{e}; status {child.poll()}: {self.tail()}"
                                  ) from e

    def tail(self):
        """The last lines of QEMU's and the console's log."""
        lines = []
        for name in ("console.log", "qemu.log"):
            path = self.dir / name
            if path.exists():
                text = path.read_bytes()[-4000:].decode(errors="replace")
                lines += text.splitlines()[-6:]
        return " | ".join(line for line in lines if line.strip())

    def kill(self):
        """End QEMU at once; its disks stay as they are at this moment.

        Never SIGTERM: QEMU would unlink its sockets on the way out, even
        if by then they belong to the next QEMU in this directory.
        """
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + 30
        while pid and pathlib.Path(f"/proc/{pid}").exists():
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            if time.monotonic() > end:
                raise common.LabError(f"QEMU (process {pid}) does not end")
            time.sleep(0.02)
        (self.dir / "pid").unlink(missing_ok=True)

    def save(self, memory):
        """Save memory and devices to the file, end QEMU, keep the disks."""
        with qmp.Qmp(self.dir) as monitor:
            monitor.save_memory(memory, xen=self.spec()["kernel"] == "xen")
        self.kill()
