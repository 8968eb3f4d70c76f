# SPDX-License-Identifier: LGPL-2.1-or-later
"""What holds of a snapshot that was imported."""
import json
import os
import pathlib

from importworld import header_of
from simcheck import check_private

DISKS = ("vg0/root", "thin0/logs")
KERNEL = ["b_info.cmdline"]


def known(path):
    """What a file system knows of its holes: [(offset, end) of data]."""
    found, at = [], 0
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        while at < size:
            try:
                data = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(f.fileno(), data, os.SEEK_HOLE)
            found.append((data, at))
    return found


def blocks(path):
    """The numbers of those that are no holes."""
    return {i for at, end in known(path)
            for i in range(at // 4096, -(-end // 4096))}


def exported(host, *words):
    """A domain, a snapshot of it, and that as plain files."""
    host.domain("web1", DISKS)
    assert host.run("create", "web1@a").status == 0
    out = host.dir / "out"
    result = host.run("export", "web1@a", str(out), *words)
    assert result.status == 0, result
    return out


def places(host):
    """--disk for both."""
    return [f"--disk=xvd{'ab'[i]}={host.world}/disks/{disk}"
            for i, disk in enumerate(DISKS)]


def imported(host, *words, status=0, **env):
    """It was; the record that was told, which is the one that is kept."""
    result = host.run("import", *map(str, words), "--json", **env)
    o = json.loads(result.out)
    # A simulated domain has a kernel's words, which are left out.
    if status == 0 and o["left_out"] == KERNEL:
        status = 3
    assert result.status == status, result
    folder = pathlib.Path(env.get("XENSNAP_ROOT", host.root)) / o[
        "domain"] / o["name"]
    kept = json.loads((folder / "snapshot.json").read_text())
    assert all(o[key] == value for key, value in kept.items()), (o, kept)
    check_private(folder)
    assert {p.name for p in folder.iterdir()} >= {"journal", "snapshot.json"}
    return o, folder


def same(out, folder, there, here):
    """What is kept is what was exported, and of the same instant."""
    for d in here["disks"]:
        suffix = "img" if d["format"] == "raw" else d["format"]
        a, b = out / f"{d['vdev']}.{suffix}", folder / f"{d['vdev']}.img"
        assert a.read_bytes() == b.read_bytes(), d
        assert blocks(a) >= blocks(b), (known(a), known(b))
        assert d["driver"] == "copy" and d["view"] == str(b.resolve()), d
    if (out / "memory.xl").exists():
        assert header_of(out / "memory.xl")[1] == header_of(
            folder / "memory.xl")[1]
    for key in ("created", "mode", "type", "xen_version", "pause_ms",
                "phases_ms", "skipped_disks"):
        assert there[key] == here[key], key
    assert here["origin"] == there["generation"] != here["generation"]
