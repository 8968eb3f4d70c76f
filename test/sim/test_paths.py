#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes well: create, list, show, export, delete; and that what judges
the snapshots sees it when one is wrong."""
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess

from simcheck import (check_all, check_one_instant, check_snapshot, read_memory,
                      run_cases)
from simhost import PAGE, Host

DISKS = ("vg0/root", "thin0/logs", "vg1/data")
HELD = ("vg0/root", "vg1/data")
MODES = ("--live", "--stop", "--rebuild")


def create_json(mode):
    """create --json prints one object with all that is promised."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1@x", mode, "--json")
        assert result.status == 0, result
        o = json.loads(result.out)
        assert o["snapshot"] == "web1@x"
        assert o["mode"] == mode[2:]
        assert re.fullmatch(r"[0-9a-f-]{36}", o["generation"])
        assert o["pause_ms"] > 0
        last = "rebuild" if mode == "--rebuild" else "resume"
        assert set(o["phases_ms"]) == {"hold", "memory", "views", last}
        assert o["memory_bytes"] > 12 * PAGE
        assert [d["vdev"] for d in o["disks"]] == ["xvda", "xvdb", "xvdc"]
        assert [d["driver"] for d in o["disks"]] == ["sim", "sim-thin", "sim"]
        for d in o["disks"]:
            assert d["source"].startswith(str(host.world / "disks"))
            assert d["view"].startswith(str(host.world / "views"))
            assert d["bytes"] == 300 * 1024
            assert d["io_stall_ms"] >= o["pause_ms"] - 0.002
        record = json.loads((host.root / "web1" / "x" /
                             "snapshot.json").read_text())
        space = o.pop("space")
        assert [(f["what"], f["kind"]) for f in space] == [
            ("vg0", "vg"), ("thin0/pool", "pool-data"),
            ("thin0/pool", "pool-metadata"), ("vg1", "vg")], space
        assert record == o
        check_all(host, {"web1@x"})


def disks_only():
    """Without memory: the domain is not touched, in whatever state it is."""
    with Host() as host:
        host.domain("web1", HELD)
        host.domain("web2", ("thin0/logs",))
        for state in ("running", "paused"):
            host.set_state("web1", state)
            result = host.run("create", f"web1@{state}", "--disks-only",
                              "--json")
            assert result.status == 0, result
            o = json.loads(result.out)
            assert (o["mode"], o["pause_ms"], o["phases_ms"],
                    o["memory_bytes"]) == ("disks", 0, {}, 0), o
            assert [d["io_stall_ms"] > 0 for d in o["disks"]] == [True] * 2
            assert host.state("web1") == state
        host.set_state("web1", "running")
        host.tick(20)
        check_all(host, {"web1@running", "web1@paused"})
        result = host.run("export", "web1@running", "out")
        assert result.status == 0 and "xl create" in result.out, result
        assert not (host.dir / "out" / "memory.xl").exists()
        result = host.run("list")
        assert result.out.count("none") == 4, result
        assert "none" in host.run("show", "web1@running").out
        assert host.run("delete", "web1@running", "web1@paused").status == 0
        check_all(host, set())


def disks_only_paused():
    """Disks that cannot wait for each other: the domain is paused for them,
    or does not run anyway; it must not be let go on meanwhile."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1@x", "--disks-only", "--json")
        assert result.status == 0, result
        assert "will be paused" in result.err, result
        o = json.loads(result.out)
        assert o["mode"] == "disks" and o["pause_ms"] > 0, o
        assert set(o["phases_ms"]) == {"views", "hold", "resume"}, o
        assert "memory      none" in host.run("show", "web1@x").out
        check_all(host, {"web1@x"})
        host.set_state("web1", "paused")
        result = host.run("create", "web1@y", "--disks-only", "--json")
        assert result.status == 0, result
        assert json.loads(result.out)["pause_ms"] == 0
        assert host.state("web1") == "paused"
        p = host.stopped_at("still.frozen", "create", "web1@z",
                            "--disks-only")
        host.set_state("web1", "running")
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 1, result
        assert "was paused and is running now" in result.err, result
        check_all(host, {"web1@x", "web1@y"})


def many_snapshots(mode):
    """Snapshots beside each other, each of its own instant; deleted in any
    order."""
    with Host() as host:
        host.domain("web1", DISKS)
        names = [f"web1@s{i}" for i in range(4)]
        for i, name in enumerate(names):
            result = host.run("create", name, mode)
            assert result.status == 0, result
            host.tick(5)
            check_all(host, set(names[:i + 1]))
        result = host.run("list", "--names")
        assert result.out.split() == names, result
        assert host.run("delete", names[2], names[0]).status == 0
        check_all(host, {names[1], names[3]})
        result = host.run("delete", names[0], names[1], "web1@none", names[3])
        assert result.status == 1, result
        assert result.out == f"deleted {names[1]}\ndeleted {names[3]}\n"
        assert len(result.error_lines()) >= 2, result
        check_all(host, set())
        assert not (host.root / "web1").exists()


def named_by_time():
    """Without a name it is the time."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1", "--json")
        assert result.status == 0, result
        name = json.loads(result.out)["snapshot"]
        assert re.fullmatch(r"web1@20\d{6}-\d{6}", name), name
        check_all(host, {name})


