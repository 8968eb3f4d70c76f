# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains that do not run, for the tests: file systems in loop mounts, disk
files with known data, xl configuration files.

No Xen is asked: a simulated host (test/sim/simhost.py) says what runs, and
keeps `recover` away from this machine's own volumes.
"""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))

MKFS = {
    "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
    "btrfs": ["mkfs.btrfs", "-q"],
    "ext4": ["mkfs.ext4", "-q", "-F"],
}
IMAGE_BYTES = 512 << 20  # sparse; mkfs.xfs wants 300 MiB
BLOCK = 4096


class NoMount(Exception):
    """File systems cannot be made or mounted here, and why."""


class FileSystem:
    """One file system in a loop mount; a context manager that removes it."""

    def __init__(self, kind):
        self.kind = kind
        self.dir = None
        self.top = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise NoMount("mounting needs root")
        if not shutil.which(MKFS[self.kind][0]):
            raise NoMount(f"no {MKFS[self.kind][0]}")
        base = os.environ.get("TMPDIR") or (
            "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-offline.",
                                                 dir=base))
        image, self.top = self.dir / "image", self.dir / self.kind
        self.top.mkdir()
        try:
            with open(image, "wb") as f:
                f.truncate(IMAGE_BYTES)
            run([*MKFS[self.kind], str(image)])
            run(["mount", "-o", "loop", str(image), str(self.top)])
        except subprocess.CalledProcessError as e:
            shutil.rmtree(self.dir)
            raise NoMount(f"{e.cmd[0]}: {e.stderr.strip()}") from e
        return self

    def __exit__(self, *_):
        run(["umount", str(self.top)])
        shutil.rmtree(self.dir)

    def folder(self):
        """A new folder in it, for one case."""
        return pathlib.Path(tempfile.mkdtemp(prefix="case.", dir=self.top))


def run(argv):
    """Run a program that has to succeed; what it printed."""
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, check=True,
                              capture_output=True, text=True,
                              timeout=300).stdout
    except subprocess.CalledProcessError as e:
        e.add_note(e.stderr)
        raise


def fill(path, seed, size=3 * 1024 * 1024 + 512):
    """Known data, with holes; the same for the same @seed."""
    rng = random.Random(seed)
    with open(path, "r+b" if path.exists() else "wb") as f:
        f.truncate(size)
        for at in range(0, size - BLOCK, BLOCK):
            if rng.random() < 0.3:
                f.seek(at)
                f.write(rng.randbytes(BLOCK))
    return path


def sha256(path):
    """The digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def config(path, disks, name="web1", more=""):
    """An xl configuration file; @disks are items of its list."""
    items = "".join(f"  '{d}',\n" for d in disks)
    path.write_text(f"# by hand\nname = '{name}'\nmemory = 256\n{more}"
                    f"disk = [\n{items}]\nvif = [ 'bridge=br0' ]\n")
    return path


def files_of(folder):
    """What is there: {path: digest}."""
    return {p: sha256(p) for p in folder.rglob("*") if p.is_file()}
