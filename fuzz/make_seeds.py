#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write the seeds of the fuzz targets: make_seeds.py FOLDER.

Each is what the decoder should accept, or nearly so: made from doc/format.md
and from what the programs in question print, not by xensnap itself.  What is in
corpus/ was made of them by fuzzing and merging (./dev fuzz --merge).
"""
import hashlib
import json
import pathlib
import struct
import sys

import zstandard

Z16, Z32 = bytes(16), bytes(32)
ID16, ID32 = bytes(range(16)), bytes(range(32))


def u8(*v):
    return bytes(v)


def u16(v):
    return struct.pack("<H", v)


def u32(v):
    return struct.pack("<I", v)


def u64(v):
    return struct.pack("<Q", v)


def text(s):
    raw = s.encode()
    return u16(len(raw)) + raw


# ---- the repository ----

def disk(vdev):
    return (text(vdev) + text("/dev/vg/" + vdev) + text("raw") + u64(1 << 30)
            + u8(2) + ID32 + u8(3) + text("table of the last view")
            + u64(1 << 20) + u64(1 << 16))


def backup(disks, memory=()):
    return (text("web1") + text("web1") + ID16 + ID16 + u8(1)
            + u64(1790000000) + u8(1) + ID32 + u32(900) + Z16
            + u16(len(disks)) + b"".join(map(disk, disks))
            + u8(len(memory)) + b"".join(map(disk, memory)))


def outcome(purpose, sequence, rest, parts=1):
    return (u8(1, purpose) + ID16 + text("host") + u64(sequence)
            + (Z32 if sequence == 1 else ID32) + u64(1790000001) + u32(parts)
            + ID32 * parts + u64(1 << 20) + u64(1 << 19) + rest)


def head(number, phase, condemned, removed):
    known = [bytes([i]) + Z16[1:] + ID32 for i in range(1, 4)]
    return (u64(number) + (Z32 if number == 1 else ID32) + u8(phase)
            + u64(1790000002) + u32(len(condemned)) + b"".join(condemned)
            + u32(1) + u32(0) + ID32 + u32(len(known)) + b"".join(known)
            + u32(len(removed)) + b"".join(removed))


def index_part(n):
    entries = [bytes([i]) + Z16[1:] + u32(0) + u32(128 + 100 * i)
               + u32(100 | i << 24) for i in range(n)]
    return u32(1) + u32(n) + ID32 + u64(8192) + b"".join(entries)


def blob(pieces, codec):
    """@pieces: (type, bytes)."""
    raw = b"".join(p for _, p in pieces)
    body = zstandard.ZstdCompressor(level=3).compress(raw) if codec else raw
    return (u8(codec, 0) + u16(len(pieces)) + u32(len(raw))
            + b"".join(u32(len(p) | t << 24) for t, p in pieces) + body)


def trailer(blobs):
    """@blobs: a list of lists of pieces, stored; ids that are none."""
    at, out = 128, u32(len(blobs))
    for pieces in blobs:
        length = len(blob(pieces, 0)) + 16
        out += u32(at) + u32(length) + u16(len(pieces))
        out += b"".join(u32(len(p) | t << 24) + ID32 for t, p in pieces)
        at += length
    return out


def slot(kind, kdf):
    cost = u32(3) + u32(262144) if kdf == 1 else u32(0) + u32(0)
    sealed = bytes(34 + 16 + 4)
    return (b"xsnapkey" + u16(1) + u8(kind, kdf) + Z16 + ID16 + cost + Z16
            + Z32 + bytes(24) + u16(len(sealed)) + sealed)


def key_file():
    raw = ID32 + hashlib.sha256(ID32).digest()[:4]
    digits = raw.hex()
    return ("xensnap-key-1 " + "-".join(
        digits[i:i + 8] for i in range(0, 72, 8)) + "\n").encode()


def record(kind):
    return (b"xsnaprec" + u16(1) + u8(kind, 1) + u32(0) + Z16 + Z32 + Z32
            + bytes(40))


PIECES = [(1, b"abc" * 40), (3, b"{}\0x"), (17, ID32 * 2)]


def repository():
    state = (b"xsnapsta" + ID16 + u64(2) + ID32 + u64(7) + ID32 + u32(2)
             + (ID16 + ID32) * 2)
    config = (b"xsnaprep" + u16(1) + u16(8) + u32(65536) + Z16
              + u64(1790000000) + bytes(8))
    outcomes = [u8(2), outcome(1, 1, backup([])), outcome(2, 2, b"", 2),
                outcome(1, 3, backup(["xvda", "xvdb"])),
                outcome(1, 4, backup(["xvda"], ["memory", "frame"]))]
    heads = [head(1, 0, [], []),
             head(9, 1, [u8(1) + ID32, u8(2) + ID32], [b"\xf0" * 16]),
             head(10, 2, [u8(1) + ID32], [])]
    parts = [index_part(0), index_part(5)]
    blobs = [blob(PIECES, 0), blob(PIECES, 1), blob([(1, bytes(4096))], 1)]
    session = ID16 + text("host") + u64(1790000000)
    inside = [u8(1) + ID32 + text("the laptop"),
              u8(2) + u32(5) + ID32 * 4 + text("")]
    pack = [u8(4 | 1) + u16(len(b)) + b for b in blobs]
    pack.append(u8(2) + b"".join(u16(len(b)) + b for b in blobs[:1] * 2)
                + trailer([PIECES, PIECES]))
    pack.append(u8(8 | 4) + u32(128) + u32(20))
    return {
        "blob": blobs,
        "config": [config + Z32],
        "head": heads,
        "index": parts,
        "map": [u8(0) + u16(40) + u8(7, 0, 3, 1, 2, 3, 1, 16) + u8(1) * 16
                + u8(1, 8) + u8(1, 0) * 4 + u8(2, 3, 2, 2, 3),
                u8(1) + u16(5) + u8(0, 0, 9) + bytes(9)
                + u8(1, 6, 1, 0, 1, 255, 1, 1)],
        "objects": [u8(0) + session + u8(1), u8(0) + session + u8(2),
                    u8(1) + outcomes[3], u8(2) + heads[1],
                    u8(3) + Z16 + ID16 + u64(1790000000), u8(4) + parts[1]],
        "outcome": outcomes,
        "pack": pack,
        "press": [u16(120) + zstandard.ZstdCompressor().compress(b"abc" * 40),
                  u16(4096) + zstandard.ZstdCompressor().compress(bytes(4096))],
        "record": [record(k) for k in range(1, 6)]
                  + [b"xsnappck" + u16(1) + u8(1, 0) + u32(0) + Z16 + Z32 * 3],
        "run": [u16(n) + index_part(n)[48:] for n in (0, 5, 146, 150)],
        "slot": [slot(1, 1), slot(2, 2), key_file(), *inside],
        "state": [state, state[:-96].replace(u32(2), u32(0)), ID32 * 3 + ID16],
    }


# ---- the host ----

def snapshot(mode, disks, **more):
    return json.dumps({
        "format": 1, "snapshot": "web1@before", "domain": "web1",
        "name": "before", "domain_uuid": "60ecfbd9-bbc8-4617-9468-30d677b417de",
        "generation": "a3b1c2d4-0000-4000-8000-000000000001",
        "created": "2026-11-22T20:35:13Z", "mode": mode, "type": "PVH",
        "xen_version": "4.17.7", "pause_ms": 43.125,
        "phases_ms": {"hold": 3.2, "memory": 39.925}, "memory_bytes": 4096,
        "disks": [{
            "vdev": d, "format": "raw", "driver": "classic",
            "source": "/dev/vg/" + d, "view": "/dev/vg/" + d + ".xs-before",
            "bytes": 1 << 30, "cow_bytes": 1 << 28, "io_stall_ms": 50.5,
            "source_uuid": "s", "view_uuid": "v"} for d in disks],
        "skipped_disks": ["xvdz"], **more}).encode()


BEGIN = {"step": "begin", "generation": "g", "uuid": "u", "domid": 5,
         "boot_id": "b", "monitor_pid": 77, "monitor_start": 1234}
VIEW = {"step": "view", "driver": "thin", "source": "/dev/vg/a",
        "source_uuid": "s", "view": "/dev/vg/a.xs-b", "bytes": 4096,
        "cow_bytes": 0, "device": "vg-a"}


def journal(*steps, torn=""):
    lines = [json.dumps(s if isinstance(s, dict) else {"step": s})
             for s in steps]
    return ("".join(line + "\n" for line in lines) + torn).encode()


XL_JSON = {
    "c_info": {"type": "hvm", "name": "a'b\"c\\d",
               "uuid": "60ecfbd9-bbc8-4617-9468-30d677b417de"},
    "b_info": {"max_vcpus": 4, "avail_vcpus": [0, 1],
               "vcpu_hard_affinity": [[1, 2], [1, 3]], "max_memkb": 262144,
               "target_memkb": 131072, "extra": ["-k", "de, ch"],
               "sched_params": {"weight": 512}, "cmdline": "a \"b\"\tend",
               "device_model_version": "qemu_xen", "numa_placement": "True",
               "type.hvm": {"bios": "seabios", "vga": {"kind": "std"},
                            "vnc": {"enable": "True", "display": 3},
                            "serial_list": ["pty", "null"],
                            "acpi_s3": "False", "ms_vm_genid": [0, 1]}},
    "disks": [{"pdev_path": "/dev/vg/a", "vdev": "xvda", "format": "raw",
               "readwrite": 1, "discard_enable": "True"},
              {"pdev_path": "/dev/vg/b", "vdev": "xvdb", "format": "raw",
               "readwrite": 1},
              {"pdev_path": "/srv/a b.iso", "vdev": "xvdc", "format": "raw",
               "removable": 1, "is_cdrom": 1}],
    "nics": [{"devid": 0, "mac": "00:16:3e:01:02:03", "bridge": "xenbr0",
              "nictype": "vif_ioemu", "rate_bytes_per_interval": 50000,
              "rate_interval_usecs": 50000, "trusted": "True"}],
    "vfbs": [{"devid": 0, "vnc": {"enable": "True", "listen": "::1"},
              "keymap": "de"}],
    "on_reboot": "restart_rename", "something": [{"new": {"x": 1}}]}
XL_SMALL = {"c_info": {"type": "pv", "name": "n"}, "b_info": {"max_vcpus": 1},
            "disks": [{"vdev": "xvda", "readwrite": 1}]}

XL_TEXT = b"""name = "web1"
# a comment
type = 'pvh'
uuid = "60ecfbd9-bbc8-4617-9468-30d677b417de"
memory = 512
disk = [ '/dev/vg/a,raw,xvda,rw', "format=qcow2, vdev=xvdb, access=w, \\
  target=/srv/b.qcow2", 'phy:/dev/vg/c,hdc:cdrom,r' ]
vif = [ 'mac=00:16:3e:01:02:03,bridge=xenbr0' ]; on_crash = "destroy"
"""

REPORT = {"report": [{"lv": [
    {"vg_name": "vg", "lv_name": "a", "lv_uuid": "u1", "vg_uuid": "g",
     "origin": "", "lv_layout": "linear", "lv_role": "public",
     "lv_attr": "owi-aos---", "lv_tags": "", "lv_size": "1073741824",
     "vg_extent_size": "4194304", "vg_size": "9", "vg_free": "8"},
    {"vg_name": "vg", "lv_name": "[a.xs-b]", "lv_uuid": "u2", "vg_uuid": "g",
     "origin": "[a]", "origin_uuid": "u1", "lv_attr": "swi-a-s---",
     "lv_tags": "other,xensnap,xensnap:domain=w,xensnap:generation=g",
     "lv_size": "1073741824", "thin_id": "7"}],
    "vg": [{"vg_name": "vg", "vg_uuid": "g", "vg_free": "12"}]}]}

DELTA = """<superblock uuid="" time="1" transaction="2" data_block_size="128" \
nr_data_blocks="0">
  <diff left="1" right="2">
    <same begin="0" length="5"/>
    <different begin="5" length="1"/>
    <left_only begin="7" length="2"/>
    <right_only begin="9" length="100"/>
  </diff>
</superblock>
"""


def qcow2(version, backing=0, flags=0):
    return (b"QFI\xfb" + struct.pack(">IQIIQIIQQIIQ", version, backing, 0, 16,
                                     1 << 30, 0, 1, 196608, 65536, 1, 0, 0)
            + struct.pack(">QQQII", flags, 0, 0, 4, 104))


def save(config, libxc, end=bytes(8)):
    stream = (b"LibxlFmt" + struct.pack(">II", 2, 0) + u32(1) + u32(0)
              + b"\xff" * 8 + b"XENF" + struct.pack(">IHHI", 3, 0, 0, 0)
              + struct.pack("<IHHII", 2, 12, 0, 4, 17) + libxc + bytes(8))
    return (b"Xen saved domain, xl format\n \0 \r" + u32(0x01020304) + u32(3)
            + u32(0) + u32(len(config) + 5) + u32(len(config) + 1) + config
            + b"\0" + stream + end)


def frame(before, behind, types):
    parts = before + behind
    return (b"xs-frame" + u32(1) + u32(0) + u64(len(before))
            + u64(len(behind)) + u64(len(types)) + bytes(4096 - 40) + parts
            + bytes(-len(parts) % 4096) + types)


def pages(*entries):
    data = b"".join(bytes([n]) * 4096 for n, kind in entries if kind < 13)
    body = (u32(len(entries)) + u32(0)
            + b"".join(u64(n | kind << 60) for n, kind in entries) + data)
    return u32(1) + u32(len(body)) + body


WHOLE = save(b"{}", u32(0x10) + u32(0))
SUM = b"0" * 64 + b"  "
HOSTILE = {
    "c_info": {"type": "hvm", "name": "a", "pool_name": "x"},
    "b_info": {"max_vcpus": 2, "kernel": "/x", "type.hvm": {
        "boot": "cd", "serial": "file:/x", "usbdevice_list": ["tablet"]}},
    "disks": [{"vdev": "xvda", "readwrite": 1, "script": "evil"},
              {"vdev": "hdc", "is_cdrom": 1, "pdev_path": "/x"}],
    "nics": [{"mac": "00:16:3e:01:02:03", "script": "x", "model": "e1000"}],
    "on_crash": "preserve", "pcidevs": [{"a": 1}]}
HOSTILE_FILE = b"""name='a'
type='pvh'
memory=256
kernel='/x'
disk=['/dev/x,raw,xvda,w','/y,,hdc:cdrom,r']
vif=['mac=00:16:3e:00:00:01,bridge=x']
"""


JOB = """# nightly
domains = web* db1 mail[0-9]
except = *-test
repository = /srv/backup
passphrase-file = /root/pass
mode = disks-only
copy = yes
cow-size = 20%
every = 6h
between = 22:00-06:00
verify = 7d
keep-last = 3
keep-hourly = 24
keep-daily = 7
keep-weekly = 4
keep-monthly = 12
keep-yearly = 0
"""


def cow(fill, exceptions, chunk=8, valid=1):
    return (u32(0x70416e53) + u32(valid) + u32(1) + u32(chunk) + u16(2000)
            + u16(fill) + b"".join(u64(o) + u64(n) for o, n in exceptions))


def extents(*e):
    return u8(40, 50) + b"".join(u8(g, n, p) + u32(f) for g, n, p, f in e)


def host():
    shared = (0, 3, 9, 0x2000)
    return {
        "snapshot": [snapshot("live", ["xvda", "xvdb"]),
                     snapshot("disks", ["xvda"], quiesced="frozen"),
                     snapshot("offline", [])],
        "journal": [journal(BEGIN, VIEW, "instant", "resumed", "commit"),
                    journal(BEGIN, VIEW, VIEW, "hold", "pause", "undo",
                            torn='{"step": "comm'),
                    journal(BEGIN, "instant", "rebuild")],
        "xl_json": [json.dumps(XL_JSON).encode(),
                    json.dumps(XL_SMALL).encode()],
        "xl_text": [XL_TEXT, b'name="a"\n', b"name='a'\ndisk=['/a,raw,hda']"],
        "qcow2": [qcow2(2), qcow2(3), qcow2(3, 1), qcow2(3, 0, 2)],
        "save": [save(b'{"a":1}', u32(0x10) + u32(0)),
                 save(b"", u32(1) + u32(16) + u32(1) + u32(0)
                      + u64(15 << 60), u32(3) + u32(8) + bytes(16))],
        "memory": [
            save(b"{}", pages((1, 0), (2, 0), (5, 15)) + u32(8) + u32(3)
                 + bytes(8) + pages((2, 0), (1, 15))),
            save(b"{}", pages((3, 0)) + u32(13) + u32(0) + pages((4, 0))),
            frame(WHOLE[:-48], WHOLE[-48:], bytes([1, 0, 16, 1])),
            frame(WHOLE, b"", b"")],
        "sums": [SUM + b"xvda.img\n" + SUM[:-1] + b"*memory.xl\n",
                 SUM + b"../x\n", SUM + b"a\n" + SUM + b"a\n"],
        "jobs": [JOB.encode(), b"domains=a\nrepository=/r\nkey-file=/k\n",
                 JOB.replace("22:00", "2:0").encode(), b"a = b\n"],
        "xl_safe": [json.dumps(HOSTILE).encode(), HOSTILE_FILE],
        "cow": [cow(3, [(9, 5)]), cow(256, [(1, 259)]), cow(0, []),
                cow(40, [(3, 44)], 128)],
        "thin_delta": [DELTA.encode(), b"0.9.0\n", b"thin_delta 1.0.4",
                       DELTA.replace("<left", "<!--").encode()],
        "extent": [extents(shared, shared, (1, 4, 20, 0x2000), (2, 3, 7, 0)),
                   extents(shared, shared, (0, 5, 8, 0x800), (0, 2, 3, 0x8))],
        "lvm": [json.dumps(REPORT).encode(), b'{"report":[{"lv":[]}]}',
                b"xensnap,xensnap:domain=a,xensnap:vdev=b", b"/dev/vg/lv-0",
                b"LVM-" + b"0123456789abcdefghijklmnopqrstuv" * 2],
        "dm": [b"\0" + s for s in (b"16/32768 16", b"Invalid", b"Overflow")]
              + [b"\1" + s for s in (b"2048 4095", b"Fail")]
              + [b"\2" + s for s in (
                  b"7 25/1024 100/2000 - rw discard_passdown "
                  b"queue_if_no_space - 1024", b"Fail",
                  b"7 25/1024 100/2000 9 out_of_data_space no_discard "
                  b"error_if_no_space needs_check 1024")],
        "guest": [b"freezing n-1", b"frozen n-1 2 1", b"thawed n-1",
                  b"failed n-1 /mnt: Input/output error",
                  b"36 35 98:0 / /mnt\\040x rw - ext3 /dev/root rw\n"
                  b"22 1 0:21 / / ro shared:1 - btrfs /dev/vda rw,x\n"],
        "opts": [u8(v) + "\n".join(w).encode() for v in range(14) for w in (
            ["web1@before", "--json", "-v"],
            ["--help"], ["--", "a", "/r"],
            ["a", "b", "--key-file=/k", "--name", "x", "--mode", "live"],
            ["--stop", "--rebuild", "--cow-size=5%", "web1"])],
        "names": [s.encode() for s in (
            "sessions/" + "0f" * 16, "heads/" + "01" * 8,
            "packs/ab/" + "ab" * 32, "keys/" + "cd" * 16 + "-2", "0a" * 16,
            "60ecfbd9-bbc8-4617-9468-30d677b417de", "web1@before", "web1",
            "xvda,xvdb", "a/../b")],
        "text": [b"\x20plain", b"\x05\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                 b"\x10a\x1b[0m\xe2\x80\xae\xff", b"\x08512MiB", b"\x085G",
                 b"\x0818446744073709551615"],
    }


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_seeds.py FOLDER")
    for name, seeds in {**repository(), **host()}.items():
        folder = pathlib.Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for n, seed in enumerate(seeds):
            (folder / f"seed-{n}").write_bytes(seed)


main()
