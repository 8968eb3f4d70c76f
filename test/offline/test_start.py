#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`restore --start`: the domain of a backup goes on from its instant, as itself
or as another one; on a simulated host.  Whatever is refused is refused before
anything is made, and whatever is killed leaves a domain that has all of its
memory, or none."""
import functools
import json
import pathlib
import signal

from startworld import started
from simcheck import run_cases


def as_other(host):
    """Beside the first one, with a name and a uuid of its own."""
    with started(host) as w:
        o = w.start("--as", "trial", "--to", f"{w.top / 'all'}/")
        assert o["domain"] == "trial" and o["memory"], o
        assert o["uuid"] != w.uuid == w.settings("web1")["uuid"]
        assert w.settings("trial")["uuid"] == o["uuid"], o
        assert o["config"] == str(w.top / "all/domain.cfg"), o
        text = pathlib.Path(o["config"]).read_text()
        assert 'name="trial"' in text and f"{w.top / 'all'}/xvda.img" in text
        # It is not a file of the folder: the disks go on without it.
        assert {p.name for p in (w.top / "all").iterdir()} == {
            "domain.cfg", "domain.json", "snapshot.json", "xvda.img",
            "xvdb.img"}
        w.went_on("trial")
        assert w.runs("web1") and w.now("web1") > w.instant
        w.checked()


def itself(host):
    """After it was lost: its own name and uuid."""
    with started(host) as w:
        w.host.set_state("web1", "gone")
        o = w.start(*w.maps())
        assert o["domain"] == "web1" and o["uuid"] == w.uuid, o
        assert w.settings("web1")["uuid"] == w.uuid
        assert o["config"] == str(w.top / "a/.restored/web1.cfg"), o
        config = pathlib.Path(o["config"])
        assert config.stat().st_mode & 0o777 == 0o600
        assert w.runs("web1")
        # The world remembers its old disks; xl was given the new ones.
        text = config.read_text()
        assert f"target={w.top / 'new/xvda'}" in text, text
        assert f"target={w.top / 'new/xvdb'}" in text, text
        # The folder of what is restored is no domain.
        names = w.done("list", "--names", **w.env).split()
        assert all(n.startswith("web1@backup-") for n in names), names


def believed(host):
    """What it takes of the configuration, and what only with a word."""
    with started(host) as w:
        o = w.start("--as", "trial", *w.maps())
        assert o["left_out"] == ["b_info.cmdline"], o
        assert "cmdline" not in pathlib.Path(o["config"]).read_text()
        w.went_on("trial")
        o = w.start("--as", "other", "--trust-config", *w.maps("more"),
                    warns=False)
        assert o["left_out"] == [], o
        assert "cmdline" in pathlib.Path(o["config"]).read_text()
        w.went_on("other")


def boots(host):
    """--disks-only: from the disks."""
    with started(host) as w:
        o = w.start("--as", "trial", "--disks-only", *w.maps())
        assert o["memory"] is False and w.runs("trial"), o
        memory = w.host.world / "domains/trial/memory"
        assert not any(memory.read_bytes())
        # Without --start: the folder has none, nor is there a word of it.
        out = w.done("restore", w.repo, "web1", "--disks-only", "--to",
                     f"{w.top / 'plain'}/", **w.env)
        assert "memory" not in out, out
        assert not (w.top / "plain/memory.xl").exists()


def dry(host):
    """Nothing is made; what would be is told."""
    with started(host) as w:
        out = w.done("restore", w.repo, "web1", "--start", "--as", "trial",
                     "--dry-run", "--to", f"{w.top / 'all'}/", **w.env)
        assert "would be: trial goes on from that instant" in out, out
        assert not (w.top / "all").exists() and not w.runs("trial")


def refused(host):
    """Before anything is made."""
    with started(host) as w:
        maps = w.maps()
        w.refused(1, "there is a domain web1 already; --as NEW", *maps)
        w.refused(2, "\"../x\" cannot be a domain's name here", "--as", "../x",
                  *maps)
        w.refused(1, "there is no bridge nosuch0", "--as", "trial",
                  "--network", "nosuch0", *maps)
        w.refused(2, "disk xvdb goes nowhere: --map xvdb=PATH", "--as",
                  "trial", *maps[:2])
        w.host.fault("xen-minor", 16)
        w.refused(1, "its memory is of Xen 4.17, and goes on under that or a "
                  "later one; here is 4.16", "--as", "trial", *maps)
        w.host.mend()
        w.host.fault("no-avx2")
        w.refused(1, "was told of a processor with avx2, which this host's "
                  "lacks", "--as", "trial", *maps)
        # From its disks it runs anywhere, if there is room.
        w.start("--as", "old", "--disks-only", *w.maps("old"))
        w.host.fault("free-mib", 0)
        w.refused(1, "of memory, and this host has 0 B for new domains",
                  "--as", "large", "--disks-only", *w.maps("large"))
        w.host.mend()
        w.done("clone", f"{w.done('list', '--names', **w.env).split()[0]}",
               "twin", "--disks-only", **w.env)
        w.host.set_state("twin", "gone")
        w.refused(1, "twin is a clone on this host", "--as", "twin", *maps)
        (w.top / "lone").write_bytes(bytes(4096))
        w.done("backup", "--disk", w.top / "lone", w.repo, "--name", "lone")
        w.fails(1, "is of a lone disk: there is no domain", "restore", w.repo,
                "lone", "--start", "--to", w.top / "x", **w.env)
        assert not any((w.top / "new").iterdir())
        assert not (w.top / "x").exists() and not w.runs("trial")


def usage(host):
    """One line each."""
    with started(host) as w:
        for word in (("--as", "x"), ("--network", "none"),
                     ("--trust-config",)):
            w.fails(2, f"{word[0]} is for --start", "restore", w.repo, "web1",
                    "--to", w.top / "x/", *word, **w.env)
        w.refused(2, "no domain runs on the standard output", "--disk", "xvda",
                  "--to", "-")


def fails(host):
    """It cannot be started: its disks stay, and it goes on from them."""
    with started(host) as w:
        w.host.fault("boot")
        result = w.run("restore", w.repo, "web1", "--start", "--as", "trial",
                       *w.maps(), **w.env)
        assert result.returncode == 1, result
        last = result.stderr.splitlines()[-1]
        assert "start trial: simulated: cannot boot it; its disks are " \
            "restored, and stay" in last, last
        w.host.mend()
        assert (w.top / "new/xvda").exists() and not w.runs("trial")
        o = w.start("--as", "trial", "--in-place", *w.maps())
        assert all(d["written_bytes"] == 0 for d in o["disks"]), o
        w.went_on("trial")


def damaged(host):
    """A piece of its memory is bad: there is no domain of half a memory."""
    with started(host) as w:
        o = w.start("--as", "first", *w.maps("first"))
        assert o["memory"]
        packs = [p for p in w.objects() if "packs" in p.parts]
        for pack in packs:
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.write_bytes(data)
        result = w.run("restore", w.repo, "web1", "--start", "--as", "trial",
                       *w.maps(), **w.env)
        assert result.returncode == 1, result
        assert not w.runs("trial")


def dies(host, place):
    """kill -9: it runs from all of its memory, or not at all; its disks, once
    they are there, are whole, and the same command goes on from them."""
    with started(host) as w:
        words = ["restore", w.repo, "web1", "--start", "--as", "trial"]
        p = w.stopped_at(place, *words, *w.maps(), **w.env)
        p.send_signal(signal.SIGKILL)
        p.wait()
        w.host.wait_for_orphans()
        there = [(w.top / "new" / v).exists() for v in ("xvda", "xvdb")]
        assert there == [place != "restore.disk"] * 2, there
        if w.runs("trial"):
            assert place == "restore.started", place
            w.went_on("trial")
        else:
            w.start("--as", "trial", *(["--in-place"] if any(there) else []),
                    *w.maps())
            w.went_on("trial")
        w.done("recover", **w.env)
        w.checked()


def told(host):
    """For people."""
    with started(host) as w:
        result = w.run("restore", w.repo, "web1", "--start", "--as", "trial",
                       *w.maps(), **w.env)
        assert result.returncode == 3, result
        assert "left out of the configuration: b_info.cmdline" in \
            result.stderr, result
        out = result.stdout
        assert "trial, uuid " in out and "goes on from that instant" in out
        assert "It has no network card: --network gives it some." in out, out
        shown = json.loads(w.done("list", "--json", **w.env))
        assert shown, shown


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("as another one", of(as_other, Host)),
        ("as itself", of(itself, Host)),
        ("what of its configuration is believed", of(believed, Host)),
        ("--disks-only", of(boots, Host)),
        ("--dry-run", of(dry, Host)),
        ("what is refused", of(refused, Host)),
        ("wrong input", of(usage, Host)),
        ("it cannot be started", of(fails, Host)),
        ("its memory is damaged", of(damaged, Host)),
        ("what is told", of(told, Host)),
    ] + [(f"it dies at {place}", of(dies, Host, place)) for place in (
        "restore.disk", "restore.config", "restore.fed", "restore.started")])


if __name__ == "__main__":
    main()
