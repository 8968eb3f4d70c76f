# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exports for import, made by hand: what libxl and xl write, by Xen's own
pages on its formats, with no code of ours."""
import hashlib
import json
import random
import struct

import offline  # noqa: F401  (so that simhost is found)

PAGE = 4096
MIB = 1 << 20
UUID = "a0db4a77-0eb6-4878-acfb-a52384786775"
GENERATION = "0f1e2d3c-4b5a-4697-8877-665544332211"


def record(kind, body=b""):
    """One record of either stream."""
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def pages(numbers, rng):
    """PAGE_DATA."""
    return record(1, struct.pack("<II", len(numbers), 0) +
                  struct.pack(f"<{len(numbers)}Q", *numbers) +
                  rng.randbytes(PAGE * len(numbers)))


def stream(kind=2, seed=1, device_model=b""):
    """A stream of libxl's: @kind 1 is PV, 2 HVM or PVH."""
    rng = random.Random(seed)
    libxc = (b"\xff" * 8 + b"XENF" + struct.pack(">IHHI", 3, 0, 0, 0) +
             struct.pack("<IHHII", kind, 12, 0, 4, 17) +
             record(0x10) + pages(range(8), rng) + pages([2, 5], rng) +
             record(8, bytes(24)) + record(9, rng.randbytes(40)) +
             record(0xa, struct.pack("<II", 0, 0)) + record(0))
    end = record(3, struct.pack("<II", 2, 0) + device_model) \
        if device_model else b""
    return (b"LibxlFmt" + struct.pack(">II", 2, 0) + record(1) + libxc + end +
            record(0))


def memory(config, data):
    """memory.xl: xl's header, @config (text), the stream."""
    text = config.encode() + b"\0"
    return (b"Xen saved domain, xl format\n \0 \r".ljust(32, b"\0") +
            struct.pack("<4I", 0x01020304, 3, 0, len(text) + 4) +
            struct.pack("<I", len(text)) + text + data)


def header_of(path):
    """The configuration in a memory.xl, and what follows it."""
    data = path.read_bytes()
    assert data[:32] == b"Xen saved domain, xl format\n \0 \r"
    order, must, may, length = struct.unpack_from("<4I", data, 32)
    assert (order, must, may) == (0x01020304, 3, 0), "xl's header"
    size, = struct.unpack_from("<I", data, 48)
    return json.loads(data[52:52 + size].rstrip(b"\0")), data[48 + length:]


def libxl(name="web1", kind="pvh", disks=("xvda",), **more):
    """libxl's JSON as a dict; @more: members of it."""
    o = {
        "c_info": {"type": kind, "name": name, "uuid": UUID,
                   "run_hotplug_scripts": "True"},
        "b_info": {"max_vcpus": 2, "avail_vcpus": [0, 1],
                   "max_memkb": 262144, "target_memkb": 262144,
                   "sched_params": {}, "claim_mode": "True",
                   f"type.{kind}": {}},
        "disks": [{"pdev_path": f"/dev/vg/{d}", "vdev": d,
                   "backend": "phy" if d == "xvda" else "qdisk",
                   "format": "raw", "readwrite": 1} for d in disks],
        "nics": [{"devid": 0, "mac": "00:16:3e:01:02:03",
                  "nictype": "vif"}],
    }
    o.update(more)
    return o


def image(path, seed=0, size=3 * MIB + 512):
    """A raw disk with holes."""
    rng = random.Random(seed)
    with open(path, "wb") as f:
        f.truncate(size)
        for at in range(0, size - PAGE, 16 * PAGE):
            f.seek(at)
            f.write(rng.randbytes(PAGE))
    return path


def qcow2(path, **how):
    """A qcow2 image, as small as one can be: version 3, one cluster of each
    table, nothing in it.  @how: backing, incompatible, crypt, version."""
    head = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", how.get("version", 3),
        how.get("backing", 0), 16 if how.get("backing") else 0, 16, MIB,
        how.get("crypt", 0), 1, 3 << 16, 1 << 16, 1, 0, 0)
    head += struct.pack(">QQQII", how.get("incompatible", 0), 0, 0, 4, 104)
    data = bytearray(4 << 16)
    data[:len(head)] = head
    struct.pack_into(">Q", data, 1 << 16, 2 << 16)  # its refcount block
    for cluster in range(4):
        struct.pack_into(">H", data, (2 << 16) + 2 * cluster, 1)
    path.write_bytes(data)
    return path


def snapshot(folder, **more):
    """snapshot.json of what is in @folder."""
    disks = [{"vdev": p.name.partition(".")[0],
              "format": "raw" if p.suffix == ".img" else "qcow2",
              "driver": "thin", "source": "", "view": "",
              "bytes": p.stat().st_size, "cow_bytes": 0, "io_stall_ms": 1.5,
              "source_uuid": "", "view_uuid": ""}
             for p in sorted(folder.iterdir())
             if p.suffix in (".img", ".qcow2")]
    mem = folder / "memory.xl"
    o = {"format": 1, "snapshot": "web1@a", "domain": "web1", "name": "a",
         "domain_uuid": UUID, "generation": GENERATION,
         "created": "2026-01-02T03:04:05Z", "mode": "live", "type": "PVH",
         "xen_version": "4.17.5", "pause_ms": 3.5, "phases_ms": {"hold": 3.5},
         "memory_bytes": mem.stat().st_size if mem.exists() else 0,
         "disks": disks, "skipped_disks": []}
    o.update(more)
    (folder / "snapshot.json").write_text(json.dumps(o))
    return o


def sums(folder):
    """SHA256SUMS of all that is there."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    (folder / "SHA256SUMS").write_text("".join(
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n"
        for p in sorted(folder.iterdir())))


def export(folder, config=None, record_too=True, **more):
    """A whole one: a raw disk, a qcow2 one, memory.  @config: libxl's JSON."""
    folder.mkdir()
    image(folder / "xvda.img")
    qcow2(folder / "xvdb.qcow2")
    if config is None:
        config = libxl(disks=("xvda", "xvdb"))
    (folder / "memory.xl").write_bytes(
        memory(json.dumps(config, indent=1), stream()))
    (folder / "domain.cfg").write_text("name='web1'\n")
    if record_too:
        snapshot(folder, **more)
    sums(folder)
    return folder
