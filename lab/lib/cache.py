# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache: finished entries under their keys, never half of one.

    images/KIND-KEY/    made from packages and from the files of lab/
    states/NAME-KEY/    frozen labs
    labs/NAME/          labs that run, or did when their host "crashed"
    tmp/                entries in the making
    locks/              one lock file per entry in the making

An entry is made in tmp/ under its lock and renamed when it is whole.
Whoever finds something in tmp/ whose lock is free knows that its maker is
dead, and removes it.
"""

import os
import pathlib
import shutil
import tempfile

import common


def entry(kind, key):
    """Where an entry is, or would be."""
    return common.cache_dir() / kind / key


def _lock_path(kind, key):
    return common.cache_dir() / "locks" / f"{kind}.{key}"


def _remove_tree(path):
    """Remove a directory, refusing to step into anything mounted there."""
    with open("/proc/self/mounts", encoding="utf-8") as f:
        for line in f:
            if line.split()[1].startswith(f"{path}/"):
                raise common.LabError(f"{path}: {line.split()[1]} is mounted "
                                      "there; unmount it by hand")
    shutil.rmtree(path, ignore_errors=True)


def sweep():
    """Remove what dead builders left in tmp/."""
    tmp = common.cache_dir() / "tmp"
    if not tmp.is_dir():
        return
    for left in tmp.iterdir():
        kind, key = left.name.split(",")[:2]
        with common.locked(_lock_path(kind, key), wait=False) as got:
            if got:
                _remove_tree(left)
                _lock_path(kind, key).unlink(missing_ok=True)


def make(kind, key, builder):
    """The entry of this key, made by builder(directory) if need be."""
    path = entry(kind, key)
    if path.is_dir():
        os.utime(path)
        return path
    tmp = common.cache_dir() / "tmp"
    tmp.mkdir(parents=True, exist_ok=True)
    sweep()
    with common.locked(_lock_path(kind, key)):
        if path.is_dir():
            return path
        work = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind},{key},",
                                             dir=tmp))
        work.chmod(0o755)
        try:
            builder(work)
            path.parent.mkdir(parents=True, exist_ok=True)
            work.rename(path)
        finally:
            if work.is_dir():
                _remove_tree(work)
            _lock_path(kind, key).unlink(missing_ok=True)
    return path
