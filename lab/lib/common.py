# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every part of the lab shares: where things are, and how it fails."""

import ctypes
import fcntl
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import contextlib

LAB_DIR = pathlib.Path(__file__).resolve().parent.parent


class LabError(Exception):
    """Something a person should read as one line; no traceback."""


def cache_dir():
    """The directory all images, states and running labs live in."""
    own = os.environ.get("XENSNAP_LAB_CACHE")
    if own:
        return pathlib.Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        home = os.environ.get("HOME") or "/root"
        base = os.path.join(home, ".cache")
    return pathlib.Path(base).absolute() / "xensnap-lab"


def say(text):
    """Progress, for a person, never mixed with results."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def read_list(path):
    """The lines of a list file without comments, split into words."""
    rows = []
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            rows.append(words)
    return rows


def digest(*parts):
    """A short name for whatever the parts say: text, bytes or files."""
    h = hashlib.sha256()
    for part in parts:
        if isinstance(part, pathlib.Path):
            blob = part.name.encode() + b"\0" + part.read_bytes()
        elif isinstance(part, bytes):
            blob = part
        else:
            blob = str(part).encode()
        h.update(len(blob).to_bytes(8, "little") + blob)
    return h.hexdigest()[:16]


def die_with_parent():
    """In a child before exec: end when the one who started us ends.

    Without it a killed build would leave its QEMU or compiler at work in
    a directory the next build removes.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)


def run(argv, **kw):
    """Run a host command to its end; LabError with its stderr if it fails."""
    argv = [str(a) for a in argv]
    kw.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              preexec_fn=die_with_parent, **kw)
    except FileNotFoundError as e:
        raise LabError(f"{argv[0]}: not found; lab/packages.host lists what "
                       "the lab needs") from e
    if done.returncode:
        tail = done.stderr.decode(errors="replace").strip().splitlines()
        raise LabError(f"{argv[0]} failed ({done.returncode}): "
                       + " | ".join(tail[-5:]))
    return done.stdout


@contextlib.contextmanager
def locked(path, wait=True, shared=False):
    """Hold an flock; yields False (and holds nothing) if not wait and taken.

    The file may be removed by whoever holds it, so after locking we make
    sure that the name still leads to what was locked.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                os.close(fd)
                yield False
                return
            if not shared:
                say(f"waiting for another lab command ({path.name})")
            fcntl.flock(fd, how)
        try:
            same = os.path.samestat(os.fstat(fd), os.stat(path))
        except FileNotFoundError:
            same = False
        if same:
            break
        os.close(fd)
    try:
        yield True
    finally:
        os.close(fd)
