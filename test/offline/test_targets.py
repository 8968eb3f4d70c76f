#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where `restore` can put disks: folders, pipes, files and devices that are
there; what is in use is refused; kill -9 on the way leaves nothing."""
import contextlib
import functools
import json
import os
import pty
import shutil
import signal
import subprocess

from importworld import sums
from offline import FileSystem, NoMount, config, fill, run
from repoworld import BIN, CHUNK, MIB, data
from simcheck import run_cases
from sourceworld import Sources, loop, or_skipped

SIZE = 3 * MIB + 512


class Targets(Sources):
    """A repository with a backup of web1, which does not run."""

    def __init__(self, more="", **how):
        super().__init__()
        self.home = self.top / "web1"
        self.home.mkdir()
        self.file = self.stopped(self.home, more=more, **how)
        self.done("backup", "--config", self.file, self.repo)
        self.want = {vdev: (self.home / f"{name}.img").read_bytes()
                     for vdev, name in (("xvda", "root"), ("xvdb", "data"))}

    def restore(self, *args, **kw):
        return self.json("restore", self.repo, "web1", *args, **kw)

    def refused(self, status, words, *args, **kw):
        self.fails(status, words, "restore", self.repo, "web1", *args, **kw)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


ALL = ["domain.cfg", "snapshot.json", "xvda.img", "xvdb.img"]


# ---- folders ----

def goes_back(w, out, want):
    """A folder that restore filled is an export: import takes it."""
    sums(out)
    w.done("import", "--trust-config", out, "web1@back")
    (out / "SHA256SUMS").unlink()
    w.done("export", "-q", "web1@back", w.top / "again")
    for vdev, data_ in want.items():
        assert (w.top / "again" / f"{vdev}.img").read_bytes() == data_, vdev
    w.done("delete", "-q", "web1@back")


def folder(there):
    """All disks and what belongs to them."""
    with Targets() as w:
        out = w.top / "out"
        if there:
            out.mkdir()
            (out / "other").write_text("mine")
        o = w.restore("--to", f"{out}/", "--dry-run")
        assert o["dry_run"] and [d["vdev"] for d in o["disks"]] == [
            "xvda", "xvdb"], o
        assert out.exists() == there
        o = w.restore("--to", out if there else f"{out}/")
        assert names(out) == sorted(ALL + ["other"] * there), names(out)
        assert o["files"] == ["snapshot.json", "domain.cfg"], o
        for d in o["disks"]:
            path = out / f"{d['vdev']}.img"
            assert d["to"] == str(path) and d["bytes"] == SIZE, o
            assert path.read_bytes() == w.want[d["vdev"]]
            assert path.stat().st_blocks * 512 < SIZE + CHUNK
        assert {oct(p.stat().st_mode)[-3:] for p in out.iterdir()
                if p.name != "other"} == {"600"}
        text = (out / "domain.cfg").read_text()
        assert text.startswith(w.file.read_text()), text
        assert f'target={out}/xvda.img"' in text, text
        assert f'target={out}/xvdb.img"' in text, text
        assert json.loads((out / "snapshot.json").read_text())["domain"] == \
            "web1"
        if there:
            w.fails(1, '"other" is no file of an export', "import", out)
            (out / "other").unlink()
        goes_back(w, out, w.want)
        # What came out goes in again, and nothing of it is new.
        o = w.json("backup", "--config", out / "domain.cfg", "--name", "again",
                   w.repo)
        assert [d["changed_bytes"] for d in o["disks"]] == [0, 0], o


def folder_refused():
    """Nothing that is there is written over, and nothing else is made."""
    with Targets() as w:
        out = w.top / "out"
        for name in ALL:
            out.mkdir()
            (out / name).write_text("mine")
            w.refused(1, f"{name} is there already; --in-place writes over it",
                      "--to", out)
            w.refused(1, "is there already", "--to", out, "--dry-run")
            assert names(out) == [name]
            assert (out / name).read_text() == "mine"
            shutil.rmtree(out)
        w.refused(1, "No such file", "--to", f"{w.top}/no/out/")
        w.refused(2, "a folder is for all disks; for disk xvda name a file: "
                  f"--to {w.top}/xvda.img", "--to", w.top, "--disk", "xvda")
        w.refused(1, "is there already", "--to", f"{w.file}/")


def folder_in_place():
    """Only what differs is written; what is missing is made."""
    with Targets() as w:
        out = w.top / "out"
        w.restore("--to", f"{out}/")
        (out / "xvdb.img").unlink()
        with open(out / "xvda.img", "r+b") as f:
            f.seek(MIB)
            f.write(data(1, CHUNK))
            f.seek(0, os.SEEK_END)
            f.write(b"longer")
        o = w.restore("--to", out, "--in-place")
        assert [d["written_bytes"] for d in o["disks"]][0] == CHUNK, o
        for vdev, want in w.want.items():
            assert (out / f"{vdev}.img").read_bytes() == want, vdev
        assert names(out) == ALL


def snapshot_folder(fs):
    """Of a snapshot: also libxl's configuration, if it has that."""
    with Targets() as w:
        w.stopped(fs.folder())
        here = fs.folder()
        file = w.stopped(here)
        want = (here / "root.img").read_bytes()
        w.done("create", "web1@cold", "--config", file)
        fill(here / "root.img", 5)
        w.done("backup", "web1@cold", w.repo)
        out = w.top / "out"
        w.done("restore", w.repo, "web1@cold", "--to", f"{out}/")
        assert names(out) == ALL
        assert (out / "xvda.img").read_bytes() == want
        record = json.loads((out / "snapshot.json").read_text())
        assert record["snapshot"] == "web1@cold" and record["generation"]
        goes_back(w, out, {"xvda": want})
        w.done("delete", "web1@cold")


