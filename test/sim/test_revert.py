#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""revert: the domain goes on from the snapshot, its disks and memory of that
one instant; killed and failing at every place it is one state or the other;
and memory is never resumed on disks that are not its own."""
import functools
import itertools
import json
import os
import random
import shutil

from simcheck import (
    PAGE, check_all, check_disk, check_nothing_to_recover, one_line,
    read_head, read_memory, run_cases)
from simhost import Host

DISKS = ("vg0/root", "thin0/logs", "vg0/data")
LATER = 40  # ticks, so that the present is another state


def now_of(host, name="web1"):
    """How far the domain is, and that its disks are as far as its memory."""
    folder = host.world / "domains" / name
    total, counters = read_head((folder / "memory").read_bytes()[:PAGE])
    for i, (issued, acked) in enumerate(counters):
        check_disk(host.world / "disks" / DISKS[i], issued, acked)
    return total


def kept(host, name):
    """How far the domain was at a snapshot."""
    pages = read_memory(host.root / "web1" / name / "memory.xl")
    return read_head(pages[0])[0]


def snapshots(host):
    """Those that are there."""
    return {f"web1@{p.name}" for p in (host.root / "web1").iterdir()
            if not p.name.startswith(".")}


def at(host, name):
    """It went on from @name, a moment ago: time passes with each call of
    xensnap in this world, but not much."""
    assert host.state("web1") == "running"
    total = now_of(host)
    assert kept(host, name) <= total < kept(host, name) + LATER * 3, (
        name, kept(host, name), total)


def ready(host, *names):
    """A domain, and some snapshots of it."""
    host.domain("web1", DISKS)
    for name in names:
        assert host.run("create", f"web1@{name}").status == 0
        host.tick(LATER)


def plain():
    """Once, and back again by what was kept of the present."""
    with Host() as host:
        ready(host, "a")
        was = now_of(host)
        result = host.run("revert", "web1@a", "--json")
        assert result.status == 0, result.err
        o = json.loads(result.out)
        assert o["snapshot"] == "web1@a" and o["memory"] and o["started"], o
        assert o["disks"] == 3 and o["written_bytes"] > 0, o
        at(host, "a")
        before = o["before"].partition("@")[2]
        assert kept(host, before) >= was
        check_all(host, {"web1@a", o["before"]})
        result = host.run("revert", o["before"], "--no-keep")
        assert result.status == 0, result.err
        assert f"at {o['before']}, and goes on" in result.out, result.out
        at(host, before)
        check_all(host, {"web1@a", o["before"]})
        check_nothing_to_recover(host)


def again_and_again():
    """Between five, in any order; all of them stay."""
    rng = random.Random(5)
    with Host() as host:
        names = "abcde"
        ready(host, *names)
        for _ in range(20):
            name = rng.choice(names)
            result = host.run("revert", f"web1@{name}", "--no-keep")
            assert result.status == 0, result.err
            at(host, name)
            host.tick(rng.randrange(LATER))
        check_all(host, {f"web1@{name}" for name in names})


def gone():
    """A domain that is not there comes back, also with its disks used
    meanwhile; what they were is kept."""
    with Host() as host:
        ready(host, "a")
        host.set_state("web1", "gone")
        with open(host.world / "disks" / DISKS[0], "r+b") as f:
            f.write(b"somebody was here" * 1000)
        result = host.run("revert", "web1@a")
        assert result.status == 0, result.err
        at(host, "a")
        before, = snapshots(host) - {"web1@a"}
        record = json.loads((host.root / "web1" / before.split("@")[1] /
                             "snapshot.json").read_text())
        assert record["mode"] == "offline", record


def gone_and_killed(place):
    """The same, killed there: recover leaves nothing over."""
    with Host() as host:
        ready(host, "a")
        host.set_state("web1", "gone")
        p = host.stopped_at(place, "revert", "web1@a")
        assert p, place
        host.kill(p)
        assert host.run("recover").status == 0
        left = {x.name for x in (host.root / "web1").iterdir()
                if x.name.startswith(".")}
        assert left <= {".lock"}, left
        check_nothing_to_recover(host)
        if host.state("web1") != "gone":
            at(host, "a")


def disks_only():
    """Its disks are what they were; its memory begins anew."""
    with Host() as host:
        ready(host, "a")
        assert host.run("create", "web1@d", "--disks-only").status == 0
        host.tick(LATER)
        for name, words in ("a", ["--disks-only"]), ("d", []):
            views = {d["vdev"]: d["view"] for d in json.loads(
                host.run("show", f"web1@{name}", "--json").out)["disks"]}
            p = host.stopped_at("revert.disks", "revert", f"web1@{name}",
                                "--no-keep", *words)
            for i, disk in enumerate(DISKS):
                with open(views[f"xvd{'abc'[i]}"], "rb") as view:
                    assert view.read() == (
                        host.world / "disks" / disk).read_bytes(), disk
            p.send_signal(18)
            result = host.finish(p)
            assert result.status == 0, result.err
            assert "boots" in result.out, result.out
            assert host.state("web1") == "running"
            host.tick(LATER)


def dry():
    """Nothing is done, and what would be is told."""
    with Host() as host:
        ready(host, "a")
        was = now_of(host)
        result = host.run("revert", "web1@a", "--dry-run")
        assert result.status == 0, result.err
        assert "Would keep the present as web1@before-" in result.out
        assert "Would revert web1 to web1@a" in result.out, result.out
        assert now_of(host) >= was
        check_all(host, {"web1@a"})


def one_of_both(host, was, snapshot="a"):
    """After recover: all as before, or all as at the snapshot."""
    result = host.run("recover")
    assert result.status == 0, result
    there = snapshots(host)
    assert f"web1@{snapshot}" in there and len(there) <= 2, there
    check_all(host, there)
    check_nothing_to_recover(host)
    total = now_of(host)
    if total >= was:
        return "before"
    at(host, snapshot)
    return "after"


def places(*words):
    """Where a revert can be killed."""
    with Host() as host:
        ready(host, "a")
        return host.trace("revert", "web1@a", *words)


def killed(place, watchdog, *words):
    """kill -9 there, also of the watchdog of the create that it begins with."""
    with Host() as host:
        ready(host, "a")
        was = now_of(host)
        p = host.stopped_at(place, "revert", "web1@a", *words)
        assert p, f"{place} was not reached"
        host.kill(p, watchdog)
        half = (host.root / "web1" / ".revert").exists()
        if half:
            one_line(host.run("create", "web1@x"), 1, "revert of web1",
                     "xensnap recover web1")
            one_line(host.run("delete", "web1@a"), 1, "xensnap recover web1")
            one_line(host.run("revert", "web1@a"), 1, "xensnap recover web1")
        state = one_of_both(host, was)
        assert state == ("after" if half or place.startswith("revert.started")
                         else "before"), (place, state)


def killed_twice(place, again):
    """And once more while recover finishes it."""
    with Host() as host:
        ready(host, "a")
        p = host.stopped_at(place, "revert", "web1@a", "--no-keep")
        host.kill(p)
        p = host.stopped_at(again, "recover")
        if p:
            host.kill(p)
        one_of_both(host, 1 << 60)
        at(host, "a")


def fails(knob, value, words, done):
    """What can go wrong does; then it is mended, and recover finishes it."""
    with Host() as host:
        ready(host, "a")
        was = now_of(host)
        host.fault(knob, value)
        result = host.run("revert", "web1@a", "--no-keep")
        one_line_says(result, words)
        host.mend()
        assert one_of_both(host, was) == done


def one_line_says(result, words):
    assert result.status == 1, result
    assert words in result.error_lines()[-1], result.err


def swapped():
    """The memory of another instant is refused, whatever its name and length;
    so is one that is cut."""
    with Host() as host:
        ready(host, "a", "b")
        a, b = (host.root / "web1" / x / "memory.xl" for x in "ab")
        was = now_of(host)
        shutil.copy(a, host.dir / "copy")
        shutil.copy(b, a)
        one_line(host.run("revert", "web1@a"), 1, "memory.xl is not the one")
        a.write_bytes((host.dir / "copy").read_bytes()[:-1])
        one_line(host.run("revert", "web1@a"), 1, "memory.xl is not the one")
        a.unlink()
        one_line(host.run("revert", "web1@a"), 1, "memory.xl")
        assert now_of(host) >= was and snapshots(host) == {"web1@a", "web1@b"}
        (host.dir / "copy").chmod(0o600)
        shutil.move(host.dir / "copy", a)
        result = host.run("revert", "web1@a", "--no-keep")
        assert result.status == 0, result
        at(host, "a")


def refused():
    """What cannot be done is said before anything is."""
    with Host() as host:
        ready(host, "a")
        one_line(host.run("revert", "web1@x"), 1, "web1@x")
        assert host.run("revert", "web1").status == 2
        view = next(v for v in (host.world / "views").iterdir()
                    if not v.name.endswith(".tags"))
        lost = view.with_name(view.name + ".lost")
        lost.write_text("it ran full")
        one_line(host.run("revert", "web1@a"), 1, "cannot be relied on")
        lost.unlink()
        host.set_state("web1", "paused")
        one_line(host.run("revert", "web1@a"), 1, "paused", "--no-keep")
        host.set_state("web1", "running")
        assert host.run("create", "web1@s", "--disks-only", "--skip-disk",
                        "xvdb").status == 0
        one_line(host.run("revert", "web1@s"), 1, "left out")
        assert snapshots(host) == {"web1@a", "web1@s"}


def host_does_not_fit():
    """Another processor than the guest was told of; no memory for one that is
    gone, while that of one that runs is given back."""
    with Host() as host:
        ready(host, "a")
        host.fault("no-avx2")
        one_line(host.run("revert", "web1@a"), 1,
                 "was told of a processor with avx2", "--disks-only")
        assert snapshots(host) == {"web1@a"}
        host.mend()
        host.fault("free-mib", 0)
        assert host.run("revert", "web1@a", "--no-keep").status == 0
        at(host, "a")
        host.set_state("web1", "gone")
        one_line(host.run("revert", "web1@a"), 1,
                 "this host has 0 B for new domains")
        assert snapshots(host) == {"web1@a"}
        host.mend()
        assert host.run("revert", "web1@a").status == 0
        at(host, "a")


def crashed():
    """A domain that has crashed and is kept for a look: not as it is now, but
    back to the snapshot."""
    with Host() as host:
        ready(host, "a")
        host.set_state("web1", "off")
        one_line(host.run("revert", "web1@a"), 1, "--no-keep")
        assert host.run("revert", "web1@a", "--no-keep").status == 0
        at(host, "a")


def set_genid(path):
    """An HVM guest that has a generation id, by libxl's JSON."""
    o = json.loads(path.read_text())
    o["c_info"]["type"] = "hvm"
    o.setdefault("b_info", {})["type.hvm"] = {"ms_vm_genid": list(range(16))}
    path.write_text(json.dumps(o))


