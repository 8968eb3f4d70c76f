# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images made from Debian packages: dom0's file tree, kernels, hypervisor.

This is the slow half of a build, so nothing that we write ourselves goes
into it: it depends on the package and module lists alone.  Our own files
are in a small image of their own (ours.py).
"""

import gzip
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess

import cache
import common

ROOT_SIZE = "2G"


def _generation():
    """Changed by `build --force`, to resolve package versions anew."""
    path = common.cache_dir() / "generation"
    return path.read_text().strip() if path.exists() else "0"


def key(generation=None):
    """What the images depend on."""
    lab = common.LAB_DIR
    return "debian-" + common.digest(
        generation or _generation(), lab / "packages.dom0",
        lab / "packages.boot", lab / "modules.dom0",
        lab / "modules.initrd", lab / "modules.guest",
        pathlib.Path(__file__))


def images(force=False):
    """The directory with the images, built if it is not there."""
    if not force:
        return cache.make("images", key(), _build)
    fresh = os.urandom(8).hex()
    path = cache.make("images", key(fresh), _build)
    (common.cache_dir() / "generation").write_text(fresh + "\n")
    return path


def _suite():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip('"')
    raise common.LabError("/etc/os-release names no release")


def _sources():
    """Debian's own entries of this machine's apt sources, one per line."""
    fmt = "$(ORIGIN)|$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    out = common.run(["apt-get", "indextargets", "--format", fmt]).decode()
    ring = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"[signed-by={ring}] " if ring.exists() else ""
    lines = []
    for row in out.splitlines():
        origin, made_by, uri, release, component = row.split("|")
        line = f"deb {signed}{uri} {release} {component}"
        if origin == "Debian" and made_by == "Packages" and line not in lines:
            lines.append(line)
    if not lines:
        raise common.LabError("apt knows no Debian source: add one to "
                              "/etc/apt and run apt-get update")
    return "\n".join(lines) + "\n"


def _apt_options():
    """Proxies and the like: what this machine's apt needs to get through."""
    wanted = re.compile(r'^Acquire::(http|https|ftp|Retries|ForceIPv[46]|'
                        r'Check-Valid-Until|Check-Date)\b[^"]* "[^"]+";$')
    dump = common.run(["apt-config", "dump"]).decode()
    return [line for line in dump.splitlines() if wanted.match(line)]


def _download_hook(out):
    """A script for mmdebstrap: get the packages that are only unpacked.

    It runs with the new tree's apt, so the machine's own lists may be
    old or empty.
    """
    lines = ["#!/bin/sh", "set -e", "export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG",
             f"cd '{out}'",
             'real() { case $1 in linux-image-*) apt-cache depends "$1" |'
             " sed -n 's/^ *Depends: \\(linux-image-[^ ]*\\)$/\\1/p' |"
             ' head -n 1;; *) echo "$1";; esac; }']
    for role, package in common.read_list(common.LAB_DIR / "packages.boot"):
        lines.append(f"mkdir {role}; cd {role}")
        lines.append(f'apt-get -qq -o APT::Sandbox::User=root download '
                     f'"$(real {package})"; cd ..')
    hook = out / "download"
    hook.write_text("\n".join(lines) + "\n")
    hook.chmod(0o755)
    return hook


def _isolated(argv):
    """argv in a PID namespace of its own, so that killing us kills it all."""
    probe = ["unshare", "--pid", "--fork", "--kill-child", "true"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL,
                      check=False).returncode == 0:
        return probe[:-1] + argv
    return argv


def _bootstrap(work):
    """dom0's tree as work/tree, boot packages under work/boot/ROLE."""
    boot = work / "boot"
    boot.mkdir()
    packages = [row[0] for row in
                common.read_list(common.LAB_DIR / "packages.dom0")]
    argv = ["mmdebstrap", "--mode=root", "--variant=essential",
            "--format=tar", "--include=" + ",".join(packages)]
    argv += ["--dpkgopt=path-exclude=/usr/share/%s/*" % d
             for d in ("doc", "man", "locale", "info")]
    argv += [f"--aptopt={line}" for line in _apt_options()]
    argv += [f"--customize-hook={_download_hook(boot)}",
             _suite(), str(work / "tree.tar"), "-"]
    env = dict(os.environ, TMPDIR=str(work), LC_ALL="C")
    common.run(_isolated(argv), input=_sources().encode(), stdin=None,
               env=env)
    tree = work / "tree"
    tree.mkdir()
    common.run(["tar", "-x", "-f", work / "tree.tar", "-C", tree,
                "--numeric-owner", "-p"])
    (work / "tree.tar").unlink()
    return tree


def _unpack(work, role):
    """Unpack a boot package; its directory and its name with the version."""
    debs = list((work / "boot" / role).glob("*.deb"))
    if len(debs) != 1:
        raise common.LabError(f"no package was downloaded for {role}")
    out = work / "boot" / role / "x"
    common.run(["dpkg-deb", "-x", debs[0], out])
    return out, debs[0].name


def _vmlinux(bzimage, out):
    """Take the ELF kernel out of a bzImage: it boots quicker unpacked.

    Linux's boot protocol names the payload's place relative to the end of
    the setup sectors (Documentation/x86/boot.rst).
    """
    blob = bzimage.read_bytes()
    sectors = blob[0x1f1] or 4
    offset, length = struct.unpack_from("<II", blob, 0x248)
    start = (sectors + 1) * 512 + offset
    packed = blob[start:start + length]
    if packed.startswith(b"\xfd7zXZ"):
        elf = lzma.LZMADecompressor().decompress(packed)
    elif packed.startswith(b"\x1f\x8b"):
        elf = gzip.decompress(packed[:-4])
    elif packed.startswith(b"\x02\x21\x4c\x18"):
        elf = common.run(["lz4", "-d", "-c"], stdin=None, input=packed[:-4])
    else:
        raise common.LabError(f"{bzimage.name}: unknown compression")
    if not elf.startswith(b"\x7fELF"):
        raise common.LabError(f"{bzimage.name}: holds no ELF kernel")
    out.write_bytes(elf)


