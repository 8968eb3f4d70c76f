#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verify --boot`: a backup comes to life for a moment, beside everything else,
and nothing of it is left; on a simulated host.  Killed anywhere, `recover`
removes what is there."""
import functools
import json
import signal

from startworld import started
from simcheck import run_cases


def folder(w):
    to = w.top / "trial"
    to.mkdir(exist_ok=True)
    return to


def words(w, *more):
    return ["verify", "--boot", w.repo, "web1", "--to", folder(w), *more]


def trials(w):
    """The domains that were started for it."""
    return [p.name for p in (w.host.world / "domains").glob("verify-*")]


def nothing_left(w):
    """The original runs, and there is nothing else."""
    assert not any(folder(w).iterdir()), list(folder(w).iterdir())
    assert not any(w.runs(t) for t in trials(w))
    assert not list((w.top / "a").glob("verify-*"))
    assert not (w.top / "a/.restored").exists()
    clones = json.loads(w.done("list", "--clones", "--json", **w.env))
    assert clones["clones"] == [], clones
    assert w.runs("web1") and w.now("web1") > w.instant
    out = w.done("recover", **w.env)
    assert out == "Nothing to recover.\n", out


def lives(host):
    """By itself: it runs for a while."""
    with started(host) as w:
        o = w.json(*words(w, "--seconds", "1"), **w.env)
        assert o["lives"] and o["memory"] and o["sign"] == "it runs", o
        assert o["domain"].startswith("verify-") and o["sign_seconds"] >= 1, o
        assert trials(w) == [o["domain"]]
        assert w.settings(o["domain"])["uuid"] != w.uuid
        nothing_left(w)
        out = w.done(*words(w, "--seconds", "1"), **w.env)
        assert "web1: restored with its memory in " in out, out
        assert "it lives after 1." in out, out
        # The newest by itself.
        o = w.json("verify", "--boot", w.repo, "--to", folder(w), "--seconds",
                   "1", **w.env)
        assert o["backup"] == "web1", o


def stopped(w, place, *more):
    """One that stands still there; the domain that it made."""
    p = w.stopped_at(place, *words(w, *more), "--json", **w.env)
    name, = trials(w)
    return p, name


def node(host):
    """It writes something in xenstore; or nothing."""
    with started(host) as w:
        p, name = stopped(w, "trial.started", "--xenstore", "data/ready")
        at = w.host.world / "domains" / name / "store/data"
        at.mkdir(parents=True, exist_ok=True)
        (at / "ready").write_text("up\x1b[2J")
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 0
        nothing_left(w)
        result = w.run(*words(w, "--xenstore", "data/ready", "--seconds", "1"),
                       **w.env)
        assert result.returncode == 1, result
        assert "it DOES NOT live after 1." in result.stdout, result
        assert "nothing in data/ready" in result.stdout, result
        nothing_left(w)


def console(host):
    """It says something on its console."""
    with started(host) as w:
        p, name = stopped(w, "trial.started", "--console", "^(web|db).*login:")
        at = w.host.world / "domains" / name / "console"
        at.write_bytes(b"\0junk\n" * 30000 + b"web1 login: \x1b[1m\n")
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 0
        nothing_left(w)
        w.fails(1, "this host keeps no log of consoles", *words(
            w, "--console", "x", "--seconds", "1"), **w.env)
        nothing_left(w)


def ends(host):
    """It is gone, or stopped, a moment later."""
    with started(host) as w:
        for state, text in (("gone", "it is gone"), ("off", "it is shut down")):
            p, name = stopped(w, "trial.started")
            w.host.set_state(name, state)
            p.send_signal(signal.SIGCONT)
            assert p.wait() == 1, text
            nothing_left(w)
            for t in trials(w):
                (w.host.world / "domains" / t).rename(w.top / f"{t}.{state}")


def fails(host):
    """It cannot be started, or not even restored: that is told, and no more."""
    with started(host) as w:
        w.host.fault("boot")
        w.fails(1, "cannot boot it", *words(w), **w.env)
        w.host.mend()
        nothing_left(w)
        w.fails(1, "no backup", "verify", "--boot", w.repo, "nosuch", "--to",
                folder(w), **w.env)
        nothing_left(w)


def usage(host):
    """One line each, and nothing made."""
    with started(host) as w:
        for text, *more in (
                ("--create-lv or --to says where",),
                ("exclude each other", "--to", "/tmp", "--create-lv", "vg"),
                ("exclude each other", "--to", "/tmp", "--console", "x",
                 "--xenstore", "data/x"),
                ("is no node of a guest's", "--to", "/tmp", "--xenstore",
                 "/local/domain/0/x"),
                ("is no regular expression", "--to", "/tmp", "--console", "("),
                ("--seconds: '0' is not", "--to", "/tmp", "--seconds", "0"),
                ("is no folder", "--to", "/nosuch"),
                ("one at a time", "--data", "--to", "/tmp")):
            w.fails(2, text, "verify", "--boot", w.repo, *more, **w.env)
        w.fails(2, "--console is for --boot", "verify", w.repo, "--console",
                "x", **w.env)
        nothing_left(w)


def dies(host, place):
    """kill -9, and `recover`."""
    with started(host) as w:
        p = w.stopped_at(place, *words(w, "--seconds", "1"), **w.env)
        p.send_signal(signal.SIGKILL)
        p.wait()
        w.host.wait_for_orphans()
        out = w.done("recover", **w.env)
        assert "verify-" in out, out
        nothing_left(w)
        assert w.json(*words(w, "--seconds", "1"), **w.env)["lives"]
        nothing_left(w)


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("it runs", of(lives, Host)),
        ("a sign in xenstore", of(node, Host)),
        ("a sign on its console", of(console, Host)),
        ("it ends", of(ends, Host)),
        ("it cannot be started", of(fails, Host)),
        ("wrong input", of(usage, Host)),
    ] + [(f"it dies at {place}", of(dies, Host, place)) for place in (
        "trial.written", "restore.disk", "restore.config", "restore.fed",
        "restore.started", "trial.started", "trial.known", "unclone.ended",
        "unclone.disk")])


if __name__ == "__main__":
    main()
