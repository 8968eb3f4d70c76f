#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `backup` can take: streams, stopped domains, snapshots that are kept;
what it refuses; kill -9 on the way.  What was made the oracle reads again."""
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess

from offline import FileSystem, NoMount, config, fill, run
from repoworld import BIN, CHUNK, MIB, data
from simcheck import run_cases
from sourceworld import Sources, loop, or_skipped

UUID = "6f0e3c52-0f2b-4a0a-9d53-1c2d3e4f5a6b"


# ---- streams ----

def stream(size, chunk="64K"):
    """Of any length."""
    with Sources() as w:
        repo = w.repo
        if chunk != "64K":
            shutil.rmtree(repo)
            w.done("init", repo, "--chunk-size", chunk)
        want = data(size, size // 2) + bytes(size - size // 2)
        result = w.piped(want, "--name", "s", "--json")
        assert result.returncode == 0, result
        o = json.loads(result.stdout)
        assert o["bytes"] == o["read_bytes"] == size, o
        d, = o["disks"]
        assert (d["vdev"], d["source"], d["format"], d["how"], d["bytes"]) == (
            "disk", "-", "raw", "whole", size), d
        assert d["changed_bytes"] == o["new_bytes"], o
        disk = w.top / "want"
        disk.write_bytes(want)
        w.same("s", "disk", disk)
        # The same as a file has the same map, and nothing is new.
        o = w.json("backup", "--disk", disk, "--name", "f", repo)
        assert o["new_bytes"] == 0, o
        w.checked()


def slow_stream():
    """It comes in small parts, and is given up with Ctrl-C."""
    with Sources() as w:
        with subprocess.Popen(
                [BIN, "backup", "--disk", "-", "--name", "s", str(w.repo)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=w.environment()) as p:
            for part in data(1, 3 * MIB + 7), b"x", data(2, MIB):
                p.stdin.write(part)
                p.stdin.flush()
            _, said = p.communicate()
            assert p.returncode == 0, said
        disk = w.top / "want"
        disk.write_bytes(data(1, 3 * MIB + 7) + b"x" + data(2, MIB))
        w.same("s", "disk", disk)
        with subprocess.Popen(
                [BIN, "backup", "--disk", "-", "--name", "t", str(w.repo)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=w.environment()) as p:
            p.stdin.write(data(3, MIB))
            p.stdin.flush()
            while not list((w.repo / "sessions").glob("*")) or \
                    len(list((w.repo / "sessions").glob("*"))) < 2:
                assert p.poll() is None
            p.send_signal(signal.SIGINT)
            said = p.stderr.read()
            assert p.wait() == 1, said
        assert w.names() == ["s"]
        w.checked()


# ---- a domain that does not run ----

def of_config():
    """Its disks, and what it is."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder, more=f"uuid = '{UUID}'\n")
        o = w.json("backup", "--config", file, "--dry-run", w.repo)
        assert [(d["vdev"], d["source"], d["bytes"]) for d in o["disks"]] == [
            ("xvda", f"{folder}/root.img", 3 * MIB + 512),
            ("xvdb", f"{folder}/data.img", 3 * MIB + 512)], o
        assert w.names() == [] and o["dry_run"]
        o = w.json("backup", "--config", file, w.repo)
        assert o["backup"] == "web1" and "memory" not in o, o
        assert [d["how"] for d in o["disks"]] == ["data", "data"], o
        config_bytes = o["new_bytes"] - sum(d["changed_bytes"]
                                            for d in o["disks"])
        assert config_bytes > file.stat().st_size, o
        for vdev, name in ("xvda", "root"), ("xvdb", "data"):
            w.same("web1", vdev, folder / f"{name}.img")
        # Again: only the record, which has the time, is new; of one disk.
        fill(folder / "data.img", 7)
        o = w.json("backup", "--config", file, "--name", "w", w.repo)
        assert o["disks"][0]["changed_bytes"] == 0, o
        assert o["disks"][1]["changed_bytes"] > MIB // 2, o
        w.same("w", "xvdb", folder / "data.img")
        w.checked()


