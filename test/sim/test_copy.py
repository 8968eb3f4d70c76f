#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks whose storage has no views: --copy, and --skip-disk.

The disk is a plain file (or a loop device), to which the simulated guest
writes; the driver that copies it is the real one.
"""
import functools
import json
import os
import re
import shutil
import socket
import subprocess

from copyhost import (DISKS, MIB, copy_of, failed, new_host, resumed)
from simcheck import (check_all, check_one_instant, check_snapshot, run_cases)
from simhost import Host


# ---- what goes well ----

def copies(mode):
    """Memory, views and the copy are of one instant."""
    host, path = new_host()
    with host:
        for i in range(5):
            result = host.run("create", f"web1@s{i}", mode, "--copy",
                              "--json")
            assert result.status == 0, result
            assert "will stand still while" in result.err, result
            assert "(xvdc)" in result.err, result
            disk = json.loads(result.out)["disks"][2]
            assert disk["driver"] == "copy", disk
            assert disk["source"] == str(path), disk
            assert disk["bytes"] == path.stat().st_size, disk
            host.tick(7)
        check_all(host, {f"web1@s{i}" for i in range(5)})
        assert host.run("delete", "web1@s0", "web1@s3").status == 0
        check_all(host, {"web1@s1", "web1@s2", "web1@s4"})


def sparse_and_whole():
    """Data, holes and zeros over several parts, to the byte; holes and zeros
    take no room."""
    host, path = new_host(40 * MIB)
    with host:
        with open(path, "r+b") as f:
            f.seek(3 * MIB + 5)
            f.write(os.urandom(2 * MIB))
            f.seek(20 * MIB)
            f.write(bytes(4 * MIB))
            f.seek(40 * MIB - 1)
            f.write(b"z")
        p = host.stopped_at("instant.saved", "create", "web1@x", "--copy")
        assert resumed(host, p).status == 0
        copy = copy_of(host)
        check_all(host, {"web1@x"})
        # The guest writes in the first MiB only.
        with open(path, "rb") as a, open(copy, "rb") as b:
            a.seek(MIB)
            b.seek(MIB)
            assert a.read() == b.read()
        assert copy.stat().st_blocks * 512 < 3 * MIB, "not sparse"


def told():
    """list, show, export and export as qcow2 know copies."""
    host, _ = new_host()
    with host:
        result = host.run("create", "web1@x", "--copy")
        assert result.status == 0, result
        assert str(copy_of(host)) in result.out, result
        host.tick(20)
        views = check_snapshot(host, host.root / "web1" / "x")
        result = host.run("show", "web1@x")
        assert result.status == 0, result
        assert f"copy        {copy_of(host)}" in result.out, result
        assert host.run("list").status == 0
        assert host.run("export", "web1@x", "out").status == 0
        out = host.dir / "out"
        images = [out / f"xvd{c}.img" for c in "abc"]
        for image, view in zip(images, views):
            assert image.read_bytes() == view.read_bytes(), image
        check_one_instant(out / "memory.xl", dict(enumerate(images)), {2})
        assert str(images[2]) in (out / "domain.cfg").read_text()
        result = host.run("export", "--disk", "xvdc", "web1@x", "-")
        assert result.status == 0, result.err
        if shutil.which("qemu-img"):
            result = host.run("export", "web1@x", "q", "--format", "qcow2")
            assert result.status == 0, result
            subprocess.run(["qemu-img", "convert", "-O", "raw",
                            host.dir / "q" / "xvdc.qcow2", host.dir / "back"],
                           check=True)
            size = views[2].stat().st_size
            assert (host.dir / "back").read_bytes()[:size] == \
                views[2].read_bytes()
        check_all(host, {"web1@x"})


def dry_run():
    """Nothing is copied, nothing is left; what it would take is told."""
    host, _ = new_host()
    with host:
        result = host.run("create", "web1@x", "--copy", "--dry-run")
        assert result.status == 0, result
        assert re.search(r"xvdc +copy +(30\d\S* KiB) +\1 ", result.out), result
        check_all(host, set())
        assert not host.root.exists() or not list(host.root.iterdir())


def loop_device():
    """A block device, read past the page cache."""
    if os.geteuid() != 0 or not shutil.which("losetup"):
        return "not root, or no losetup"
    with Host() as host:
        path = host.file("device.img", 4 * MIB)
        made = subprocess.run(["losetup", "-f", "--show", path], text=True,
                              capture_output=True, check=False)
        if made.returncode:
            return f"losetup: {made.stderr.strip()}"
        device = made.stdout.strip()
        try:
            host.domain("web1", DISKS, extra=[f"xvdc {device} phy rw"])
            for name in "xy":
                result = host.run("create", f"web1@{name}", "--copy",
                                  "--json")
                assert result.status == 0, result
                disk = json.loads(result.out)["disks"][2]
                assert disk["source"] == device, disk
                assert disk["source_uuid"].startswith("device-7:"), disk
                host.tick(5)
            check_all(host, {"web1@x", "web1@y"})
        finally:
            subprocess.run(["losetup", "-d", device], check=True)
    return None


# ---- what is refused ----

def not_silently():
    """Without --copy it is an error that names the disk and the ways on; with
    it the disks alone need a pause."""
    host, path = new_host()
    with host:
        for args in ((), ("--stop",), ("--dry-run",), ("--disks-only",)):
            result = host.run("create", "web1@x", *args)
            failed(host, result, "disk xvdc", str(path), "--copy copies it",
                   "while the domain stands still",
                   "--skip-disk xvdc leaves it out")
        host.domain("web2", ("vg0/two",), extra=[f"xvdb {path} phy rw"])
        result = host.run("create", "web2@y", "--disks-only", "--copy")
        assert result.status == 0, result
        assert "will be paused" in result.err, result
        assert host.run("delete", "web2@y").status == 0
        result = host.run("create", "web2@x", "--disks-only", "--skip-disk",
                          "xvdb")
        assert result.status == 0, result
        check_all(host, {"web2@x"})


def bad_sources():
    """What cannot be copied is refused by name before anything is done."""
    with Host() as host:
        folder = host.dir / "files" / "folder"
        folder.mkdir(parents=True)
        listener = socket.socket(socket.AF_UNIX)
        os.chdir(folder)  # its path must be short
        listener.bind("socket")
        os.chdir("/")
        (folder / "empty").touch()
        (folder / "link").symlink_to("nowhere")
        cases = [
            (folder, "phy", "neither a file nor a block device"),
            (folder / "socket", "phy", "neither a file nor a block device"),
            ("/dev/null", "phy", "neither a file nor a block device"),
            (folder / "empty", "phy", "is empty"),
            (folder / "none", "phy", "is not there"),
            (folder / "link", "phy", "is not there"),
            (folder / "empty", "tap", "served by tap"),
        ]
        for i, (path, backend, word) in enumerate(cases):
            host.domain(f"web{i}", (), extra=[f"xvda {path} {backend} idle"],
                        monitor=False)
            result = host.run("create", f"web{i}@x", "--copy")
            assert result.status == 1, result
            line, = result.error_lines()
            assert "disk xvda" in line and str(path) in line, result
            assert word in line, result
            if word != "is not there":
                assert "--skip-disk xvda leaves it out" in line, result
        listener.close()
        assert not list(host.root.iterdir())


# ---- a copy on record ----

def on_record():
    """What was done to a copy is told; delete takes what is there."""
    host, _ = new_host()
    with host:
        assert host.run("create", "web1@x", "--copy").status == 0
        copy = copy_of(host)
        aside = host.dir / "aside"

        def lost(why):
            result = host.run("show", "web1@x")
            assert result.status == 3 and why in result.out, result
            result = host.run("list")
            assert result.status == 3 and "xvdc" in result.out, result
            result = host.run("export", "web1@x", "out")
            assert result.status == 1 and "disk xvdc" in result.err, result
            assert not (host.dir / "out").exists()

        copy.rename(aside)
        lost("gone")
        copy.mkdir()
        lost("not ours")
        copy.rmdir()
        shutil.copyfile(aside, copy)
        try:
            os.getxattr(aside, "user.xensnap.generation")
            lost("not ours")
        except OSError:
            assert host.run("show", "web1@x").status == 0
        copy.unlink()
        aside.rename(copy)
        check_all(host, {"web1@x"})
        size = copy.stat().st_size
        os.truncate(copy, size - 512)
        lost("long, its disk was")
        assert host.run("delete", "web1@x").status == 0
        check_all(host, set())


# ---- disks that are left out ----

def skipped():
    """--skip-disk: on record, told, and not in what is exported."""
    host, path = new_host()
    with host:
        result = host.run("create", "web1@x", "--skip-disk", "xvdc", "--json")
        assert result.status == 3, result
        assert "warning: disk xvdc is left out" in result.err, result
        o = json.loads(result.out)
        assert o["skipped_disks"] == ["xvdc"], o
        assert [d["vdev"] for d in o["disks"]] == ["xvda", "xvdb"], o
        assert re.search("left out +xvdc\n", host.run("show", "web1@x").out)
        result = host.run("export", "web1@x", "out")
        assert result.status == 0 and "xvdc was left out" in result.err, result
        config = (host.dir / "out" / "domain.cfg").read_text()
        assert str(path) not in config and "vdev=xvdc" not in config, config
        assert "# not carried over: disk xvdc" in config, config
        result = host.run("create", "web1@y", "--skip-disk=xvdb,xvda,xvda",
                          "--copy")
        assert result.status == 3, result
        assert "Left out xvdb, xvda\n" in result.out, result
        check_all(host, {"web1@x", "web1@y"})
        # A record of the time before there was such a thing.
        record = host.root / "web1" / "x" / "snapshot.json"
        del o["skipped_disks"]
        record.write_text(json.dumps(o))
        result = host.run("show", "web1@x", "--json")
        assert result.status == 0, result
        assert json.loads(result.out)["skipped_disks"] == [], result


def skip_refused():
    """Disks that are not there; ones that have no view anyway."""
    host, path = new_host()
    with host:
        for word in ("xvdz", "xvdc,xvdz", "xvda,xvd"):
            result = host.run("create", "web1@x", "--skip-disk", word)
            failed(host, result, "--skip-disk", "xvda xvdb xvdc")
        for word in (",", "xvda,", ",xvda", "xvda,,xvdb", "x" * 40):
            result = host.run("create", "web1@x", "--skip-disk", word)
            assert result.status == 2, result
            assert "is no disk's name" in result.err, result
        host.domain("web2", ("vg0/two",), extra=[f"xvdb {path} phy ro"])
        result = host.run("create", "web2@x", "--skip-disk", "xvdb", "--json")
        assert result.status == 0, result
        assert "xvdb is only read" in result.err, result
        assert json.loads(result.out)["skipped_disks"] == [], result
        check_all(host, {"web2@x"})


def main():
    """All of them."""
    run_cases([
        ("copies, live", functools.partial(copies, "--live")),
        ("copies, stop", functools.partial(copies, "--stop")),
        ("holes and zeros", sparse_and_whole),
        ("list, show and export", told),
        ("a dry run", dry_run),
        ("a loop device", loop_device),
        ("never silently", not_silently),
        ("sources that cannot be copied", bad_sources),
        ("a copy on record", on_record),
        ("disks that are left out", skipped),
        ("disks that cannot be left out", skip_refused),
    ])


main()
