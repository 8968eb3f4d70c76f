# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copying files and directories between this machine and dom0.

tar on both ends: it keeps modes, times, links and holes.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

import agent
import common

# $1 target, $2 the archive's only member or nothing if it has several.  As
# with cp -r, a lone source takes the target's name unless that is a
# directory already.
UNPACK = r"""
case $1 in */) mkdir -p "$1" ;; esac
if [ -n "$2" ] && ! [ -d "$1" ]; then
	dir=$(dirname "$1")
	mkdir -p "$dir"
	tmp=$(mktemp -d "$dir/.push.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	tar -x -S -p -f - -C "$tmp"
	mv -T "$tmp/$2" "$1"
else
	mkdir -p "$1"
	tar -x -S -p --no-same-owner -f - -C "$1"
fi
"""


def _names(sources):
    """tar's arguments for these sources, each under its last name."""
    argv = []
    for source in sources:
        path = pathlib.Path(os.path.abspath(source))
        if not os.path.lexists(path):
            raise common.LabError(f"{source}: not there")
        argv += ["-C", str(path.parent), f"./{path.name}"]
    return argv


def push(directory, sources, target):
    """Copy sources to target in dom0."""
    only = (os.path.basename(os.path.abspath(sources[0]))
            if len(sources) == 1 else "")
    argv = ["tar", "-c", "-S", "-f", "-", "--owner=0", "--group=0"]
    with subprocess.Popen(argv + _names(sources),
                          stdout=subprocess.PIPE) as pack:
        agent.output(directory, ["sh", "-eu", "-c", UNPACK, "push", target,
                                 only], stdin=pack.stdout.fileno())
    if pack.returncode:
        raise common.LabError(f"tar failed ({pack.returncode})")


def pull(directory, source, target):
    """Copy source out of dom0 to target."""
    target = pathlib.Path(target)
    name = os.path.basename(source.rstrip("/")) or "root"
    into = target / name if target.is_dir() else target
    if not into.parent.is_dir():
        raise common.LabError(f"{into.parent}: no such directory")
    with tempfile.TemporaryDirectory(dir=into.parent) as tmp:
        argv = ["tar", "-x", "-S", "-p", "-f", "-", "-C", tmp]
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as unpack:
            with os.fdopen(os.memfd_create("err"), "rb") as err:
                status = agent.run(
                    directory, ["tar", "-c", "-S", "-f", "-", "-C",
                                os.path.dirname(source.rstrip("/")) or "/",
                                f"./{name}"],
                    out=unpack.stdin.fileno(), err=err.fileno())
                err.seek(0)
                complaint = err.read().decode(errors="replace").strip()
        if status or unpack.returncode:
            raise common.LabError(f"{source}: {complaint or 'tar failed'}")
        if into.is_dir() and not into.is_symlink():
            shutil.copytree(f"{tmp}/{name}", into, symlinks=True,
                            dirs_exist_ok=True)
        else:
            os.replace(f"{tmp}/{name}", into)