def dry_run():
    """--dry-run says what would be done, and changes nothing."""
    with Host() as host:
        host.domain("web1", DISKS)
        result = host.run("create", "web1@x", "--dry-run")
        assert result.status == 0 and "Would freeze web1" in result.out
        check_all(host, set())
        assert not (host.root / "web1").exists()
        assert host.run("create", "web1@x").status == 0
        for args in (("delete", "web1@x"), ("export", "web1@x", "out"),
                     ("recover",)):
            result = host.run(*args, "--dry-run")
            assert result.status == 0, result
        assert not (host.dir / "out").exists()
        check_all(host, {"web1@x"})


def dry_recover():
    """recover --dry-run tells what recover then does."""
    with Host() as host:
        host.domain("web1", DISKS)
        p = host.stopped_at("instant.held", "create", "web1@x")
        host.kill(p, watchdog=True)
        assert host.run("create", "web1@y").status == 1  # it stands still
        result = host.run("recover", "--dry-run")
        assert result.status == 0, result
        assert "web1@x: would be undone" in result.out, result
        assert host.state("web1") == "suspended"
        result = host.run("recover", "--json")
        note, = json.loads(result.out)["notes"]
        assert note["what"] == "web1@x"
        assert "the domain stood still and was resumed" in note["did"]
        assert "held disks were let go on" in note["did"]
        check_all(host, set())


def default_mode():
    """Live where it can be done; else stop, with a line that says why."""
    with Host() as host:
        host.domain("hvm", ("vg0/h",), type="HVM")
        host.domain("pv", ("vg0/p",), type="PV", live="no log-dirty mode here")
        result = host.run("create", "hvm@x", "--json")
        assert json.loads(result.out)["mode"] == "live", result
        result = host.run("create", "pv@x", "--json")
        assert json.loads(result.out)["mode"] == "stop", result
        assert "pv will stand still" in result.err, result
        assert "no log-dirty mode here" in result.err, result
        result = host.run("create", "pv@y", "--stop")
        assert result.status == 0 and "log-dirty" not in result.err, result
        check_all(host, {"hvm@x", "pv@x", "pv@y"})


def stages():
    """By whatever way the memory goes, it arrives; nothing stays there."""
    with Host() as host:
        host.domain("web1", DISKS)
        stage = host.dir / "stage"
        stage.mkdir()
        for name, where in ("a", "ram"), ("b", "none"), ("c", str(stage)):
            result = host.run("create", f"web1@{name}", "--stop", "--stage",
                              where)
            assert result.status == 0, result
        assert not list(stage.iterdir())
        check_all(host, {"web1@a", "web1@b", "web1@c"})
        for status, words in ((2, ("--stop", "--stage", "tape")),
                              (2, ("--live", "--stage", "ram")),
                              (2, ("--disks-only", "--stage", "ram")),
                              (1, ("--stop", "--stage", "/no/such")),
                              (2, ("--stop", "--stage", "/etc/passwd"))):
            result = host.run("create", "web1@d", *words)
            assert result.status == status, result
            assert "--stage" in result.err, result
        check_all(host, {"web1@a", "web1@b", "web1@c"})


def other_drives():
    """Read-only disks, CD-ROMs and empty drives have no views."""
    with Host() as host:
        host.disk("vg0/iso")
        host.domain("web1", ("vg0/root",),
                    extra=["xvdb disks/vg0/iso phy ro",
                           "xvdc disks/vg0/iso qdisk cdrom",
                           "xvdd - qdisk cdrom"])
        result = host.run("create", "web1@x", "--json")
        assert result.status == 0, result
        assert len(json.loads(result.out)["disks"]) == 1
        check_all(host, {"web1@x"})