def qcow2_image():
    """An image comes back as it was, as a file alone."""
    if not shutil.which("qemu-img"):
        return "no qemu-img"
    with Sources() as w:
        raw, image = fill(w.top / "raw", 1), w.top / "a.qcow2"
        run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)])
        file = config(w.top / "web1.cfg", [f"{image},qcow2,xvda,w"])
        w.done("backup", "--config", file, w.repo)
        out = w.top / "out"
        w.done("restore", w.repo, "web1", "--to", f"{out}/")
        assert (out / "xvda.qcow2").read_bytes() == image.read_bytes()
        assert "format=qcow2" in (out / "domain.cfg").read_text()
        run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(raw),
             str(out / "xvda.qcow2")])
        try:
            with open(w.top / "b", "wb") as f:
                f.truncate(8 * MIB)
            with loop(w.top / "b") as dev:
                w.fails(1, "xvda is a qcow2 image, whose bytes belong into a "
                        f"file, not onto {dev}", "restore", w.repo, "web1",
                        "--in-place", "--to", dev)
        except NoMount as e:
            return str(e)
    return None


# ---- the standard output ----

def to_pipe(size):
    """In sequence, zeros and all."""
    with Sources() as w:
        want = data(size, size // 3) + bytes(size // 2)
        want += data(1, size - len(want))
        w.disk.write_bytes(want)
        w.done("backup", "--disk", w.disk, "--name", "d", w.repo)
        result = w.to_stdout("d")
        assert result.returncode == 0 and not result.stderr, result.stderr
        assert result.stdout == want
        # From one repository into another, without a file in between.
        other = w.top / "other"
        w.done("init", other, "--chunk-size", "16K")
        subprocess.run([BIN, "backup", "--disk", "-", "--name", "d",
                        str(other)], input=result.stdout, check=True,
                       env=w.environment(), stdout=subprocess.DEVNULL)
        to = w.top / "copy"
        w.done("restore", other, "d", "--to", to)
        assert to.read_bytes() == want


def pipe_refused():
    """No terminal, no reader that is gone, no full device, no JSON."""
    with Targets() as w:
        w.refused(2, "backup web1 has 2 disks: say which by --disk", "--to",
                  "-")
        w.refused(2, "--json would be in the middle", "--to", "-", "--json",
                  "--disk", "xvda")
        w.refused(2, "--in-place: the standard output holds nothing", "--to",
                  "-", "--in-place")
        ours, theirs = pty.openpty()
        result = w.to_stdout("web1", "--disk", "xvda", stdout=theirs)
        os.close(theirs)
        os.close(ours)
        assert result.returncode == 2 and b"is a terminal" in result.stderr
        with open("/dev/full", "wb") as full:
            result = w.to_stdout("web1", "--disk", "xvda", stdout=full)
            assert result.returncode == 1, result
            assert b"No space left" in result.stderr, result
        with subprocess.Popen(
                [BIN, "restore", str(w.repo), "web1", "--disk", "xvda", "--to",
                 "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=w.environment()) as p:
            p.stdout.close()
            assert p.wait() == 1
            assert b"Broken pipe" in p.stderr.read()


# ---- each to its own place ----

def maps():
    """New files; then in place."""
    with Targets() as w:
        a, b = w.top / "t1", w.top / "t2"
        to = ("--map", f"xvda={a}", "--map", f"xvdb={b}")
        w.restore(*to, "--dry-run")
        assert not a.exists() and not b.exists()
        o = w.restore(*to)
        assert [(d["vdev"], d["to"]) for d in o["disks"]] == [
            ("xvda", str(a)), ("xvdb", str(b))], o
        assert (a.read_bytes(), b.read_bytes()) == (w.want["xvda"],
                                                    w.want["xvdb"])
        with open(b, "r+b") as f:
            f.write(data(3, CHUNK))
        w.refused(1, f"{a} is there already", *to)
        o = w.restore(*to, "--in-place")
        assert [d["written_bytes"] for d in o["disks"]] == [0, CHUNK], o
        assert b.read_bytes() == w.want["xvdb"]
        # One of them alone: that the other stays behind is said.
        result = w.run("restore", w.repo, "web1", "--map",
                       f"xvda={w.top / 'c'}")
        assert result.returncode == 0, result
        assert "disk xvdb is not restored: no --map names it" in \
            result.stderr, result
        # One of two cannot be made: neither is.
        a.unlink()
        w.refused(1, f"{b} is there already", *to)
        assert not a.exists()


@or_skipped
def devices():
    """Onto devices that are there."""
    with Targets() as w:
        paths = [fill(w.top / f"t{i}", i + 20, 8 * MIB) for i in range(2)]
        tail = paths[0].read_bytes()[4 * MIB:]
        with loop(paths[0]) as a, loop(paths[1]) as b:
            to = ("--map", f"xvda={a}", "--map", f"xvdb={b}")
            w.refused(1, f"{a} is there already; --in-place", *to)
            w.restore(*to, "--in-place", "--dry-run")
            o = w.restore(*to, "--in-place")
            assert o["written_bytes"] > MIB, o
            o = w.restore(*to, "--in-place")
            assert o["written_bytes"] == 0, o
        assert paths[0].read_bytes()[:SIZE] == w.want["xvda"]
        assert paths[0].read_bytes()[4 * MIB:] == tail
        assert paths[1].read_bytes()[:SIZE] == w.want["xvdb"]
        small = fill(w.top / "small", 1, 2 * MIB)
        was = small.read_bytes()
        with loop(small) as dev:
            w.refused(2, f"{dev} has {2 * MIB} bytes, the disk {SIZE}",
                      "--disk", "xvda", "--in-place", "--to", dev)
        assert small.read_bytes() == was


@or_skipped
def in_use():
    """Who uses it is said; nothing is written."""
    with Targets() as w:
        path = fill(w.top / "t", 9, 8 * MIB)
        was = path.read_bytes()
        to = ("--disk", "xvda", "--in-place", "--to")
        with loop(path) as dev:
            w.refused(4, f"{path} is in use: it is behind {dev}", *to, path)
            with open(dev, "rb"):
                w.refused(4, f"{dev} is in use: ", *to, dev)
        with open(path, "rb"):
            w.refused(4, f"(pid {os.getpid()}) has it open", *to, path)
        with FileSystem("ext4") as fs:
            dev = run(["findmnt", "-no", "SOURCE", str(fs.top)]).strip()
            w.refused(4, f"{dev} is in use: it is mounted on {fs.top}", *to,
                      dev)
            w.refused(4, "is in use: it is behind", *to, fs.dir / "image")
        assert path.read_bytes() == was
        if shutil.which("qemu-io"):
            with subprocess.Popen(
                    ["qemu-io", "-f", "raw", str(path)], text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE) as qemu:
                qemu.stdin.write("info\n")
                qemu.stdin.flush()
                qemu.stdout.readline()
                w.refused(4, "is in use: a program has locked it, as QEMU",
                          *to, path)
                qemu.stdin.write("quit\n")
                qemu.communicate()


# ---- wrong input, and death ----

def usage():
    """One line, nothing made."""
    with Targets() as w:
        x = w.top / "x"
        w.refused(2, "--to is missing (or --map, or --create-lv)")
        w.refused(2, "--to and --map exclude each other", "--to", x, "--map",
                  f"xvda={x}")
        w.refused(2, "--to and --create-lv exclude each other", "--to", x,
                  "--create-lv", "vg")
        w.refused(2, "--disk is for --to", "--disk", "xvda", "--map",
                  f"xvda={x}")
        for text in "xvda", "=x", "xvda=":
            w.refused(2, f"--map is VDEV=PATH, not '{text}'", "--map", text)
        w.refused(2, "--map: disk xvda goes to two places", "--map",
                  f"xvda={x}", "--map", f"xvda={x}.2")
        w.refused(1, "backup web1 has no disk xvdq; it has xvda xvdb", "--map",
                  f"xvdq={x}")
        w.refused(2, "disks xvda and xvdb would both go to", "--map",
                  f"xvda={x}", "--map", f"xvdb={x}")
        w.refused(2, "has 2 disks: say which by --disk, or name a folder for "
                  f"all: {x}/", "--to", x)
        for text in "/vg", "vg/", "a/b/c":
            w.refused(2, f"--create-lv is VG or VG/POOL, not '{text}'",
                      "--create-lv", text)
        w.refused(2, "--map xvda=other/name: --create-lv makes volumes in vg",
                  "--create-lv", "vg", "--map", "xvda=other/name")
        w.refused(1, "No such file", "--in-place", "--disk", "xvda", "--to", x)
        w.refused(2, "neither a file nor a block device", "--in-place",
                  "--map", "xvda=/dev/null")
        if not os.path.exists("/sbin/lvm"):
            w.refused(1, "lvm", "--create-lv", "vg")
        assert not x.exists()


def dies(place):
    """There is nothing, or each file that is there is whole; what was half
    written has no name."""
    with Targets() as w:
        out = w.top / "out"
        out.mkdir()
        p = w.stopped_at(place, "restore", w.repo, "web1", "--to", out)
        p.kill()
        p.wait()
        left = names(out)
        assert set(left) <= set(ALL), left
        assert (left == []) == ("named" not in place), left
        for vdev, want in w.want.items():
            path = out / f"{vdev}.img"
            assert not path.exists() or path.read_bytes() == want
        shutil.rmtree(out)
        w.restore("--to", f"{out}/")
        assert names(out) == ALL


def cancelled(place):
    """Ctrl-C: what was made is removed, and the folder if it was new; in place
    it is said what may hold a mix."""
    with Targets() as w:
        out = w.top / "out"
        with open(w.top / "said", "wb") as said:
            p = subprocess.Popen(  # pylint: disable=consider-using-with
                [BIN, "restore", str(w.repo), "web1", "--to", f"{out}/"],
                stdout=said, stderr=said, stdin=subprocess.DEVNULL,
                env=w.environment(XENSNAP_STOP_AT=place))
        os.waitid(os.P_PID, p.pid, os.WSTOPPED | os.WNOWAIT)
        p.send_signal(signal.SIGINT)
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 1, (w.top / "said").read_text()
        assert not out.exists()


@or_skipped
def without_unnamed():
    """A file system whose files must have names: the same, but for a kill."""
    if not shutil.which("mkfs.vfat"):
        return "no mkfs.vfat"
    with Targets() as w:
        with open(w.top / "image", "wb") as f:
            f.truncate(64 * MIB)
        run(["mkfs.vfat", str(w.top / "image")])
        at = w.top / "mnt"
        at.mkdir()
        try:
            run(["mount", "-o", "loop", str(w.top / "image"), str(at)])
        except subprocess.CalledProcessError as e:
            return f"no vfat: {e.stderr.strip()}"
        try:
            w.restore("--to", f"{at}/out/")
            assert names(at / "out") == ALL
            for vdev, want in w.want.items():
                assert (at / "out" / f"{vdev}.img").read_bytes() == want
            (at / "x").write_text("mine")
            w.refused(1, "is there already", "--disk", "xvda", "--to",
                      at / "x")
            with open(at / "big", "wb") as f:
                f.write(bytes(50 * MIB))
            w.refused(1, "No space left", "--to", f"{at}/more/")
            assert names(at) == ["big", "out", "x"]
        finally:
            run(["umount", str(at)])
    return None


def main():
    cases = [
        ("a new folder", functools.partial(folder, False)),
        ("a folder with other files", functools.partial(folder, True)),
        ("a folder with files of these names", folder_refused),
        ("a folder, in place", folder_in_place),
        ("a qcow2 image", qcow2_image),
        ("what a pipe cannot take", pipe_refused),
        ("each disk to its place", maps),
        ("onto devices", devices),
        ("targets in use", in_use),
        ("wrong input", usage),
        ("files that must have names", without_unnamed),
    ]
    cases += [(f"{size} bytes to a pipe", functools.partial(to_pipe, size))
              for size in (0, 1, CHUNK + 1, 19 * MIB + 7)]
    for place in ("restore.disk", "restore.disk#2", "new_file.synced",
                  "new_file.named", "new_file.named#2", "new_file.named#4"):
        cases.append((f"a restore dies at {place}",
                      functools.partial(dies, place)))
    cases.append(("Ctrl-C", functools.partial(cancelled, "restore.disk")))
    with contextlib.ExitStack() as stack:
        try:
            fs = stack.enter_context(FileSystem("xfs"))
            cases.append(("a snapshot to a folder",
                          functools.partial(snapshot_folder, fs)))
        except NoMount as e:
            cases.append(("a snapshot to a folder", functools.partial(str, e)))
        run_cases(cases)


main()