def words():
    """What people are told."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder)
        out = w.done("backup", "--config", file, "--dry-run", w.repo)
        assert out.splitlines()[0] == f"Would back up web1 to {w.repo}", out
        assert f"xvdb  raw     3.0 MiB  {folder}/data.img" in out, out
        out = w.done("backup", "--config", file, "--skip-disk", "xvda",
                     w.repo)
        assert "web1 backed up, session " in out and "xvdb" in out, out
        assert "xvda" not in out, out


@or_skipped
def loop_disks():
    """Disks that are devices; they are held, and free afterwards."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        for i, name in enumerate("ab"):
            fill(folder / name, i, 4 * MIB)
        with loop(folder / "a") as a, loop(folder / "b") as b:
            file = config(folder / "web1.cfg", [f"{a},raw,xvda,w",
                                                f"phy:{b},xvdb,w"])
            o = w.json("backup", "--config", file, w.repo)
            assert [d["how"] for d in o["disks"]] == ["whole"] * 2, o
            w.same("web1", "xvda", folder / "a")
            w.same("web1", "xvdb", folder / "b")
        w.checked()


def qcow2_disk():
    """An image: the bytes of its file."""
    if not shutil.which("qemu-img"):
        return "no qemu-img"
    with Sources() as w:
        raw, image = fill(w.top / "raw", 1), w.top / "a.qcow2"
        run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)])
        file = config(w.top / "web1.cfg", [f"{image},qcow2,xvda,w"])
        o = w.json("backup", "--config", file, w.repo)
        assert o["disks"][0]["format"] == "qcow2", o
        w.same("web1", "xvda", image)
        with subprocess.Popen(
                ["qemu-io", "-f", "qcow2", str(image)], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as qemu:
            qemu.stdin.write("info\n")
            qemu.stdin.flush()
            qemu.stdout.readline()
            w.fails(4, "is in use: a program has locked it", "backup",
                    "--config", file, w.repo)
            qemu.stdin.write("quit\n")
            qemu.communicate()
    return None


@or_skipped
def busy():
    """Somebody is at the disk."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder)
        backup = ("backup", "--config", file, w.repo)
        with loop(folder / "root.img") as dev:
            w.fails(4, f"disk xvda: {folder}/root.img is in use: it is behind "
                    f"{dev}", *backup)
        with open(folder / "data.img", "r+b"):
            w.fails(4, "data.img is in use: ", *backup)
        with open(folder / "data.img", "rb"):
            w.done(*backup)
        with FileSystem("ext4") as fs:
            dev = run(["findmnt", "-no", "SOURCE", str(fs.top)]).strip()
            config(file, [f"{dev},raw,xvda,w"])
            w.fails(4, f"{dev} is in use: it is mounted on {fs.top}", *backup)
        assert w.names() == ["web1"]


def of_running(domain):
    """A domain that runs, or begins to."""
    with Sources() as w, domain() as host:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder)
        env = {k: v for k, v in host.env().items() if k == "XENSNAP_SIM"}
        host.domain("web1", ("vg0/root",))
        w.fails(1, "web1 runs, or is not gone yet", "backup", "--config", file,
                w.repo, **env)
        host.set_state("web1", "gone")
        w.done("backup", "--config", file, w.repo, **env)
        os.environ.update(env)
        try:
            p = w.stopped_at("backup.config", "backup", "--config", file,
                             w.repo)
            host.set_state("web1", "running")
            p.send_signal(signal.SIGCONT)
            assert p.wait() == 1
        finally:
            del os.environ["XENSNAP_SIM"]
        assert w.names() == ["web1"]


# ---- a snapshot that is kept ----

def of_snapshot(fs):
    """Disks as they were at its instant, whatever became of them."""
    with Sources() as w:
        folder = fs.folder()
        file = w.stopped(folder, more=f"uuid = '{UUID}'\n")
        was = {n: (folder / f"{n}.img").read_bytes() for n in ("root", "data")}
        w.done("create", "web1@cold", "--config", file)
        record = json.loads((w.top / "a/web1/cold/snapshot.json").read_text())
        fill(folder / "root.img", 8)
        fill(folder / "data.img", 9)
        o = w.json("backup", "web1@cold", w.repo)
        assert o["backup"] == "web1@cold" and "memory" not in o, o
        assert [(d["vdev"], d["source"]) for d in o["disks"]] == [
            ("xvda", f"{folder}/root.img"), ("xvdb", f"{folder}/data.img")], o
        for vdev, name in ("xvda", "root"), ("xvdb", "data"):
            want = w.top / name
            want.write_bytes(was[name])
            w.same("web1@cold", vdev, want)
        b, = w.json("backups", w.repo)["backups"]
        assert b["instant"] == record["created"], (b, record)
        w.done("backup", "web1@cold", "--name", "web1", "--skip-disk", "xvda",
               w.repo)
        w.fails(1, "--skip-disk: web1@cold has no disk xvdq; it has xvda xvdb",
                "backup", "web1@cold", "--skip-disk", "xvdq", w.repo)
        # While it is read it cannot be deleted.
        p = w.stopped_at("put.session", "backup", "web1@cold", "--name", "x",
                         w.repo)
        w.fails(4, "web1@cold", "delete", "web1@cold")
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 0
        # A view that is lost.
        pathlib.Path(record["disks"][1]["view"]).unlink()
        w.fails(1, "disk xvdb: ", "backup", "web1@cold", w.repo)
        w.fails(1, "disk xvdb: ", "backup", "web1@cold", "--dry-run", w.repo)
        w.done("delete", "web1@cold")
        w.fails(1, "no snapshot", "backup", "web1@cold", w.repo)
        assert sorted(w.names()) == ["web1", "web1@cold", "x"]
        w.checked()


# ---- wrong input, and death ----

def usage():
    """One line, nothing made."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder)
        w.fails(2, "nothing to back up: name a domain or a snapshot, or give "
                "--config or --disk", "backup", w.repo)
        w.fails(2, "'web1@a' and --disk: one of them", "backup", "web1@a",
                "--disk", file, w.repo)
        w.fails(2, "'web1@a' and --config: one of them", "backup", "web1@a",
                "--config", file, w.repo)
        w.fails(2, "exclude each other", "backup", "--disk", file, "--config",
                file, w.repo)
        w.fails(2, "--disk is given twice", "backup", "--disk", file, "--disk",
                file, w.repo)
        w.fails(2, "--skip-disk is for several disks", "backup", "--disk",
                file, "--skip-disk", "xvda", w.repo)
        w.fails(2, "--disk - needs --name", "backup", "--disk", "-", w.repo)
        w.fails(1, "backup web1: ", "backup", "web1", w.repo)
        w.fails(2, '"web 1"', "backup", "web 1", w.repo)
        w.fails(1, "no snapshot web1@a", "backup", "web1@a", w.repo)
        w.fails(1, "nosuch", "backup", "--config", w.top / "nosuch", w.repo)
        w.fails(1, "--skip-disk: web1 has no disk xvdq; it has xvda xvdb xvdc "
                "hdc", "backup", "--config", file, "--skip-disk", "xvdq",
                w.repo)
        w.fails(2, "web1 has no disk to back up", "backup", "-q", "--config",
                file, "--skip-disk", "xvda,xvdb", w.repo)
        (folder / "root.img").rename(folder / "away")
        w.fails(1, "disk xvda: look at ", "backup", "--config", file, w.repo)
        config(file, [f"{folder}/data.img,vhd,xvda,w"])
        w.fails(1, "is of the format vhd; only raw and qcow2 disks can be "
                "taken; --skip-disk xvda leaves it out", "backup", "--config",
                file, w.repo)
        assert w.names() == []


def dies(place):
    """Nothing of it counts; prune takes its packs away."""
    with Sources() as w:
        folder = w.top / "web1"
        folder.mkdir()
        file = w.stopped(folder)
        p = w.stopped_at(place, "backup", "--config", file, w.repo)
        p.kill()
        p.wait()
        assert w.names() == []
        w.done("prune", w.repo, "--keep-last", "1", "--wait", "5")
        assert not list((w.repo / "packs").rglob("?" * 64))
        w.done("backup", "--config", file, w.repo)
        w.same("web1", "xvdb", folder / "data.img")
        w.checked()


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    cases = [(f"a stream of {size} bytes", functools.partial(stream, size))
             for size in (0, 1, CHUNK, MIB - 1, MIB, 17 * MIB + 5)]
    cases += [
        ("a stream of many nodes", functools.partial(stream, 5 * MIB + 3,
                                                     "4K")),
        ("a stream that comes slowly", slow_stream),
        ("a stopped domain", of_config),
        ("what is told", words),
        ("disks that are devices", loop_disks),
        ("a qcow2 image", qcow2_disk),
        ("disks in use", busy),
        ("a domain that runs", functools.partial(of_running, Host)),
        ("wrong input", usage),
    ]
    for place in "backup.disk", "backup.disk#2", "backup.config":
        cases.append((f"a backup dies at {place}",
                      functools.partial(dies, place)))
    with contextlib.ExitStack() as stack:
        for kind in "xfs", "btrfs":
            try:
                fs = stack.enter_context(FileSystem(kind))
                cases.append((f"{kind}: a snapshot",
                              functools.partial(of_snapshot, fs)))
            except NoMount as e:
                cases.append((f"{kind}: a snapshot",
                              functools.partial(str, e)))
        run_cases(cases)


if __name__ == "__main__":
    main()