def no_disks(monitor):
    """Memory alone, with and without a monitor."""
    with Host() as host:
        host.domain("web1", (), monitor=monitor)
        assert host.run("create", "web1@x").status == 0
        check_all(host, {"web1@x"})
        assert host.run("export", "web1@x", "out").status == 0
        assert host.run("delete", "web1@x").status == 0
        check_all(host, set())


def cow_size():
    """The room for a view is a tenth of the disk, or what is asked for."""
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        for i, (args, want) in enumerate((((), 30720),
                                          (("--cow-size", "50%"), 153600),
                                          (("--cow-size", "64K"), 65536))):
            result = host.run("create", f"web1@s{i}", "--json", *args)
            disk, = json.loads(result.out)["disks"]
            assert disk["cow_bytes"] == want, result


def sha256(path):
    """The file's sum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export():
    """What was exported is the view, to the byte, and of one instant."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        views = check_snapshot(host, host.root / "web1" / "x")
        host.tick(20)
        result = host.run("export", "web1@x", "out", "--json")
        assert result.status == 0, result
        out = host.dir / "out"
        assert {p.name for p in out.iterdir()} == {
            "xvda.img", "xvdb.img", "xvdc.img", "memory.xl", "domain.cfg",
            "snapshot.json", "SHA256SUMS"}
        images = [out / f"xvd{c}.img" for c in "abc"]
        for image, view in zip(images, views):
            assert image.read_bytes() == view.read_bytes(), image
            assert image.stat().st_blocks * 512 < 200 * 1024, "not sparse"
        check_one_instant(out / "memory.xl", dict(enumerate(images)))
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=out,
                       check=True)
        files = {f["name"]: f for f in json.loads(result.out)["files"]}
        for name in ("xvda.img", "memory.xl", "domain.cfg"):
            assert files[name]["bytes"] == (out / name).stat().st_size
            assert files[name]["sha256"] == sha256(out / name)
        config = (out / "domain.cfg").read_text()
        for image in images:
            assert str(image) in config, config
        assert str(host.world / "disks") not in config, config
        for path in out.iterdir():
            assert path.stat().st_mode & 0o77 == 0, path
        check_all(host, {"web1@x"})


def export_qcow2():
    """The same as qcow2, if qemu-img is there."""
    if not shutil.which("qemu-img"):
        return "no qemu-img"
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        assert host.run("create", "web1@x").status == 0
        view, = check_snapshot(host, host.root / "web1" / "x")
        result = host.run("export", "web1@x", "out", "--format", "qcow2")
        assert result.status == 0, result
        image = host.dir / "out" / "xvda.qcow2"
        subprocess.run(["qemu-img", "convert", "-O", "raw", image,
                        host.dir / "back"], check=True)
        assert (host.dir / "back").read_bytes()[:300 * 1024] == \
            view.read_bytes()
        assert 'format=qcow2' in (host.dir / "out" / "domain.cfg").read_text()
    return None


def export_disk():
    """One disk to a pipe, and to a file, where it is sparse."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        views = check_snapshot(host, host.root / "web1" / "x")
        args = ("export", "--disk", "xvdb", "web1@x", "-")
        p = host.start(*args)
        data, _ = p.communicate()
        assert p.returncode == 0 and data == views[1].read_bytes()
        image = host.dir / "image"
        image.write_bytes(b"x" * 500000)
        with open(image, "r+b") as f:
            run = subprocess.run([p.args[0], *args], stdout=f, env=host.env(),
                                 check=True, stderr=subprocess.PIPE)
        assert not run.stderr
        assert image.read_bytes() == views[1].read_bytes()
        assert image.stat().st_blocks * 512 < 200 * 1024, "not sparse"
        result = host.run("export", "--disk", "xvdz", "web1@x", "-")
        assert result.status == 1 and "xvda xvdb xvdc" in result.err, result
        # A reader that goes away: an error, and no more.
        p = host.start(*args)
        p.stdout.close()
        p.stdout = None
        _, err = p.communicate()
        assert p.returncode == 1 and b"Broken pipe" in err, err


def export_refused():
    """Where an export cannot go, nothing is changed."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        full, file = host.dir / "full", host.dir / "file"
        full.mkdir()
        (full / "mine").write_text("mine")
        file.write_text("mine")
        for where, word in (("full", "not empty"), ("file", "no folder"),
                            ("none/out", "No such file"),
                            ("file/out", "")):
            result = host.run("export", "web1@x", where)
            assert result.status == 1, result
            line, = result.error_lines()
            assert word in line and where.split("/")[0] in line, result
        assert [p.name for p in full.iterdir()] == ["mine"]
        assert file.read_text() == "mine"