def genid():
    """A guest with a generation id is told that time went back: a new one, by
    the file that xl is given beside the memory; also by recover."""
    with Host() as host:
        ready(host, "a")
        set_genid(host.root / "web1" / "a" / "domain.json")
        host.fault("restore")  # by the memory alone
        config = host.root / "web1" / ".revert.cfg"
        for again in False, True:
            place = "revert.starting" if again else "revert.started"
            p = host.stopped_at(place, "revert", "web1@a", "--no-keep")
            assert p, place
            if again:
                assert not config.exists()
                host.kill(p)
                assert host.run("recover").status == 0
            else:
                lines = config.read_text().splitlines()
                assert 'ms_vm_genid="generate"' in lines, lines
                assert 'type="hvm"' in lines and 'name="web1"' in lines, lines
                uuid = json.loads((host.root / "web1" / "a" / "domain.json")
                                  .read_text())["c_info"]["uuid"]
                assert f'uuid="{uuid}"' in lines, lines
                for disk in DISKS:
                    assert f"target={host.world / 'disks' / disk}" in \
                        "\n".join(lines), (disk, lines)
                p.send_signal(18)
                result = host.finish(p)
                assert result.status == 0, result.err
            at(host, "a")
            check_all(host, {"web1@a"})
            host.tick(LATER)
        check_nothing_to_recover(host)


