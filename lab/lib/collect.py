# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeping the cache bounded: what nobody can use any more is removed.

Kept: what a lab stands on, states frozen by hand, and the states last used;
and the images under all of these.
"""

import contextlib
import json
import shutil
import time

import cache
import common

STATES_KEPT = 12
IMAGES_KEPT = 2
DAYS_KEPT = 14


def _lock():
    return common.cache_dir() / "locks" / "collect"


@contextlib.contextmanager
def kept():
    """While inside, nothing is removed."""
    with common.locked(_lock(), shared=True):
        yield


def _specs(kind):
    found = {}
    top = common.cache_dir() / kind
    for path in top.iterdir() if top.is_dir() else []:
        try:
            found[path.name] = json.loads((path / "machine.json").read_text())
        except (OSError, json.JSONDecodeError):
            found[path.name] = {}
    return found


def _recent(kind, limit, names):
    """The names last used, at most `limit`, none older than DAYS_KEPT."""
    top = common.cache_dir() / kind
    age = {n: time.time() - (top / n).stat().st_mtime for n in names}
    return [n for n in sorted(age, key=age.get)[:limit]
            if age[n] < DAYS_KEPT * 86400]


def _closure(wanted, specs):
    """wanted and all states below them."""
    todo, done = list(wanted), set()
    while todo:
        name = todo.pop()
        if name and name in specs and name not in done:
            done.add(name)
            todo.append(specs[name].get("parent"))
    return done


def collect():
    """Remove what is not kept, unless somebody is at work."""
    with common.locked(_lock(), wait=False) as got:
        if not got:
            return
        cache.sweep()
        specs, labs = _specs("states"), _specs("labs")
        usable = [n for n in specs if not
                  (cache.entry("states", n) / "replaced").exists()]
        wanted = [s.get("parent") for s in labs.values()]
        wanted += [n for n in usable if "+" in n]
        wanted += _recent("states", STATES_KEPT, usable)
        states = _closure(wanted, specs)
        for name in set(specs) - states:
            shutil.rmtree(cache.entry("states", name), ignore_errors=True)
        used = [specs[n] for n in states] + list(labs.values())
        images = {s.get(k) for s in used for k in ("base", "ours")}
        top = common.cache_dir() / "images"
        there = [p.name for p in top.iterdir()] if top.is_dir() else []
        for kind in ("debian-", "ours-"):
            some = [n for n in there if n.startswith(kind)]
            images.update(_recent("images", IMAGES_KEPT, some))
        for name in set(there) - images:
            shutil.rmtree(cache.entry("images", name), ignore_errors=True)
        _unlock(labs)


def _unlock(labs):
    """Remove lock files of what is not there and not in the making."""
    for path in _lock().parent.iterdir():
        kind, _, key = path.name.partition(".")
        if path == _lock() or (kind == "labs" and key in labs):
            continue
        with common.locked(path, wait=False) as got:
            if got:
                path.unlink()
