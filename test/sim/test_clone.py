#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clone: second domains go on from a snapshot, on disks and with a name and
uuid of their own; the original and the snapshot are as before; killed and
failing at every place a clone is there, whole, or nothing of it is."""
import functools
import json
import os
import pathlib

from simcheck import (
    PAGE, check_all, check_disk, check_nothing_to_recover, check_prefix,
    one_line, read_head, read_memory, run_cases)
from simhost import Host

DISKS = ("vg0/root", "thin0/logs", "vg0/data")
LATER = 40


def config_of(host, name):
    """A domain's settings, and the paths of its disks."""
    lines = (host.world / "domains" / name / "config").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines
                    if not line.startswith("disk="))
    disks = [line.split("=", 1)[1].split()[1] for line in lines
             if line.startswith("disk=")]
    return settings, [host.world / disk for disk in disks]


def now_of(host, name):
    """How far the domain is, and that its disks are as far as its memory."""
    total, counters = read_head(
        (host.world / "domains" / name / "memory").read_bytes()[:PAGE])
    for disk, (issued, acked) in zip(config_of(host, name)[1], counters):
        check_disk(disk, issued, acked)
    return total


def kept(host, name):
    """How far the domain was at a snapshot."""
    return read_head(read_memory(host.root / "web1" / name / "memory.xl")[0])[0]


def ready(host):
    """A domain, and a snapshot of it."""
    host.domain("web1", DISKS)
    assert host.run("create", "web1@a").status == 0
    host.tick(LATER)


def goes_on(host, name):
    """It went on from the snapshot a moment ago, as a domain of its own."""
    assert host.state(name) == "running"
    total = now_of(host, name)
    assert kept(host, "a") <= total < kept(host, "a") + LATER * 3, total
    mine, disks = config_of(host, name)
    first, its_disks = config_of(host, "web1")
    assert mine["uuid"] != first["uuid"] and mine["domid"] != first["domid"]
    assert len(disks) == 3 and not set(disks) & set(its_disks)


def clones(host):
    """Those that are there by their records."""
    out = json.loads(host.run("list", "--clones", "--json").out)["clones"]
    return {c["clone"]: (c["from"], c["state"]) for c in out}


def nothing_of(host, *names):
    """Nothing is left of such a clone."""
    for name in names:
        assert not (host.root / name).exists(), name
        left = [p for p in host.dir.rglob(f"*{name}-xvd*")]
        assert not left, left
        folder = host.world / "domains" / name
        assert not folder.exists() or host.state(name) == "gone"


def plain():
    """One, made, used, and removed again."""
    with Host() as host:
        ready(host)
        was = now_of(host, "web1")
        result = host.run("clone", "web1@a", "trial", "--json")
        assert result.status == 0, result.err
        o = json.loads(result.out)
        clone, = o["clones"]
        assert o["snapshot"] == "web1@a" and o["memory"], o
        assert clone["domain"] == "trial" and len(clone["disks"]) == 3, clone
        assert 'name="trial"' in pathlib.Path(clone["config"]).read_text()
        goes_on(host, "trial")
        host.tick(LATER)
        now_of(host, "trial")
        assert now_of(host, "web1") > was
        check_all(host, {"web1@a"}, ["web1"], ["trial"])
        assert clones(host) == {"trial": ("web1@a", "made")}
        shown = json.loads(host.run("show", "web1@a", "--json").out)
        assert shown["clones"] == ["trial"], shown
        one_line(host.run("delete", "web1@a"), 1, "clone trial lives on it")
        one_line(host.run("delete", "trial"), 1, "runs", "xl destroy trial")
        assert now_of(host, "trial") > kept(host, "a")
        host.set_state("trial", "gone")
        one_line(host.run("delete", "web1@a"), 1, "clone trial lives on it")
        result = host.run("delete", "trial")
        assert result.out == "deleted trial\n", result
        nothing_of(host, "trial")
        assert host.run("delete", "web1@a").status == 0
        check_all(host, set(), ["web1"])
        check_nothing_to_recover(host)


def several():
    """Five at once; each goes its own way."""
    with Host() as host:
        ready(host)
        names = [f"t-{i}" for i in range(1, 6)]
        result = host.run("clone", "web1@a", "t", "--count", "5")
        assert result.status == 0, result.err
        for name in names:
            goes_on(host, name)
        assert len({config_of(host, n)[0]["uuid"] for n in names}) == 5
        assert set(clones(host)) == set(names)
        host.tick(LATER)
        for name in names:
            now_of(host, name)
        check_all(host, {"web1@a"}, ["web1"], names)
        one_line(host.run("delete", "web1@a"), 1, "clones t-1, t-2, t-3, t-4")


