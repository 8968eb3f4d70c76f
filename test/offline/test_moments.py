#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments of `backup DOMAIN` and of `restore --start`, and I/O
that is cut off by a full file system; on a simulated host.  After each the
domain runs, the repository is whole, and the next backup reads changes alone; a
restored domain has all of its memory, or is not there.

    KILLS=100   how many shall hit, of each      SEED=1   which moments

The moments are real time: a seed does not repeat a run to the letter.
"""
import functools
import os
import random
import resource
import shutil
import signal
import subprocess

from repoworld import BIN
from moments import Moments
from simcheck import run_cases
from startworld import started

KILLS = int(os.environ.get("KILLS", "100" if os.environ.get("LONG") else "8"))
SEED = int(os.environ.get("SEED", "1"))
BATCHES = 4
NULL = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL}


def begin(w, *words, **how):
    return subprocess.Popen(  # pylint: disable=consider-using-with
        [BIN, *map(str, words)], env=w.environment(**w.env), **NULL, **how)


def kills(w, batch, words, after):
    """@words(), killed at one moment and another; @after() each time."""
    m = Moments(random.Random(SEED * 1000 + batch), KILLS // BATCHES)
    for _ in m.tries():
        p = begin(w, *words())
        m.wait()
        p.send_signal(signal.SIGKILL)
        m.ended(p.wait() == -signal.SIGKILL)
        w.host.wait_for_orphans()
        after()


def goes_on(w):
    """The domain runs, all is put right, and the next one is incremental."""
    w.done("recover", **w.env)
    assert w.runs("web1")
    w.host.tick(3)
    o = w.json("backup", "web1", w.repo, **w.env)
    assert [d["how"] for d in o["disks"]] == ["changes", "changes"], o
    kept = w.done("list", "--names", **w.env).split()
    assert len(kept) == 1 and kept[0].startswith("web1@backup-"), kept
    assert w.now("web1") > w.instant


def backups(host, batch):
    """Each is there whole, or not."""
    with started(host) as w:
        kills(w, batch, lambda: ("backup", "web1", w.repo),
              functools.partial(goes_on, w))
        w.checked()


def restored(w):
    """All of it, or nothing; then it is taken away again."""
    if w.runs("trial"):
        w.went_on("trial")
    folder = w.host.world / "domains" / "trial"
    if folder.exists():
        shutil.rmtree(folder)
    for disk in (w.top / "new").glob("*"):
        disk.unlink()
    out = w.done("recover", **w.env)
    assert out == "Nothing to recover.\n", out
    assert w.runs("web1")


def restores(host, batch):
    """It runs from all of its memory, or not at all."""
    with started(host) as w:
        maps = w.maps()
        kills(w, batch, lambda: ("restore", w.repo, "web1", "--start",
                                 "--as", "trial", *maps),
              functools.partial(restored, w))
        w.start("--as", "trial", *maps)
        w.went_on("trial")
        w.checked()


def cut(host, verb):
    """No file may be longer than so many bytes: as on a disk that is full,
    which is an error, or an end by SIGXFSZ."""
    rng = random.Random(SEED)
    with started(host) as w:
        maps = w.maps()
        words = ("backup", "web1", w.repo) if verb == "backup" else (
            "restore", w.repo, "web1", "--start", "--as", "trial", *maps)
        failed = 0
        for _ in range(KILLS // 2):
            most = int(2 ** rng.uniform(8, 19))
            p = begin(w, *words, preexec_fn=functools.partial(
                resource.setrlimit, resource.RLIMIT_FSIZE, (most, most)))
            failed += p.wait() not in (0, 3)
            w.host.wait_for_orphans()
            if verb == "backup":
                goes_on(w)
            else:
                restored(w)
        assert failed > KILLS // 4, failed
        w.checked()


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([(f"backups, batch {i}", of(backups, Host, i))
               for i in range(BATCHES)] +
              [(f"restores, batch {i}", of(restores, Host, i))
               for i in range(BATCHES)] +
              [("a backup that is cut off", of(cut, Host, "backup")),
               ("a restore that is cut off", of(cut, Host, "restore"))],
              leaks=False)


if __name__ == "__main__":
    main()
