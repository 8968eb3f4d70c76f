#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Room: how full groups and pools will be, what is refused; and views that
break, of which list, show and export say why."""
import functools
import json
import re

from simcheck import check_all, run_cases
from simhost import Host

DISKS = ("vg0/root", "thin0/logs", "vg1/data")


def room(host, *args):
    """What create --dry-run --json says of room: {(what, kind): ...}."""
    result = host.run("create", "web1@x", "--dry-run", "--json", *args)
    assert result.status == 0, result
    return {(f["what"], f["kind"]): f
            for f in json.loads(result.out)["space"]}


def forecast():
    """How full groups and pools are, and will be: in the dry run and as it
    then comes to be."""
    with Host() as host:
        host.domain("web1", ("vg0/root", "vg0/data", "thin0/a", "thin0/b",
                             "vg1/x"))
        (host.world / "groups" / "vg0").write_text("100000\n")
        (host.world / "groups" / "thin0.pool").write_text(
            "1000000 100000 2000000 50000\n")
        want = room(host)
        vg = want["vg0", "vg"]
        assert (vg["bytes"], vg["used_before"], vg["used_after"],
                vg["limit_percent"]) == (100000, 0, 61440, 100), vg
        data = want["thin0/pool", "pool-data"]
        assert (data["bytes"], data["used_before"], data["used_after"],
                data["limit_percent"]) == (1000000, 100000, 100000, 90), data
        meta = want["thin0/pool", "pool-metadata"]
        assert (meta["bytes"], meta["used_before"]) == (2000000, 50000), meta
        assert meta["used_after"] == 50000 + 2 * 32768, meta
        assert len(want) == 4, want
        result = host.run("create", "web1@x", "--dry-run")
        assert re.search(r"^WHAT +NOW +AFTER +LIMIT$", result.out, re.M)
        assert re.search(r"^volume group vg0 +0 B \(0\.0%\) +"
                         r"60\.0 KiB \(61\.4%\) +100%$", result.out, re.M)
        assert "metadata of thin pool thin0/pool" in result.out, result
        result = host.run("create", "web1@y", "-v", "--cow-size", "4%")
        assert result.status == 0, result
        assert "volume group vg0: 0.0 % full, 24.6 % with" in result.err
        assert room(host, "--cow-size", "2%")["vg0", "vg"][
            "used_before"] == 24576
        check_all(host, {"web1@y"})


def nearly_full():
    """Over nine tenths of a group are told; over eight of a pool warned of."""
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        host.domain("web2", ("thin0/root",))
        (host.world / "groups" / "vg0").write_text("32000\n")
        result = host.run("create", "web1@x")
        assert result.status == 0, result
        assert "volume group vg0 will be 96.0 % full" in result.err, result
        pool = host.world / "groups" / "thin0.pool"
        pool.write_text("1000 850 1000000 0\n")
        result = host.run("create", "web2@x")
        assert result.status == 3, result
        assert "data of thin pool thin0/pool will be 85.0 %" in result.err
        check_all(host, {"web1@x", "web2@x"})


# What there is of room, and what create then says of it: a group's, or a
# pool's data and metadata; and the options that allow it.
TOO_FULL = [
    ("thin0.pool", "1000 901 1000000 0", "data of thin pool thin0/pool",
     "90.1 % full now (901 B of 1000 B)", "limit is 90 %",
     "lvextend -L +SIZE thin0/pool", "--max-fill 100"),
    ("thin0.pool", "1000 0 1000000 890000", "metadata of thin pool thin0/pool",
     "89.0 % full now", "92.3 % with the snapshot", "limit is 90 %",
     "lvextend --poolmetadatasize +SIZE thin0/pool", "--max-fill 100"),
    ("vg0", "100000", "volume group vg0", "0.0 % full now",
     "61.4 % with the snapshot", "limit is 50 %", "vgextend vg0",
     "--max-fill 100"),
]


def too_full(room, figures, *words):
    """Beyond the limits create refuses, unless it is told otherwise."""
    with Host() as host:
        host.domain("web1", ("vg0/root", "thin0/logs", "vg0/data"))
        (host.world / "groups" / room).write_text(figures + "\n")
        limit = ("--max-fill", "50") if room == "vg0" else ()
        for more in ((), ("--dry-run",), ("--json",)):
            result = host.run("create", "web1@x", *limit, *more)
            assert result.status == 1 and not result.out, result
            line, = result.error_lines()
            for word in ("create web1@x", *words):
                assert word in line, f'no "{word}" in: {line}'
        check_all(host, set())
        result = host.run("create", "web1@x", "--max-fill=100")
        assert result.status in (0, 3), result
        check_all(host, {"web1@x"})


def flat(text):
    """Without the line breaks of the terminal."""
    return " ".join(text.split())


def lost_view(why):
    """A view that is lost is told by list, show and export, with the reason;
    delete removes it all the same."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        assert host.run("create", "web1@y").status == 0
        (host.world / "views" / "vg1-data.xs-x.lost").write_text(why)
        why = why or "its copy-on-write area ran full"
        result = host.run("list")
        assert result.status == 3, result
        assert re.search(r"web1@x .* lost\b", result.out), result
        assert re.search(r"web1@y .* good\b", result.out), result
        assert f"web1@x: xvdc is lost: {why}" in flat(result.out), result
        result = host.run("show", "web1@x")
        assert result.status == 3, result
        assert f"state lost: {why}" in flat(result.out), result
        assert host.run("show", "web1@y").status == 0
        result = host.run("show", "web1@x", "--json")
        assert result.status == 3, result
        states = [(d["state"], d.get("why"))
                  for d in json.loads(result.out)["disks"]]
        assert states == [("good", None), ("good", None), ("lost", why)]
        result = host.run("export", "web1@x", "out")
        assert result.status == 1 and "disk xvdc" in result.err, result
        assert f"is lost: {why}" in result.err, result
        assert not (host.dir / "out").exists()
        assert host.run("delete", "web1@x").status == 0
        check_all(host, {"web1@y"})