def no_genid():
    """One without is restored by its memory alone; and so is one with, when it
    goes on from where it stands."""
    with Host() as host:
        ready(host, "a")
        host.fault("boot")  # by a configuration
        p = host.stopped_at("revert.started", "revert", "web1@a", "--no-keep")
        assert p and not (host.root / "web1" / ".revert.cfg").exists()
        p.send_signal(18)
        assert host.finish(p).status == 0
        at(host, "a")
        p = host.stopped_at("rebuild.destroyed", "create", "web1@r",
                            "--rebuild")
        assert p
        set_genid(host.root / "web1" / ".r.partial" / "domain.json")
        p.send_signal(18)
        result = host.finish(p)
        assert result.status == 0, result.err
        check_all(host, {"web1@a", "web1@r"})


def main():
    """All of them."""
    cases = [
        ("there and back", plain),
        ("twenty times between five", again_and_again),
        ("the domain is gone", gone),
        ("the domain has crashed", crashed),
        *((f"the domain is gone, killed at {place}",
           functools.partial(gone_and_killed, place))
          for place in ("journal.begin.after", "revert.written",
                        "revert.starting")),
        ("the disks alone", disks_only),
        ("a dry run", dry),
        ("an HVM guest gets a new generation id", genid),
        ("what has none, or does not go back, keeps what it has", no_genid),
        ("another memory", swapped),
        ("what is refused", refused),
        ("no room, or another processor", host_does_not_fit),
        ("its end fails", functools.partial(
            fails, "destroy", "", "xensnap recover web1", "after")),
        ("its restore fails", functools.partial(
            fails, "restore", "", "xensnap recover web1", "after")),
        ("a view cannot be opened", functools.partial(
            fails, "open", "", "xensnap recover web1", "after")),
        ("a view overflows meanwhile", functools.partial(
            fails, "overflow", "", "xensnap recover web1", "after")),
    ]
    # Of the create that it begins with test_kill.py shows more.
    every = 1 if "LONG" in os.environ else 7
    own = [p for p in places() if p.startswith("re")]
    for place in [p for p in places() if p not in own][::every] + own:
        for watchdog in False, True:
            cases.append((
                f"killed at {place}{', watchdog too' if watchdog else ''}",
                functools.partial(killed, place, watchdog)))
    mine = [p for p in places("--no-keep") if p.startswith("re")]
    for place in mine:
        cases.append((f"killed at {place}, --no-keep",
                      functools.partial(killed, place, False, "--no-keep")))
    # And recover as well: each pair of places, or every day each seventh.
    twice = itertools.product(mine, mine[1:])
    for place, again in itertools.islice(twice, 0, None, every):
        cases.append((f"killed at {place}, recover at {again}",
                      functools.partial(killed_twice, place, again)))
    run_cases(cases)


if __name__ == "__main__":
    main()
