#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""import: what export wrote comes back, here and on another host, byte for byte;
all verbs work on it; killed at each place it is there or is not."""
import functools
import json
import os
import shutil
import signal
import subprocess

from importcheck import DISKS, KERNEL, exported, imported, places, same
from importworld import MIB, export, header_of, image, snapshot, sums
from offline import FileSystem, NoMount, run
from simcheck import (check_all, check_nothing_to_recover, check_private,
                      one_line, run_cases)
from simhost import Host
from sourceworld import Sources, or_skipped


def same_host():
    """Back where it came from, under another name."""
    with Host() as host:
        out = exported(host)
        there = json.loads(host.run("show", "web1@a", "--json").out)
        here, folder = imported(host, out, "web1@b", *places(host))
        same(out, folder, there, here)
        assert here["domain_uuid"] == there["domain_uuid"]
        assert here["sums"] and here["left_out"] == KERNEL, here
        check_all(host, {"web1@a", "web1@b"})
        one_line(host.run("import", str(out)), 1, "web1@a already")
        one_line(host.run("import", str(out), "web1@b"), 1, "web1@b already")
        check_nothing_to_recover(host)


def other_host():
    """With the names that the export says, after the first one is gone."""
    with Host() as host:
        out = exported(host)
        there = json.loads(host.run("show", "web1@a", "--json").out)
        other = {"XENSNAP_ROOT": str(host.dir / "other")}
        here, folder = imported(host, out, **other)
        assert here["snapshot"] == "web1@a"
        same(out, folder, there, here)
        assert all(d["source"] == "" for d in here["disks"])
        for d in json.loads((folder / "domain.json").read_text())["disks"]:
            assert d["pdev_path"] == f"/nonexistent/{d['vdev']}", d
        assert header_of(folder / "memory.xl")[0] == json.loads(
            (folder / "domain.json").read_text())


def goes_on():
    """The snapshot is deleted, and its export brings the domain back."""
    with Host() as host:
        out = exported(host)
        host.tick(40)
        assert host.run("delete", "web1@a").status == 0
        imported(host, out, *places(host))
        result = host.run("revert", "web1@a", "--no-keep", "--json")
        assert result.status == 0, result
        o = json.loads(result.out)
        assert o["memory"] and o["started"] and o["written_bytes"], o
        check_all(host, {"web1@a"})
        host.set_state("web1", "gone")
        assert host.run("revert", "web1@a").status == 0
        assert host.state("web1") == "running"


def no_place():
    """Without --disk there is no way back, and it is said which there is."""
    with Host() as host:
        out = exported(host)
        imported(host, out, "web1@b", places(host)[0])
        for words in ([], ["--disks-only"], ["--no-keep"], ["--dry-run"]):
            one_line(host.run("revert", "web1@b", *words), 1, "disk xvdb",
                     "--disk xvdb=PATH", "clone it")
        host.set_state("web1", "gone")
        one_line(host.run("revert", "web1@b"), 1, "--disk xvdb=PATH")
        host.set_state("web1", "running")
        check_all(host, {"web1@a", "web1@b"})


def verbs():
    """list, show, diff, export, delete."""
    with Host() as host:
        out = exported(host)
        imported(host, out, "web1@b")
        result = host.run("list")
        assert result.status == 0 and "web1@b" in result.out, result
        result = host.run("show", "web1@b")
        assert result.status == 0, result
        for words in ("imported", "(not on this host)", "good"):
            assert words in result.out, result.out
        o = json.loads(host.run("diff", "web1@a", "web1@b", "--json").out)
        assert o["same"] and not any(d["by_table"] for d in o["disks"]), o
        again = host.dir / "again"
        assert host.run("export", "web1@b", str(again)).status == 0
        for p in out.iterdir():
            if p.suffix == ".img":
                assert p.read_bytes() == (again / p.name).read_bytes()
        assert header_of(out / "memory.xl")[1] == header_of(
            again / "memory.xl")[1]
        o, _ = imported(host, again, "web1@c")
        assert o["origin"] == json.loads(
            host.run("show", "web1@b", "--json").out)["generation"]
        assert host.run("delete", "web1@b", "web1@c").status == 0
        check_all(host, {"web1@a"})


def renamed():
    """Another name is another domain, with a uuid of its own."""
    with Host() as host:
        out = exported(host)
        o, folder = imported(host, out, "other")
        assert o["snapshot"] == "other@a"
        have = header_of(folder / "memory.xl")[0]["c_info"]
        assert have["name"] == "other" and have["uuid"] == o["domain_uuid"]
        assert o["domain_uuid"] != json.loads(
            host.run("show", "web1@a", "--json").out)["domain_uuid"]


def qcow2_disks():
    """Exported as qcow2, it stays that, and is exported as raw again."""
    with Host() as host:
        if not shutil.which("qemu-img"):
            return "no qemu-img"
        out = exported(host, "--format", "qcow2")
        raw = host.dir / "raw"
        assert host.run("export", "web1@a", str(raw)).status == 0
        there = json.loads(host.run("show", "web1@a", "--json").out)
        here, folder = imported(host, out, "web1@b", status=3)
        same(out, folder, there, here)
        assert all(d["format"] == "qcow2" for d in here["disks"])
        assert all(d["format"] == "qcow2" for d in header_of(
            folder / "memory.xl")[0]["disks"])
        assert host.run("export", "web1@b", str(host.dir / "x")).status == 0
        for disk in ("xvda.img", "xvdb.img"):
            assert (host.dir / "x" / disk).read_bytes() == (
                raw / disk).read_bytes()
        place = host.dir / "place"
        place.write_bytes(b"")
        imported(host, out, "web1@c", f"--disk=xvda={place}", status=3)
    return None


def dry():
    """All is looked at, and nothing is made."""
    with Host() as host:
        out = exported(host)
        root = host.dir / "other"
        result = host.run("import", str(out), "--dry-run", "web1@b",
                          XENSNAP_ROOT=str(root))
        assert result.status == 3 and "b_info.cmdline" in result.err, result
        assert result.out == f"Would import {out} as web1@b\n", result
        assert not root.exists()
        o = json.loads(host.run("import", str(out), "--dry-run", "--json",
                                "web1@b").out)
        assert o["dry_run"] and o["snapshot"] == "web1@b", o
        (out / "xvda.img").unlink()
        result = host.run("import", str(out), "--dry-run", "web1@b")
        one_line(result, 1, "xvda.img")
        check_all(host, {"web1@a"})


def arguments():
    """What is wrong with the words is said, with status 2."""
    with Host() as host:
        out = str(exported(host))
        for words in ([], ["a", "b", "c"], [""], [out, "web1@"],
                      [out, "@x"], [out, "-x@y"], [out, "a/b"],
                      [out, "--disk", "xvda"], [out, "--disk", "=x"],
                      [out, "--disk", "xvda=rel"], [out, "--disk", "xvda="],
                      [out, "--disk", "xvda=/a", "--disk", "xvda=/b"]):
            result = host.run("import", *words)
            assert result.status == 2 and not result.out, (words, result)
        disk = f"{host.world}/disks/{DISKS[0]}"
        for place, said in ((f"xvdz={disk}", "no such disk"),
                            ("xvda=/nowhere", "/nowhere"),
                            ("xvda=/dev/null", "neither"),
                            (f"xvda={host.dir}", "neither")):
            result = host.run("import", out, "web1@b", "--disk", place)
            assert result.status in (1, 2), result
            assert said in result.error_lines()[-1], result
        short = host.dir / "short"
        short.write_bytes(bytes(512))
        result = host.run("import", out, "web1@b", f"--disk=xvda={short}")
        assert result.status != 0 and "512 bytes" in result.err, result
        result = host.run("import", out, "web1@b", f"--disk=xvda={disk}",
                          f"--disk=xvdb={disk}")
        assert result.status != 0 and "cannot be both" in result.err, result
        one_line(host.run("import", str(host.dir / "none")), 1, "none")
        one_line(host.run("import", out + "/xvda.img"), 1, "xvda.img")
        check_all(host, {"web1@a"})


@or_skipped
def no_room():
    """A file system that is too small is told beforehand."""
    with Host() as host:
        out = export(host.dir / "out")
        image(out / "xvda.img", size=64 * MIB)
        (out / "xvda.img").write_bytes(os.urandom(24 * MIB))
        snapshot(out)
        sums(out)
        small = host.dir / "small"
        small.mkdir()
        with open(host.dir / "image", "wb") as f:
            f.truncate(16 * MIB)
        if os.geteuid() != 0:
            raise NoMount("mounting needs root")
        try:
            run(["mkfs.ext4", "-q", "-F", str(host.dir / "image")])
            run(["mount", "-o", "loop", str(host.dir / "image"), str(small)])
        except (FileNotFoundError, subprocess.CalledProcessError) as e:
            raise NoMount(str(e)) from e
        try:
            for words in ([], ["--dry-run"]):
                one_line(host.run("import", str(out), *words,
                                  XENSNAP_ROOT=str(small)), 1, "left",
                         "it takes 24")
            # Full in the middle of it.
            (out / "xvda.img").unlink()
            image(out / "xvda.img", size=9 * MIB)
            snapshot(out)
            sums(out)
            with open(small / "filler", "wb") as f:
                free = os.statvfs(small)
                f.write(bytes(free.f_bavail * free.f_frsize - MIB // 2))
            p = host.start("import", str(out), XENSNAP_ROOT=str(small))
            result = host.finish(p)
            assert result.status == 1 and "left" in result.err, result
            assert {p.name for p in small.iterdir()} == {
                "lost+found", "filler"}
        finally:
            run(["umount", str(small)])


def killed_places():
    """Where it can be killed."""
    with Host() as host:
        out = export(host.dir / "out")
        return host.trace("import", str(out))


def killed(place):
    """kill -9 there; recover, and it is whole or it never was."""
    with Host() as host:
        out = export(host.dir / "out")
        p = host.stopped_at(place, "import", str(out))
        assert p, f"{place} was not reached"
        host.kill(p)
        listed = host.run("list", "--names").out.split()
        result = host.run("recover")
        assert result.status == 0, result
        there = host.run("list", "--names").out.split()
        done = place.startswith("commit.") or "commit" in place
        assert set(listed) <= set(there), (listed, there)
        if not there:
            assert not list(host.root.iterdir()), list(host.root.iterdir())
            assert not done or "journal" in place, place
            imported(host, out)
        folder = host.root / "web1" / "a"
        check_private(folder)
        assert (folder / "xvda.img").read_bytes() == (
            out / "xvda.img").read_bytes()
        assert host.run("show", "web1@a").status == 0
        check_nothing_to_recover(host)


def changes_meanwhile():
    """A file that changes while it is read is noticed, with sums or without."""
    for with_sums in True, False:
        with Host() as host:
            out = export(host.dir / "out")
            if not with_sums:
                (out / "SHA256SUMS").unlink()
            p = host.stopped_at("import.disk.made", "import", str(out))
            with open(out / "xvda.img", "r+b") as f:
                f.write(b"other bytes")
            p.send_signal(signal.SIGCONT)
            result = host.finish(p)
            assert result.status == 1, result
            assert "xvda.img was changed meanwhile" in result.err, result
            assert "nothing was kept" in result.err, result
            assert not list(host.root.iterdir())


def two_at_once():
    """The second is told that the first is at work."""
    with Host() as host:
        out = export(host.dir / "out")
        p = host.stopped_at("import.begun", "import", str(out))
        result = host.run("import", str(out), "web1@b")
        assert result.status == 4, result
        p.send_signal(signal.SIGCONT)
        assert host.finish(p).status == 0


def cancelled():
    """Ctrl-C ends it, and nothing is kept."""
    with Host() as host:
        out = export(host.dir / "out")
        p = host.stopped_at("import.disk.made", "import", str(out))
        p.send_signal(signal.SIGINT)
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 1 and "nothing was kept" in result.err, result
        assert not list(host.root.iterdir())


@or_skipped
def shared_blocks():
    """On XFS the copies share their blocks with the export."""
    with FileSystem("xfs") as fs, Host() as host:
        out = export(fs.top / "out")
        (out / "xvda.img").write_bytes(os.urandom(64 * MIB))
        snapshot(out)
        sums(out)
        os.sync()
        before = os.statvfs(fs.top)
        root = fs.top / "root"
        here, folder = imported(host, out, XENSNAP_ROOT=str(root))
        os.sync()
        after = os.statvfs(fs.top)
        assert (before.f_bfree - after.f_bfree) * before.f_frsize < 16 * MIB
        there = json.loads((out / "snapshot.json").read_text())
        same(out, folder, there, here)
        assert host.run("delete", "web1@a",
                        XENSNAP_ROOT=str(root)).status == 0


def repository():
    """A backup of it comes back, and one of another import has no part in it."""
    with Sources() as w:
        out = export(w.top / "out")
        w.done("import", out)
        w.done("import", out, "web1@b")
        w.done("backup", "web1@a", w.repo, "--name", "first")
        o = w.json("backup", "web1@b", w.repo, "--name", "web1")
        w.same("web1", "xvda", out / "xvda.img")
        w.same("web1", "xvdb", out / "xvdb.qcow2")
        assert o["disks"][0]["read_bytes"] > 0, o
        w.done("restore", w.repo, "first", "--to", str(w.top / "to") + "/")
        assert (w.top / "to" / "xvda.img").read_bytes() == (
            out / "xvda.img").read_bytes(), list((w.top / "to").iterdir())
        w.checked()


def main():
    """All of them."""
    cases = [
        ("on the same host", same_host),
        ("on another host", other_host),
        ("the domain goes on from it", goes_on),
        ("without a place to go back to", no_place),
        ("list, show, diff, export, delete", verbs),
        ("backup and restore", repository),
        ("as another domain", renamed),
        ("qcow2", qcow2_disks),
        ("a dry run", dry),
        ("what is wrong with the words", arguments),
        ("no room", no_room),
        ("changed while it is read", changes_meanwhile),
        ("two at once", two_at_once),
        ("given up", cancelled),
        ("XFS: blocks are shared", shared_blocks),
    ]
    cases += [(f"killed at {place}", functools.partial(killed, place))
              for place in killed_places()]
    run_cases(cases)


if __name__ == "__main__":
    main()