def export_fails(knob, *words):
    """An export that fails leaves nothing."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        host.fault(knob, 1 if knob == "overflow" else "")
        (host.dir / "empty").mkdir()
        for where in ("out", "empty"):
            result = host.run("export", "web1@x", where)
            if knob == "overflow" and where == "empty":
                assert result.status == 0, result
                break
            assert result.status == 1, result
            line, = result.error_lines()
            for word in words:
                assert word in line, result
            assert not (host.dir / "out").exists()
            assert not list((host.dir / "empty").iterdir())
        host.mend()
        check_all(host, {"web1@x"})


def short_memory():
    """A memory file that lost its end is no export."""
    with Host() as host:
        host.domain("web1", ("vg0/root",))
        assert host.run("create", "web1@x").status == 0
        memory = host.root / "web1" / "x" / "memory.xl"
        os.truncate(memory, memory.stat().st_size - 4096)
        result = host.run("export", "web1@x", "out")
        assert result.status == 1 and "memory" in result.err, result
        assert not (host.dir / "out").exists()


def judge():
    """Test the test: what makes a snapshot wrong is seen.  Each page of
    --stop is in the file once, so that each counts."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x", "--stop").status == 0
        folder = host.root / "web1" / "x"
        views = check_snapshot(host, folder)
        memory = folder / "memory.xl"

        def seen(what, path, data):
            good = path.read_bytes()
            path.write_bytes(data(good))
            try:
                check_one_instant(memory, dict(enumerate(views)))
            except AssertionError:
                path.write_bytes(good)
                check_one_instant(memory, dict(enumerate(views)))
                return
            raise RuntimeError(f"not seen: {what}")

        total = len(read_memory(memory))
        assert total == 12
        # A view of a later moment, of an earlier one, with a lost write.
        host.tick(3)
        later = [(host.world / "disks" / d).read_bytes() for d in DISKS]
        for i, view in enumerate(views):
            seen("a later view", view, lambda _, i=i: later[i])
            seen("an empty view", view, lambda good: bytes(len(good)))
            seen("a lost write", view, lambda good: bytes(4 * PAGE) +
                 good[4 * PAGE:])
            seen("a torn write", view, lambda good: good[:2048] +
                 bytes(2048) + good[4096:])
        seen("an end that is missing", memory, lambda good: good[:-4])
        seen("a page that is missing", memory, lambda good:
             good[:-4 - (PAGE + 4)] + good[-4:])
        for back in range(1, 5):
            seen("a byte in the last pages", memory, lambda good, back=back:
                 good[:-back * PAGE] + bytes([good[-back * PAGE] ^ 1]) +
                 good[-back * PAGE + 1:])


run_cases([
    *((f"create {m} --json", functools.partial(create_json, m))
      for m in MODES),
    *((f"several snapshots, {m}", functools.partial(many_snapshots, m))
      for m in MODES),
    ("the disks alone", disks_only),
    ("the disks alone, of a domain that is paused", disks_only_paused),
    ("a name by the time", named_by_time),
    ("--dry-run", dry_run),
    ("recover --dry-run, --json", dry_recover),
    ("the default is what the domain can", default_mode),
    ("where the memory goes in the pause", stages),
    ("drives without views", other_drives),
    ("no disks, with a monitor", functools.partial(no_disks, True)),
    ("no disks, without a monitor", functools.partial(no_disks, False)),
    ("the room for a view", cow_size),
    ("export", export),
    ("export as qcow2", export_qcow2),
    ("export of one disk", export_disk),
    ("export to where it cannot go", export_refused),
    ("export of a view that cannot be opened",
     functools.partial(export_fails, "open", "disk xvda")),
    ("export of a view that overflows meanwhile",
     functools.partial(export_fails, "overflow", "disk xvda", "lost")),
    ("a memory file that is too short", short_memory),
    ("the test sees what is wrong", judge),
])
