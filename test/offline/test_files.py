#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A domain that does not run, with raw files as disks, on XFS and on btrfs:
create, list, show, export, delete; what is refused; kill -9 everywhere.
"""
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess

from offline import (FileSystem, NoMount, config, files_of, fill, sha256)
from simcheck import check_nothing_to_recover, run_cases
from simhost import BIN, Host

BARE = os.environ.get("XENSNAP_BARE")


def new_domain(fs, **how):
    """Two disks, something read-only and an empty drive: (folder, file)."""
    folder = fs.folder()
    for i, name in enumerate(("root", "data", "tools")):
        fill(folder / f"{name}.img", i)
    return folder, config(folder / "web1.cfg", (
        f"file:{folder}/root.img,xvda,w",
        f"format=raw, vdev=xvdb, access=rw, discard, "
        f"target={folder}/data.img",
        f"{folder}/tools.img,raw,xvdc,r",
        ",hdc:cdrom,r"), **how)


def check_gone(host, folder, before):
    """The disks are as they were, and nothing else is there."""
    assert files_of(folder) == before, set(files_of(folder)) ^ set(before)
    assert not host.root.exists() or not list(host.root.iterdir()), \
        list(host.root.rglob("*"))
    check_nothing_to_recover(host)


def good(host, *args):
    """Run xensnap, which has to succeed without a warning."""
    result = host.run(*args)
    assert result.status == 0, result
    return result


def bad(host, says, *args, **env):
    """Run xensnap, which has to fail with one line that has @says."""
    result = host.run(*args, **env)
    assert result.status == 1, result
    assert result.out == "", result
    assert len(result.error_lines()) == 1, result
    assert says in result.err, result


def create(host, file, *more):
    """What create --json says."""
    return json.loads(good(host, "create", "web1@cold", "--config", str(file),
                           "--json", *more).out)


def round_trip(fs):
    """What is exported is of the instant, byte for byte."""
    with Host() as host:
        folder, file = new_domain(fs, more="uuid = "
                                  "'6F0E3C52-0F2B-4A0A-9D53-1C2D3E4F5A6B'\n")
        before = files_of(folder)
        o = create(host, file)
        assert (o["mode"], o["pause_ms"], o["phases_ms"], o["memory_bytes"],
                o["type"], o["xen_version"], o["domain_uuid"]) == (
                    "offline", 0, {}, 0, "PV", "",
                    "6f0e3c52-0f2b-4a0a-9d53-1c2d3e4f5a6b"), o
        assert [(d["vdev"], d["driver"]) for d in o["disks"]] == [
            ("xvda", "reflink"), ("xvdb", "reflink")], o
        kept = host.root / "web1" / "cold"
        assert sorted(p.name for p in kept.iterdir()) == [
            "domain.cfg", "journal", "snapshot.json"]
        assert (kept / "domain.cfg").read_text() == file.read_text()
        fill(folder / "root.img", 11)
        fill(folder / "data.img", 12)
        original = file.read_text()
        config(file, (), name="other")

        out = host.dir / "out"
        good(host, "export", "web1@cold", str(out))
        assert sha256(out / "xvda.img") == before[folder / "root.img"]
        assert sha256(out / "xvdb.img") == before[folder / "data.img"]
        assert sorted(p.name for p in out.iterdir()) == [
            "SHA256SUMS", "domain.cfg", "snapshot.json", "xvda.img",
            "xvdb.img"]
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=out,
                       check=True)
        text = (out / "domain.cfg").read_text()
        assert text.startswith(original), text
        assert [line.strip() for line in text[len(original):].splitlines()
                if line.strip().startswith(("disk", '"', "]"))] == [
            "disk=[",
            f'"vdev=xvda,format=raw,access=rw,target={out}/xvda.img",',
            f'"vdev=xvdb,format=raw,access=rw,discard,'
            f'target={out}/xvdb.img",',
            f'"{folder}/tools.img,raw,xvdc,r",',
            '",hdc:cdrom,r",',
            "]"], text

        good(host, "delete", "web1@cold")
        after = files_of(folder)
        assert set(after) == set(before)
        check_gone(host, folder, after)


def words(fs):
    """What is told of it; a file without a uuid."""
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        out = good(host, "create", "web1@cold", "--config", str(file)).out
        assert "web1@cold: 2 disks of one instant" in out, out
        assert "Pause   none: the domain does not run" in out, out
        assert "Memory  none (--config)" in out, out
        out = good(host, "show", "web1@cold").out
        assert "domain      web1 (PV), no uuid given\n" in out, out
        assert "mode        offline\n" in out, out
        assert "pause       none: the domain did not run\n" in out, out
        line = good(host, "list").out.splitlines()[1].split()
        assert line[0] == "web1@cold" and line[3:] == [
            "none", "none", "2", "good"], line
        good(host, "delete", "web1@cold")
        out = good(host, "create", "--dry-run", "web1@cold", "--config",
                   str(file)).out
        assert "2 disks (offline)" in out, out
        check_gone(host, folder, before)


def qcow2_export(fs):
    """The configuration names what the disks became."""
    with Host() as host:
        _, file = new_domain(fs)
        create(host, file)
        result = host.run("export", "--format", "qcow2", "web1@cold", "out")
        if result.status == 1 and "qemu-img" in result.err:
            return "no qemu-img"
        assert result.status == 0, result
        text = (host.dir / "out" / "domain.cfg").read_text()
        assert f"format=qcow2,access=rw,target={host.dir}/out/xvda.qcow2" \
            in text, text
    return None


def qemu_img(*words):
    return subprocess.run(["qemu-img", *map(str, words)], check=True,
                          capture_output=True, text=True)


def qcow2_disks(fs, ext4):
    """Images: a view of one, a copy of the other, whole after both changed."""
    if not shutil.which("qemu-img"):
        return "no qemu-img"
    with Host() as host:
        folder, file = new_domain(fs)
        images = [folder / "a.qcow2", ext4.folder() / "b.qcow2"]
        for image in images:
            qemu_img("convert", "-O", "qcow2", folder / "root.img", image)
        config(file, [f"{images[0]},qcow2,xvda,w", f"{images[1]},qcow2,xvdb,w",
                      f"{folder}/data.img,raw,xvdc,w"])
        o = create(host, file, "--copy")
        assert [(d["driver"], d["format"]) for d in o["disks"]] == [
            ("reflink", "qcow2"), ("copy", "qcow2"), ("reflink", "raw")], o
        for image in images:
            qemu_img("convert", "-O", "qcow2", folder / "data.img", image)
        good(host, "export", "web1@cold", "raw")
        good(host, "export", "--format", "qcow2", "web1@cold", "qcow2")
        for vdev in ("xvda", "xvdb"):
            assert sha256(host.dir / "raw" / f"{vdev}.img") == \
                sha256(folder / "root.img")
            qemu_img("compare", "-f", "raw", "-F", "qcow2",
                     folder / "root.img", host.dir / "qcow2" / f"{vdev}.qcow2")
        bad(host, "xvda is a qcow2 image, which cannot be written raw",
            "export", "--disk", "xvda", "--dry-run", "web1@cold", "-")
        good(host, "delete", "web1@cold")
        check_gone(host, folder, files_of(folder))
    return None


def qcow2_refused(fs):
    """An image of which only a part is in its file."""
    if not shutil.which("qemu-img"):
        return "no qemu-img"
    with Host() as host:
        folder, file = new_domain(fs)
        base, over = folder / "base.qcow2", folder / "over.qcow2"
        qemu_img("create", "-f", "qcow2", base, "1M")
        qemu_img("create", "-f", "qcow2", "-b", base, "-F", "qcow2", over)
        config(file, [f"{over},qcow2,xvda,w"])
        before = files_of(folder)
        bad(host, f"disk xvda: {over} has a backing file", "create", "web1",
            "--config", str(file))
        check_gone(host, folder, before)
    return None


def copied_files(fs, ext4):
    """--copy: what has no views is copied, the rest has a view."""
    with Host() as host:
        folder, file = new_domain(fs)
        elsewhere = fill(ext4.folder() / "x.img", 1)
        before = files_of(folder)
        config(file, [f"{folder}/root.img,raw,xvda,w",
                      f"{elsewhere},raw,xvdb,w"])
        want = sha256(elsewhere)
        o = create(host, file, "--copy")
        assert [d["driver"] for d in o["disks"]] == ["reflink", "copy"], o
        fill(elsewhere, 2)
        out = host.dir / "out"
        good(host, "export", "web1@cold", str(out))
        assert sha256(out / "xvdb.img") == want
        assert sha256(out / "xvda.img") == before[folder / "root.img"]
        good(host, "delete", "web1@cold")
        result = host.run("create", "web1@cold", "--config", str(file),
                          "--copy", XENSNAP_DIE_AT="disk.copy.done")
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        good(host, "recover")
        elsewhere.unlink()
        check_gone(host, folder, {**files_of(folder)})


def refused_files(fs, ext4):
    """Files that say too little, or of disks that cannot be frozen."""
    with Host() as host:
        folder, file = new_domain(fs)
        elsewhere = fill(ext4.folder() / "x.img", 1)
        tmpfs = fill(host.dir / "y.img", 1)
        before = files_of(folder)

        def refused(says, *disks, name="web1"):
            config(host.dir / "x.cfg", disks, name=name)
            bad(host, says, "create", "web1", "--config", "x.cfg")

        root = f"{folder}/root.img,raw,xvda,w"
        bad(host, "none.cfg: No such file", "create", "web1", "--config",
            "none.cfg")
        bad(host, "not a regular file", "create", "web1", "--config", "/")
        bad(host, 'called "web1", not web2', "create", "web2", "--config",
            str(file))
        refused("it names no domain", root, name="")
        refused("disk xvdb: " + str(elsewhere), root,
                f"{elsewhere},raw,xvdb,w")
        refused(str(elsewhere) + ": its storage has no views; --copy", root,
                f"{elsewhere},raw,xvdb,w")
        refused(str(tmpfs) + ": its storage has no views; --copy", root,
                f"{tmpfs},raw,xvdb,w")
        refused("data.img is no qcow2 image", root,
                f"{folder}/data.img,qcow2,xvdb,w")
        refused("is of the format vhd", root,
                f"{folder}/data.img,vhd,xvdb,w")
        refused("no absolute path", root, "data.img,qcow2,xvdb,w")
        refused("served by a script", "script=block-x,vdev=xvda,target=y")
        refused("no absolute path", root, "data.img,raw,xvdb,w")
        refused("is not there", root, f"{folder}/none.img,raw,xvdb,w")
        refused("two disks called xvda", root, root)
        refused("no vdev", f"{folder}/root.img")
        check_gone(host, folder, before)


def it_runs(fs):
    """A domain that runs, or may run, is no domain that does not."""
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        host.domain("web1", ("vg0/root",))
        for state in ("running", "paused", "off"):
            host.set_state("web1", state)
            bad(host, "web1 runs, or is not gone yet; leave out --config",
                "create", "web1", "--config", str(file))
        host.set_state("web1", "gone")
        create(host, file)
        good(host, "delete", "web1@cold")
        # A domain of which nothing can be read.
        host.set_state("web1", "running")
        (host.world / "domains" / "web1" / "config").write_text("odd=1\n")
        bad(host, "cannot tell whether web1 runs: ", "create", "web1",
            "--config", str(file))
        check_gone(host, folder, before)


def started_meanwhile(fs):
    """It is started while its disks are frozen: they count for nothing."""
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        p = host.stopped_at("instant.held", "create", "web1@cold", "--config",
                            str(file))
        host.domain("web1", ("vg0/root",))
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 1, result
        assert "web1 was started meanwhile; nothing was kept" in result.err, \
            result
        check_gone(host, folder, before)


def without_xen(fs):
    """Not simulated: this very host, which has no Xen."""
    if pathlib.Path("/sys/hypervisor/type").exists():
        return "there is a hypervisor"
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        env = host.env()
        del env["XENSNAP_SIM"]
        for args in (("create", "web1@cold", "--config", str(file)),
                     ("export", "web1@cold", str(host.dir / "out")),
                     ("delete", "web1@cold")):
            subprocess.run([BIN, *args], env=env, check=True,
                           capture_output=True, timeout=300)
        assert sha256(host.dir / "out" / "xvda.img") == \
            before[folder / "root.img"]
        check_gone(host, folder, before)
    return None


def bare_build(fs):
    """A build without libxlutil says what it cannot do, and does the rest."""
    if not BARE:
        return "XENSNAP_BARE names no program"
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        create(host, file)

        def bare(*args):
            return subprocess.run([BARE, *args], env=host.env(), text=True,
                                  capture_output=True, cwd=host.dir,
                                  timeout=300, check=False)

        result = bare("create", "web1@two", "--config", str(file))
        assert result.returncode == 1, result
        assert "built without Xen's libxlutil" in result.stderr, result
        result = bare("export", "web1@cold", "out")
        assert result.returncode == 3, result
        assert "domain.cfg is left out" in result.stderr, result
        assert "xl create" not in result.stdout, result
        assert sorted(p.name for p in (host.dir / "out").iterdir()) == [
            "SHA256SUMS", "snapshot.json", "xvda.img", "xvdb.img"]
        assert sha256(host.dir / "out" / "xvdb.img") == \
            before[folder / "data.img"]
        good(host, "delete", "web1@cold")
        check_gone(host, folder, before)
    return None


def places(fs, verb):
    """The failure points that a create, or a delete, comes to."""
    with Host() as host:
        _, file = new_domain(fs)
        words_ = ("create", "web1@cold", "--config", str(file))
        if verb == "create":
            return host.trace(*words_)
        good(host, *words_)
        return host.trace("delete", "web1@cold")


def kill_create(fs, place):
    """create dies: afterwards there is a whole snapshot, or nothing."""
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        result = host.run("create", "web1@cold", "--config", str(file),
                          XENSNAP_DIE_AT=place)
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        good(host, "recover")
        if good(host, "list", "--names").out:
            good(host, "show", "web1@cold")
            good(host, "export", "web1@cold", "out")
            assert sha256(host.dir / "out" / "xvda.img") == \
                before[folder / "root.img"]
            good(host, "delete", "web1@cold")
        check_gone(host, folder, before)


def kill_delete(fs, place):
    """delete dies: recover finishes it, or nothing was begun."""
    with Host() as host:
        folder, file = new_domain(fs)
        before = files_of(folder)
        create(host, file)
        result = host.run("delete", "web1@cold", XENSNAP_DIE_AT=place)
        assert result.status == -signal.SIGKILL, result
        host.wait_for_orphans()
        good(host, "recover")
        if good(host, "list", "--names").out:
            good(host, "delete", "web1@cold")
        check_gone(host, folder, before)


def on(mounted, kind, function, *args):
    """Do it on a file system of that kind, or say why not."""
    if isinstance(mounted[kind], str):
        return mounted[kind]
    return function(mounted[kind], *args)


def both(mounted, kind, function):
    """The same with ext4 beside it."""
    if isinstance(mounted["ext4"], str):
        return mounted["ext4"]
    return on(mounted, kind, function, mounted["ext4"])


def mount_all(stack):
    """{kind: FileSystem, or why there is none}."""
    mounted = {}
    for kind in ("xfs", "btrfs", "ext4"):
        try:
            mounted[kind] = stack.enter_context(FileSystem(kind))
        except NoMount as e:
            mounted[kind] = str(e)
    return mounted


def main():
    """Which places there are is asked of the program."""
    with contextlib.ExitStack() as stack:
        mounted = mount_all(stack)
        cases = []
        for kind in ("xfs", "btrfs"):
            for what, function in (
                    ("create, export and delete", round_trip),
                    ("what is told", words),
                    ("export as qcow2", qcow2_export),
                    ("an image in two files", qcow2_refused),
                    ("a domain that runs", it_runs),
                    ("a domain that is started meanwhile", started_meanwhile),
                    ("a host without Xen", without_xen),
                    ("a build without Xen", bare_build)):
                cases.append((f"{kind}: {what}",
                              functools.partial(on, mounted, kind, function)))
            for what, function in (("what is refused", refused_files),
                                   ("a file on ext4, copied", copied_files),
                                   ("qcow2 images", qcow2_disks)):
                cases.append((f"{kind}: {what}", functools.partial(
                    both, mounted, kind, function)))
            if isinstance(mounted[kind], str):
                continue
            for verb, function in (("create", kill_create),
                                   ("delete", kill_delete)):
                for place in places(mounted[kind], verb):
                    cases.append((f"{kind}: {verb} dies at {place}",
                                  functools.partial(function, mounted[kind],
                                                    place)))
        run_cases(cases)


main()