def _only(directory, pattern):
    found = sorted(directory.glob(pattern))
    if not found:
        raise common.LabError(f"{directory}: no {pattern}")
    return found[0]


def _closure(modules, wanted):
    """Paths below modules/ of the wanted modules and all they depend on."""
    deps = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        name, needs = line.split(":")
        deps[name] = needs.split()
    roots = set()
    for row in wanted:
        path = f"kernel/{row[0]}"
        hits = [m for m in deps if m == path or m.startswith(path + "/")]
        if not hits and (modules / path).exists() is False:
            common.say(f"modules.dom0: this kernel has no {row[0]}")
        roots.update(hits)
    return roots | {need for m in roots for need in deps[m]}


def _keep_modules(source, tree):
    """Copy what modules.dom0 names, with its dependencies, into the tree."""
    modules = _only(source / "lib/modules", "*")
    version = modules.name
    common.run(["depmod", "-b", source, version])
    target = tree / "usr/lib/modules" / version
    wanted = common.read_list(common.LAB_DIR / "modules.dom0")
    for name in _closure(modules, wanted):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / name, target / name)
    for name in ("modules.builtin", "modules.builtin.modinfo",
                 "modules.order"):
        if (modules / name).exists():
            shutil.copy(modules / name, target / name)
    common.run(["depmod", "-b", tree, version])


def _ordered(modules, names):
    """Files of the named modules, each after those it depends on."""
    deps = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        name, needs = line.split(":")
        deps[name] = needs.split()
    by_name = {pathlib.Path(m).stem.replace("-", "_"): m for m in deps}
    order = []
    for name in names:
        module = by_name.get(name.replace("-", "_"))
        if not module:
            continue            # built into this kernel, or not there at all
        for m in deps[module][::-1] + [module]:
            if m not in order:
                order.append(m)
    return order


def _load_list(source, list_name, out):
    """out/: the modules of a list file, and `order` that names them."""
    modules = _only(source / "lib/modules", "*")
    common.run(["depmod", "-b", source, modules.name])
    out.mkdir()
    names = [row[0] for row in common.read_list(common.LAB_DIR / list_name)]
    order = _ordered(modules, names)
    for m in order:
        shutil.copy(modules / m, out)
    (out / "order").write_text("".join(f"{pathlib.Path(m).name}\n"
                                       for m in order))


def _settle(tree):
    """Small repairs that make the tree boot without systemd."""
    (tree / "etc/default/xen").open("a").write(
        '\nXENCONSOLED_ARGS="--log=guest"\n')
    for name in ("var/log/xen/console", "var/lib/xen/dump", "var/lib/xen/save",
                 "srv/xfs", "srv/ext4", "lab", "etc/xen/guests"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    (tree / "etc/hostname").write_text("dom0\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost dom0\n")
    (tree / "etc/fstab").write_text("")
    scripts = tree / "etc/xen/scripts"
    (scripts / "block").rename(scripts / "block.stock")
    (scripts / "block").symlink_to("/lab/dom0/block")
    machine_id = tree / "etc/machine-id"
    machine_id.write_text("0123456789abcdef0123456789abcdef\n")


def _build(work):
    """Fill a cache entry: see images()."""
    common.say("building images from Debian packages (about a minute)")
    tree = _bootstrap(work)
    names = []
    dom0, name = _unpack(work, "dom0")
    names.append(name)
    guest, name = _unpack(work, "guest")
    names.append(name)
    xen, name = _unpack(work, "xen")
    names.append(name)
    with gzip.open(_only(xen / "boot", "xen-*.gz")) as f:
        (work / "xen").write_bytes(f.read())
    _vmlinux(_only(dom0 / "boot", "vmlinuz-*"), work / "dom0-vmlinux")
    shutil.copy(_only(dom0 / "boot", "vmlinuz-*"), work / "dom0-vmlinuz")
    _vmlinux(_only(guest / "boot", "vmlinuz-*"), work / "guest-vmlinux")
    shutil.copy(_only(guest / "boot", "vmlinuz-*"), work / "guest-vmlinuz")
    _keep_modules(dom0, tree)
    _load_list(dom0, "modules.initrd", work / "initrd-modules")
    _load_list(guest, "modules.guest", work / "guest-modules")
    _settle(tree)
    installed = common.run(["dpkg-query", f"--admindir={tree}/var/lib/dpkg",
                            "-W", "-f", "${Package} ${Version}\n"]).decode()
    (work / "packages.txt").write_text(
        installed + "".join(f"unpacked {n}\n" for n in names))
    with open(work / "root.img", "wb") as f:
        f.truncate(2 << 30)
    common.run(["mke2fs", "-q", "-t", "ext4", "-F", "-L", "dom0",
                "-O", "^metadata_csum_seed,^orphan_file", "-m", "0",
                "-E", "lazy_itable_init=1,root_owner=0:0",
                "-d", tree, work / "root.img", ROOT_SIZE])
    shutil.rmtree(tree)
    shutil.rmtree(work / "boot")