def disks_only():
    """It boots: its disks are the snapshot's, its memory begins anew."""
    with Host() as host:
        ready(host)
        assert host.run("create", "web1@d", "--disks-only").status == 0
        for snapshot, words in ("a", ["--disks-only"]), ("d", []):
            views = [d["view"] for d in json.loads(
                host.run("show", f"web1@{snapshot}", "--json").out)["disks"]]
            p = host.stopped_at("clone.config", "clone",
                                f"web1@{snapshot}", f"c{snapshot}", *words)
            for view in views:
                check_prefix(pathlib.Path(view))
            disks = json.loads((host.root / f"c{snapshot}" / ".clone")
                               .read_text())["disks"]
            for disk, view in zip(disks, views):
                with open(disk["path"], "rb") as a, open(view, "rb") as b:
                    assert a.read() == b.read(), disk
            p.send_signal(18)
            result = host.finish(p)
            assert result.status == 0 and "boots" in result.out, result
            assert host.state(f"c{snapshot}") == "running"


def cold():
    """Of a domain that did not run: what its own file says, but for who it
    is."""
    with Host() as host:
        host.disk("vg0/cold")
        disk = host.world / "disks" / "vg0" / "cold"
        disk.write_bytes(b"cold" * (disk.stat().st_size // 4))
        config = host.dir / "cold.cfg"
        config.write_text(
            'name="cold"\ntype="pvh"\nkernel="/boot/vmlinuz"\n'
            'cmdline="pages=12"\nmemory=64\n'
            f'disk=["vdev=xvda,format=raw,access=rw,target={disk}"]\n'
            'vif=["mac=00:16:3e:01:02:03,bridge=xenbr0"]')
        result = host.run("create", "cold@a", "--config", str(config))
        assert result.status == 0, result
        result = host.run("clone", "cold@a", "warm", "--network", "keep",
                          "--json")
        assert result.status == 0, result
        o, = json.loads(result.out)["clones"]
        text = pathlib.Path(o["config"]).read_text()
        assert text.startswith(config.read_text()), text
        own = text[len(config.read_text()):]
        assert 'name="warm"' in own and o["disks"][0]["path"] in own, own
        assert ",bridge=xenbr0" in own and "01:02:03" not in own, own
        assert host.state("warm") == "running"


def of_its_own():
    """A clone is a domain: it can be frozen, and its snapshot be cloned."""
    with Host() as host:
        ready(host)
        assert host.run("clone", "web1@a", "b").status == 0
        host.tick(LATER)
        assert host.run("create", "b@x", "--copy").status == 0
        host.set_state("b", "gone")
        one_line(host.run("delete", "b"), 1, "b@x")
        assert host.run("clone", "b@x", "c").status == 0
        now_of(host, "c")
        host.set_state("c", "gone")
        assert host.run("delete", "c", "b@x", "b").status == 0
        nothing_of(host, "b", "c")


def dry():
    """Nothing is done, and what would be is told."""
    with Host() as host:
        ready(host)
        result = host.run("clone", "web1@a", "t", "--count=2", "--dry-run")
        assert result.status == 0, result.err
        assert result.out == ("Would clone web1@a as t-1\n"
                              "Would clone web1@a as t-2\n"), result.out
        nothing_of(host, "t-1", "t-2")
        check_all(host, {"web1@a"})


def refused():
    """What cannot be done is said before anything is."""
    with Host() as host:
        ready(host)
        host.domain("other", ("vg0/other",))
        assert host.run("create", "other@a").status == 0
        host.set_state("other", "gone")
        cases = [
            (1, ("web1@x", "t"), "web1@x"),
            (2, ("web1", "t"), "web1"),
            (2, ("web1@a", "t@x"), "t@x"),
            (2, ("web1@a", "../t"), "../t"),
            (2, ("web1@a", "t", "--count", "0"), "1 to 64"),
            (2, ("web1@a", "t", "--count", "x"), "1 to 64"),
            (2, ("web1@a", "t" * 63, "--count", "11"), "too long"),
            (1, ("web1@a", "web1"), "a domain web1 already"),
            (1, ("web1@a", "other"), "of a domain other already"),
            (1, ("web1@a", "t", "--network", "no-such-br"), "no-such-br"),
            (2, ("web1@a", "t", "--network", "a/b"), "a/b"),
            (2, ("web1@a", "t", "--cow-size", "0"), "--cow-size"),
        ]
        for status, words, said in cases:
            one_line(host.run("clone", *words), status, said)
        (host.world / "views" / "trial-xvdb.img").write_text("another's")
        one_line(host.run("clone", "web1@a", "trial"), 1, "trial-xvdb.img")
        (host.world / "views" / "trial-xvdb.img").unlink()
        view = next(v for v in (host.world / "views").iterdir()
                    if "web1" not in v.name and not v.name.endswith(".tags")
                    and ".xs-a" in v.name and "other" not in v.name)
        lost = view.with_name(view.name + ".lost")
        lost.write_text("it ran full")
        one_line(host.run("clone", "web1@a", "t"), 1, "it ran full")
        lost.unlink()
        memory = host.root / "web1" / "a" / "memory.xl"
        whole = memory.read_bytes()
        memory.write_bytes(whole[:-1] + b"?")
        one_line(host.run("clone", "web1@a", "t"), 1, "memory.xl is not the")
        memory.write_bytes(whole)
        result = host.run("create", "web1@s", "--skip-disk", "xvdb")
        assert result.status == 3, result
        one_line(host.run("clone", "web1@s", "t"), 1, "left out",
                 "--disks-only")
        one_line(host.run("delete", "web1"), 2, "no clone", "web1@NAME")
        one_line(host.run("delete", "nobody"), 2, "no clone")
        nothing_of(host, "t", "trial")
        assert not clones(host)


def host_does_not_fit():
    """A host that has not the memory, or not the processor that the guest was
    told of; from their disks clones run on any processor."""
    with Host() as host:
        ready(host)
        host.fault("no-avx2")
        one_line(host.run("clone", "web1@a", "t"), 1,
                 "was told of a processor with avx2", "--disks-only")
        host.fault("free-mib", 0)
        words = "clone", "web1@a", "t", "--disks-only"
        one_line(host.run(*words), 1, "it needs",
                 "this host has 0 B for new domains")
        one_line(host.run(*words, "--count", "3"), 1, "3 of them need")
        nothing_of(host, "t", "t-1")
        host.mend()
        host.fault("no-avx2")
        assert host.run(*words).status == 0
        host.mend()
        assert host.run("clone", "web1@a", "u").status == 0
        goes_on(host, "u")


def fails(knob):
    """What can go wrong does: nothing of any is left."""
    with Host() as host:
        ready(host)
        host.fault(knob)
        result = host.run("clone", "web1@a", "t", "--count", "2")
        assert result.status == 1 and result.error_lines(), result
        host.mend()
        nothing_of(host, "t-1", "t-2")
        check_all(host, {"web1@a"}, ["web1"])
        check_nothing_to_recover(host)


def second_fails():
    """All or none: the first, which was made, goes as well."""
    with Host() as host:
        ready(host)
        p = host.stopped_at("clone.written#2", "clone", "web1@a", "t",
                            "--count", "2")
        assert host.state("t-1") == "running"
        host.fault("boot")
        p.send_signal(18)
        assert host.finish(p).status == 1
        host.mend()
        nothing_of(host, "t-1", "t-2")
        check_nothing_to_recover(host)


def whole_or_nothing(host, *names):
    """After recover a clone is there, or nothing of it; which?"""
    result = host.run("recover")
    assert result.status == 0, result
    there = set(clones(host)) & set(names)
    for name in there:
        goes_on(host, name)
    nothing_of(host, *(set(names) - there))
    check_all(host, {"web1@a"}, ["web1"], there)
    check_nothing_to_recover(host)
    return there


def places(*words):
    """Where it can be killed."""
    with Host() as host:
        ready(host)
        if words[0] == "delete":
            assert host.run("clone", "web1@a", "t").status == 0
            host.set_state("t", "gone")
        return host.trace(*words)


def killed(place, again=None):
    """kill -9 there, and once more while recover removes it."""
    with Host() as host:
        ready(host)
        p = host.stopped_at(place, "clone", "web1@a", "t")
        assert p, f"{place} was not reached"
        host.kill(p)
        half = (host.root / "t" / ".clone").exists()
        if half and place != "clone.made":
            assert clones(host) == {"t": ("web1@a", "half")}
            one_line(host.run("delete", "web1@a"), 1, "t lives on it")
            one_line(host.run("clone", "web1@a", "t"), 1, "already")
        if again:
            p = host.stopped_at(again, "recover")
            if p:
                host.kill(p)
        there = whole_or_nothing(host, "t")
        assert bool(there) == (place == "clone.made"), (place, there)


def killed_removing(place):
    """kill -9 while it is deleted: recover does the rest."""
    with Host() as host:
        ready(host)
        assert host.run("clone", "web1@a", "t").status == 0
        host.set_state("t", "gone")
        p = host.stopped_at(place, "delete", "t")
        assert p, place
        host.kill(p)
        assert host.run("recover").status == 0
        nothing_of(host, "t")
        check_all(host, {"web1@a"}, ["web1"])
        check_nothing_to_recover(host)


def main():
    """All of them."""
    mine = [p for p in places("clone", "web1@a", "t")
            if p.startswith("clone.")]
    removing = places("delete", "t")
    # Each fourth a day.
    pairs = [(place, again) for place in mine if place != "clone.made"
             for again in removing[1:]]
    cases = [
        ("one", plain),
        ("five", several),
        ("the disks alone", disks_only),
        ("of a domain that did not run", cold),
        ("a clone's snapshot, and a clone of that", of_its_own),
        ("a dry run", dry),
        ("what is refused", refused),
        ("no room, or another processor", host_does_not_fit),
        *((f"{knob} fails", functools.partial(fails, knob))
          for knob in ("boot", "open")),
        ("the second one fails", second_fails),
        *((f"killed at {place}", functools.partial(killed, place))
          for place in mine),
        *((f"killed at {place}, recover at {again}",
           functools.partial(killed, place, again))
          for place, again in pairs[::1 if "LONG" in os.environ else 4]),
        *((f"killed at {place}", functools.partial(killed_removing, place))
          for place in removing),
    ]
    run_cases(cases)


if __name__ == "__main__":
    main()