def impaired_view():
    """A view that is whole while something around it is not: told in the
    same places, and exported."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        why = "its thin pool thin0/pool has run out of room for data"
        (host.world / "views" / "thin0-logs.xs-x.impaired").write_text(why)
        for args in (("list",), ("show", "web1@x")):
            result = host.run(*args)
            assert result.status == 3, result
            assert f"impaired: {why}" in flat(result.out), result
        result = host.run("list", "--json")
        disk = json.loads(result.out)["snapshots"][0]["disks"][1]
        assert (disk["state"], disk["why"]) == ("impaired", why), disk
        result = host.run("export", "web1@x", "out")
        assert result.status == 0 and why in result.err, result
        assert host.run("delete", "web1@x").status == 0
        check_all(host, set())


def gone_view():
    """One that was removed, and one whose name another volume has."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        views = host.world / "views"
        (views / "vg0-root.xs-x").unlink()
        (views / "vg0-root.xs-x.tags").unlink()
        (views / "vg1-data.xs-x.tags").unlink()
        result = host.run("list")
        assert result.status == 3, result
        assert "xvda is lost: its volume is gone" in result.out, result
        assert "xvdc is lost: another volume has its name" in result.out
        assert host.run("delete", "web1@x").status == 0
        (views / "vg1-data.xs-x").unlink()
        check_all(host, set())


run_cases([
    ("how full all will be", forecast),
    ("what is nearly full", nearly_full),
    *((f"too full: {case[2]}", functools.partial(too_full, *case))
      for case in TOO_FULL),
    ("a view that ran full", functools.partial(lost_view, "")),
    ("a view whose pool has failed",
     functools.partial(lost_view, "its thin pool vg1/pool has failed")),
    ("an impaired view", impaired_view),
    ("views that are gone", gone_view),
])
