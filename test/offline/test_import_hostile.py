#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""import of damaged and hostile exports: each is refused in one line, or what is
kept is right; nothing outside of the target is touched, and no command is run.

A hundred or so every day, with LONG a thousand; SEED= repeats a run, N= says
how many of each kind."""
import functools
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile

from hostile import KINDS
from importworld import export, header_of
from simcheck import run_cases

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import traced as tracing  # noqa: E402

BIN = os.environ["XENSNAP_BIN"]
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")
TRACED = 25  # of so many one is looked at system call by system call


# ---- a place to be attacked ----

def state(top, but):
    """All that is in @top, but what is in the folders @but."""
    found = {}
    for folder, _, files in os.walk(top):
        if pathlib.Path(folder) in but:
            continue
        for name in [*files, "."]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            what = hashlib.sha256(pathlib.Path(path).read_bytes()).digest() \
                if stat.S_ISREG(st.st_mode) and st.st_size < 1 << 26 else None
            found[path] = (st.st_mode, st.st_ino, st.st_size if what else 0,
                           st.st_uid, what,
                           st.st_mtime_ns if what else 0)
    return found


class Place:
    """An export between things that nobody may touch."""

    def __init__(self):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-hostile.",
                                                 dir=base))
        self.out, self.root = self.top / "out", self.top / "root"
        self.canary = self.top / "canary"
        (self.canary / "below").mkdir(parents=True)
        for name in ("secret", "below/disk.img", "evil", "x"):
            (self.canary / name).write_bytes(os.urandom(5000))
        self.bin = self.top / "bin"
        self.bin.mkdir()
        for name in ("sh", "xl", "qemu-img", "lvm", "lvs", "evil", "cp",
                     "thin_delta", "vif-bridge", "block", "losetup"):
            (self.bin / name).write_text(
                f"#!/bin/sh\necho {name} >> {self.canary}/tripped\n")
            (self.bin / name).chmod(0o755)
        export(self.out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def run(self, *words, trace=None):
        """xensnap; with @trace under strace, what it did goes there."""
        env = {**os.environ, "XENSNAP_ROOT": str(self.root),
               "PATH": str(self.bin)}
        argv = [BIN, *map(str, words)]
        if trace:
            env = tracing.environment(env)
            argv = tracing.words(trace) + argv
        return subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=300, check=False)


# ---- is it right? ----

def words_in(o):
    """Every key and every string of @o."""
    if isinstance(o, dict):
        for key, value in o.items():
            yield key
            yield from words_in(value)
    elif isinstance(o, list):
        for value in o:
            yield from words_in(value)
    elif isinstance(o, str):
        yield o


ALLOWED = re.compile(
    r"(/nonexistent/[a-zA-Z0-9._+-]+|[a-zA-Z0-9_.+-]{0,40}|<default>|"
    r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2})\Z")
FORBIDDEN = {
    "kernel", "ramdisk", "cmdline", "bootloader", "bootloader_args", "script",
    "device_model", "extra", "extra_pv", "extra_hvm",
    "backend_domname", "bridge", "ifname", "firmware", "system_firmware",
    "pcidevs", "usbdevs", "channels", "ioports", "iomem", "irqs", "vnc",
    "keymap", "xsdata", "driver_domain", "device_model_user"}


def check_config(folder, mode):
    """Only what may be kept is."""
    if mode == "offline":
        text = (folder / "domain.cfg").read_text()
        for key in re.findall(r"^(\w+)\s*=", text, re.MULTILINE):
            assert key not in FORBIDDEN | {"serial"}, text
        assert "script" not in text and "backend" not in text, text
        return
    o = json.loads((folder / "domain.json").read_text())
    for word in words_in(o):
        assert word not in FORBIDDEN and ALLOWED.match(word), word
    hvm = o["b_info"].get("type.hvm", {})
    for end in [hvm.get("serial", "pty"), *hvm.get("serial_list", [])]:
        assert end in ("pty", "null", "none"), end
    if (folder / "memory.xl").exists():
        assert header_of(folder / "memory.xl")[0] == o


def check_kept(place, trusted):
    """What was accepted is what is there, and all of it is sound."""
    domain, = place.root.iterdir()
    name, = (p for p in domain.iterdir() if p.name != ".lock")
    assert NAME.match(domain.name) and NAME.match(name.name), name
    record_ = json.loads((name / "snapshot.json").read_text())
    assert (record_["domain"], record_["name"]) == (domain.name, name.name)
    for p in name.iterdir():
        st = p.lstat()
        assert stat.S_ISREG(st.st_mode) and st.st_nlink == 1, p
        assert stat.S_IMODE(st.st_mode) == 0o600, p
    for d in record_["disks"]:
        kept = name / f"{d['vdev']}.img"
        was = place.out / (f"{d['vdev']}." + (
            "img" if d["format"] == "raw" else "qcow2"))
        assert kept.stat().st_size == was.stat().st_size == d["bytes"]
        if d["bytes"] < 1 << 26:
            assert kept.read_bytes() == was.read_bytes(), d
        assert d["source"] == "" and d["driver"] == "copy", d
        if d["format"] == "qcow2":
            head = kept.read_bytes()[:104]
            assert head[:4] == b"QFI\xfb" and head[8:16] == bytes(8)
            assert not struct.unpack_from(">I", head, 32)[0]
    if record_["memory_bytes"]:
        assert header_of(name / "memory.xl")[1] == header_of(
            place.out / "memory.xl")[1]
    if (place.out / "SHA256SUMS").exists():
        lines = (place.out / "SHA256SUMS").read_text().splitlines()
        for line in lines:
            assert hashlib.sha256((place.out / line[66:]).read_bytes()
                                  ).hexdigest() == line[:64], line
    if not trusted:
        check_config(name, record_["mode"])
    return record_


def attack(mutate, rng, trace):
    """One hostile export; was it kept?"""
    with Place() as place:
        must_fail = mutate(place, rng)
        trusted = rng.random() < 0.1
        before = state(place.top, [])
        path = place.top / "trace" if trace else None
        words = ["import", place.out] + (["--trust-config"] * trusted)
        result = place.run(*words, trace=path)
        err = result.stderr.decode(errors="replace")
        where = f"{mutate.__name__}: {result.returncode}\n{err}"
        if path:
            tracing.check(path, BIN, [place.root])
            path.unlink()
        assert result.returncode in (0, 1, 2, 3), where
        assert "Sanitizer" not in err and "runtime error" not in err, where
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", err), where
        assert not (place.canary / "tripped").exists(), where
        after = state(place.top, [])
        inside = {p for p in after if p.startswith(str(place.root))}
        after = {p: v for p, v in after.items() if p not in inside}
        # The folder that holds the root has another time.
        for both in before, after:
            both.pop(str(place.top) + "/.")
        assert before == after, (where, set(before.items())
                                 ^ set(after.items()))
        if result.returncode in (1, 2):
            left = [p for p in inside if p != f"{place.root}/."]
            assert not left, (where, left)
            assert err.splitlines()[-1].startswith("xensnap: import"), where
            return False
        assert not must_fail, where
        kept = check_kept(place, trusted)
        for verb in (["show", kept["snapshot"]], ["list"],
                     ["delete", kept["snapshot"]]):
            again = place.run(*verb)
            assert again.returncode == 0, (where, again)
        return True


def many(kind, number, times):
    """@times of a kind; how it went, as a comment."""
    kept = 0
    for i in range(times):
        seed = f"{SEED}/{number}/{i}"
        try:
            kept += attack(kind, random.Random(seed),
                           tracing.strace() and i % TRACED == 0)
        except Exception as e:
            e.add_note(f"SEED={SEED}, kind {number}, {i}")
            raise
    print(f"# {kind.__name__}: {times - kept} refused, {kept} right",
          flush=True)


def main():
    """All kinds."""
    times = int(os.environ.get("N", 53 if "LONG" in os.environ else 6))
    print(f"# SEED={SEED}, {times} of each kind, {times * len(KINDS)} in all")
    run_cases([(f"{kind.__doc__.splitlines()[0]} ({kind.__name__})",
                functools.partial(many, kind, number, times))
               for number, kind in enumerate(KINDS)])


if __name__ == "__main__":
    main()
