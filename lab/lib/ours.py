# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image of our own files: agent, init, guest programs; and the initrds.

Quick to build (seconds), so that a change of a line in lab/ does not cost
a new file tree.  dom0 sees it read-only at /lab:

    /lab/bin/agent          its process 1
    /lab/dom0/init          its init
    /lab/guest/vmlinux      the guests' kernel (vmlinuz beside it for HVM)
    /lab/guest/initrd       the guests' initial RAM disk: /init is witness,
                            /xensnap-agent the agent of ../agent
"""

import os
import pathlib
import shutil
import subprocess

import cache
import common
import debian

# What xensnap wants to have in guests; started by witness.agent=1.
AGENT_DIR = common.LAB_DIR.parent / "agent"
CFLAGS = ["-O2", "-static", "-Wall", "-Wextra"]


def _sources():
    """Our files that go into the image, in a fixed order."""
    lab = common.LAB_DIR
    files = []
    for name in ("dom0", "witness"):
        files += sorted(p for p in (lab / name).glob("*") if p.is_file()
                        and not p.name.endswith((".md", "~")))
    return files + sorted(AGENT_DIR.glob("*.[ch]"))


def key(base):
    """What the image depends on; base is the directory of debian.py."""
    return "ours-" + common.digest(base.name, pathlib.Path(__file__),
                                   *_sources())


def image():
    """(directory of debian.py's images, directory of ours)."""
    base = debian.images()
    return base, cache.make("images", key(base),
                            lambda work: _build(base, work))


def _compile(out, sources):
    out.parent.mkdir(parents=True, exist_ok=True)
    common.run(["gcc"] + CFLAGS + ["-o", out] + list(sources) + ["-lutil"])


def _initrd(tree, out):
    """Pack tree as an uncompressed cpio: unpacking costs more than reading."""
    names = [str(p.relative_to(tree)) for p in sorted(tree.rglob("*"))]
    done = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet", "--reproducible",
         "-R", "0:0"], cwd=tree, input="\n".join(names).encode(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        preexec_fn=common.die_with_parent)
    if done.returncode:
        raise common.LabError(f"cpio: {done.stderr.decode().strip()}")
    out.write_bytes(done.stdout)


def _dom0_initrd(base, work):
    tree = work / "dom0-initrd.d"
    for name in ("bin", "proc", "sys", "dev", "root"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin/busybox")
    shutil.copy(common.LAB_DIR / "dom0/initrd-init", tree / "init")
    shutil.copytree(base / "initrd-modules", tree / "modules")
    _initrd(tree, work / "dom0-initrd")
    shutil.rmtree(tree)


def _guest_initrd(base, work, out):
    tree = work / "guest-initrd.d"
    tree.mkdir()
    _compile(tree / "init",
             sorted((common.LAB_DIR / "witness").glob("*.c")))
    _compile(tree / "xensnap-agent", sorted(AGENT_DIR.glob("*.c")))
    common.run(["strip", tree / "init", tree / "xensnap-agent"])
    (tree / "sbin").mkdir()
    for name in ("poweroff", "reboot"):
        (tree / "sbin" / name).symlink_to("/init")
    for name in ("dev", "proc", "sys"):
        (tree / name).mkdir()
    os.mknod(tree / "dev/console", 0o600 | 0o020000, os.makedev(5, 1))
    shutil.copytree(base / "guest-modules", tree / "modules")
    _initrd(tree, out)
    shutil.rmtree(tree)


def _build(base, work):
    common.say("building the lab's own image")
    tree = work / "tree"
    for name in ("bin", "dom0", "guest"):
        (tree / name).mkdir(parents=True)
    _compile(tree / "bin/agent",
             sorted((common.LAB_DIR / "dom0").glob("*.c")))
    for name in ("init", "block"):
        shutil.copy(common.LAB_DIR / "dom0" / name, tree / "dom0" / name)
    shutil.copy(base / "guest-vmlinux", tree / "guest/vmlinux")
    shutil.copy(base / "guest-vmlinuz", tree / "guest/vmlinuz")
    _guest_initrd(base, work, tree / "guest/initrd")
    _dom0_initrd(base, work)
    with open(work / "lab.img", "wb") as f:
        f.truncate(128 << 20)
    common.run(["mke2fs", "-q", "-t", "ext4", "-F", "-L", "lab", "-m", "0",
                "-O", "^has_journal", "-E", "root_owner=0:0",
                "-d", tree, work / "lab.img", "128M"])
    shutil.rmtree(tree)
