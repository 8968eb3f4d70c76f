# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile host can do to an export: each function does one of it to the
folder place.out, as @rng has it, and returns True when that must be refused."""
import hashlib
import json
import os
import pathlib
import socket
import stat
import struct

from importworld import (image, libxl, memory, pages, qcow2, record, snapshot,
                         stream, sums)


def files(place):
    return sorted(p for p in place.out.iterdir())


def again(place, rng, less=0.3):
    """Sums that are right again, mostly; or no sums."""
    if rng.random() < less / 2:
        (place.out / "SHA256SUMS").unlink(missing_ok=True)
    elif rng.random() > less / 2:
        sums(place.out)


def flip(path, rng):
    data = bytearray(path.read_bytes())
    at = rng.randrange(min(len(data), rng.choice((200, 3000, len(data)))))
    data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def bit_flipped(place, rng):
    """In any file, and its sum tells."""
    flip(rng.choice(files(place)), rng)
    return True


def bit_flipped_in_all(place, rng):
    """The sums are those of the damage."""
    for _ in range(rng.randrange(1, 5)):
        flip(rng.choice([p for p in files(place)
                         if p.name != "SHA256SUMS"]), rng)
    again(place, rng)


def cut(place, rng):
    """Shorter, or longer."""
    path = rng.choice(files(place))
    size = path.stat().st_size
    os.truncate(path, rng.choice((0, size // 2, size - 1, size + 1,
                                  size + 512, rng.randrange(size))))
    if path.name != "SHA256SUMS":
        again(place, rng)
        return path.name in ("xvda.img", "memory.xl")
    return True


def swapped(place, rng):
    """One in place of another."""
    a, b = rng.sample(files(place), 2)
    x = a.read_bytes()
    a.write_bytes(b.read_bytes())
    b.write_bytes(x)
    if "SHA256SUMS" in (a.name, b.name):
        return True
    again(place, rng)
    return "domain.cfg" not in (a.name, b.name)


def no_file(place, rng):
    """Something else has the name of one."""
    path = rng.choice(files(place))
    secret = rng.choice([place.canary / "secret", place.canary,
                         pathlib.Path("/etc/passwd"),
                         pathlib.Path("../canary/secret"),
                         pathlib.Path("/dev/zero"), path])
    path.unlink()
    kind = rng.choice(("link", "link", "fifo", "socket", "folder", "char",
                       "block"))
    if kind in ("char", "block") and os.geteuid() != 0:
        kind = "fifo"
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path.name)
        os.chdir(here)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mknod(path, 0o600 | (stat.S_IFCHR if kind == "char" else
                                stat.S_IFBLK),
                 os.makedev(1, 5) if kind == "char" else os.makedev(7, 0))
    return True


def hard_link(place, rng):
    """A file that is somebody else's too: it is read, and that is all."""
    name = rng.choice(("xvda.img", "xvda.img", "memory.xl", "domain.cfg"))
    (place.out / name).unlink()
    os.link(place.canary / "secret", place.out / name)
    snapshot(place.out)
    sums(place.out)
    return name == "memory.xl"


def huge(place, rng):
    """A hole that is larger than any disk, or than this host."""
    path = place.out / rng.choice(("xvda.img", "xvdb.qcow2", "memory.xl",
                                   "snapshot.json", "SHA256SUMS"))
    size = rng.choice((1 << 28, (64 << 40) + 1, 1 << 50, (1 << 62)))
    os.truncate(path, size)
    if size == 1 << 28 and path.name == "xvda.img":
        (place.out / "SHA256SUMS").unlink()
        snapshot(place.out)
        return False
    return True


def odd_names(place, rng):
    """Files that are none of an export."""
    name = rng.choice((
        "a\nb.img", "..img", ".img", "-rf.img", "x" * 200 + ".img",
        "xvdz.img", "xvda.img ", "\x1b[2J.img", "domain.cfg.bak", "\xff.img",
        "a;reboot.img", "$(reboot).img", "xvda.IMG", "...qcow2", " ",
        "memory.xl.img", "journal", ".lock", "snapshot.json.new",
        "xvda.qcow2")).encode("latin1")
    with open(os.path.join(os.fsencode(place.out), name), "wb") as f:
        f.write(b"x")
    if rng.random() < 0.5:
        with open(place.out / "SHA256SUMS", "ab") as f:
            f.write(hashlib.sha256(b"x").hexdigest().encode() + b"  " + name +
                    b"\n")
    return True


def odd_sums(place, rng):
    """SHA256SUMS that sha256sum would not have written so."""
    path = place.out / "SHA256SUMS"
    lines = path.read_text().splitlines(True)
    i = rng.randrange(len(lines))
    line = lines[i]
    empty = hashlib.sha256(b"").hexdigest()
    change = rng.choice((
        lambda: lines.append(line), lambda: lines.pop(i),
        lambda: lines.append(f"{empty}  ../canary/secret\n"),
        lambda: lines.append(f"{empty}  /etc/passwd\n"),
        lambda: lines.append(f"{empty}  a\\nb\n"),
        lambda: lines.append("\\" + line),
        lambda: lines.append("# a comment\n"), lambda: lines.append("\n"),
        lambda: lines.__setitem__(i, line.upper()),
        lambda: lines.__setitem__(i, line[:-1] + "\r\n"),
        lambda: lines.__setitem__(i, line.replace("  ", " ")),
        lambda: lines.__setitem__(i, line.replace("  ", "\t")),
        lambda: lines.__setitem__(i, line[1:]),
        lambda: lines.__setitem__(i, "0" * 64 + line[64:]),
        lambda: lines.__setitem__(i, line[:-1] + "\0\n"),
        lambda: lines.__setitem__(-1, lines[-1][:-1]),
        lambda: lines.append(f"{empty}  SHA256SUMS\n"),
        lambda: lines.append(f"{empty}  " + "x" * 5000 + "\n"),
        lambda: lines.extend(f"{empty}  x{k}\n" for k in range(900)),
        lambda: lines.clear()))
    change()
    path.write_text("".join(lines))
    return True


EVIL = ("/tmp/evil", "evil", "../../canary/x", "a\nb", "x,y=z", "\x1b[31m",
        "file:/etc/passwd", "", "True", "0.0.0.0", "'; reboot #", "\u202e",
        -1, 1 << 40, 1e308, None, True, [], {}, ["-device", "x"],
        [{"first": 0}], {"kind": "evil"}, [[["x"]]])
MEMBERS = (
    "kernel ramdisk cmdline bootloader bootloader_args device_model extra "
    "extra_pv extra_hvm device_model_user stubdomain_kernel device_tree "
    "blkdev_start ioports iomem irqs cpuid max_vcpus avail_vcpus max_memkb "
    "tsc_mode timer_mode event_channels max_grant_frames acpi apic dm_restrict "
    "device_model_version vnuma_nodes sched_params").split()
TYPED = (
    "firmware system_firmware serial serial_list boot usbdevice usbdevice_list "
    "soundhw keymap vga vnc sdl spice gfx_passthru bios hdtype ms_vm_genid rdm "
    "viridian viridian_enable pvshim pvshim_path kernel bootloader").split()
DISK = ("script backend backend_domname backend_domid pdev_path format vdev "
        "readwrite is_cdrom removable direct_io_safe discard_enable trusted "
        "colo_host specification").split()
NIC = ("script bridge ifname backend_domname model mac ip gatewaydev devid mtu "
       "nictype vlan coloft_forwarddev trusted").split()


def inject(o, rng):
    """One member more, or another."""
    where = rng.randrange(7)
    value = rng.choice(EVIL)
    if where == 0:
        o["b_info"][rng.choice(MEMBERS)] = value
    elif where == 1:
        kind = next(k for k in o["b_info"] if k.startswith("type."))
        o["b_info"][kind][rng.choice(TYPED)] = value
    elif where == 2:
        rng.choice(o["disks"])[rng.choice(DISK)] = value
    elif where == 3:
        rng.choice(o["nics"])[rng.choice(NIC)] = value
    elif where == 4:
        o["c_info"][rng.choice(("name", "uuid", "type", "pool_name", "xsdata",
                                "driver_domain", "ssid_label", "domid",
                                "passthrough"))] = value
    elif where == 5:
        o[rng.choice(("pcidevs", "usbdevs", "channels", "vtpms", "p9s", "rdms",
                      "vfbs", "vkbs", "on_crash", "on_reboot", "disks", "nics",
                      "b_info", "c_info", "\x1b", "a/b"))] = value
    else:
        o["disks"].append({"vdev": value, "pdev_path": "/etc/shadow",
                           "readwrite": rng.randrange(2),
                           "format": rng.choice(("raw", "qcow2", "empty"))})


def put_memory(place, text, data=None):
    (place.out / "memory.xl").write_bytes(memory(text, data or stream()))
    snapshot(place.out)


def config_injected(place, rng):
    """xl would run, open or hand out what this says."""
    o = libxl(disks=("xvda", "xvdb"), kind=rng.choice(("pvh", "hvm")))
    for _ in range(rng.randrange(1, 8)):
        try:
            inject(o, rng)
        except (TypeError, AttributeError, KeyError, IndexError,
                StopIteration):
            pass  # an earlier one has left nothing to put it into
    put_memory(place, json.dumps(o))
    if rng.random() < 0.8:
        snapshot(place.out, type="HVM" if "type.hvm" in str(o) else "PVH")
    sums(place.out)


def xl_file_injected(place, rng):
    """The same of a domain that did not run."""
    for name in ("memory.xl", "xvdb.qcow2"):
        (place.out / name).unlink()
    evil = [
        "kernel='/tmp/evil'", "bootloader='/tmp/evil'", "serial='file:/x'",
        "device_model_override='/tmp/evil'", "device_model_args=['-x']",
        "pci=['01:00.0']", "extra='x'", "vfb=['vnc=1,vnclisten=0.0.0.0']",
        "vif=['script=evil,bridge=x,mac=00:16:3e:00:00:01,model=a']",
        "vif=['mac=\"x']", "channel=['connection=socket,path=/x']",
        "on_crash='coredump-restart'", "usbdevice='host:1.2'", "memory=-5",
        "memory=99999999999999999999", "vcpus='0x10'", "uuid='zz'",
        "type='evil'", "builder='hvm'", "boot='/x'", "usbdev=['x']",
        "name='../../canary'", "name='a\\nb'", "name=[ 'x' ]", "\x01=3",
        "disk=['/dev/x,raw,xvda,w,script=evil']", "[" * 3000,
        "disk=['script=evil,vdev=xvda,target=x']", "x='" + "y" * 100000 + "'",
        "disk=['format=qcow2,vdev=xvda,backendtype=tap,target=/x']",
        "disk=['/etc/shadow,raw,../../x,w']", "disk='x'", "disk=[[['x']]]",
        "iomem=['f0000,1']", "ioports=['3f8-3ff']", "irqs=[1]", "a;b;c",
        "soundhw='x,y'", "keymap='/etc/passwd'", "xen_platform_pci='2'"]
    lines = ["name='web1'", "type='pvh'", "memory=256",
             "disk=['/dev/vg/x,raw,xvda,w']"]
    for _ in range(rng.randrange(1, 5)):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(evil))
    (place.out / "domain.cfg").write_text(
        rng.choice(("\n", "\n", ";", "\r\n")).join(lines) +
        rng.choice(("\n", "", "\\")))
    snapshot(place.out, mode="offline", domain_uuid="", xen_version="")
    if rng.random() < 0.3:
        (place.out / "snapshot.json").unlink()
    sums(place.out)


def json_bomb(place, rng):
    """What is small to write and large to read."""
    good = json.dumps(libxl(disks=("xvda", "xvdb")))
    text = rng.choice((
        "[" * 100000, '{"a":' * 50000, "[" * 31 + "]" * 31,
        "[" + "[]," * 300000 + "[]]", good[:-1] + ',"disks":[]}',
        good[:-1] + ',"x":"' + "\\u0000" * 1000 + '"}', good + good,
        good[:-1] + ',"c_info":{"type":"pvh","name":"../x"}}',
        "1e99999", '"' + "a" * 900000 + '"', good[:-1] + ',"x":1e999}',
        good.replace("262144", "9" * 400), good.replace("262144", "-1"),
        json.dumps(libxl(disks=[f"xvd{i}" for i in range(5000)])),
        json.dumps(libxl(nics=[{"devid": i} for i in range(9000)])),
        good.replace("xvda", "xv\\u0000da"), good.replace("web1", "\\ud800"),
        good[:-1] + "," + ",".join(f'"k{i}":1' for i in range(20000)) + "}",
        good.replace('"vif"', '"vif\\u0000evil"'),
        good.replace('"pvh"', '"pvh\\u0000"'), "\ufeff" + good, good.replace(":", "=", 1), "nul", "", "NaN",
        good + " " * (1 << 20)))
    if rng.random() < 0.5:
        put_memory(place, text)
    else:
        (place.out / "snapshot.json").write_text(text)
    sums(place.out)


def bad_qcow2(place, rng):
    """An image that leads elsewhere."""
    qcow2(place.out / "xvdb.qcow2",
          **rng.choice(({"backing": 300}, {"backing": 1 << 60},
                        {"incompatible": 4}, {"incompatible": 2},
                        {"crypt": 1}, {"crypt": 2}, {"version": 1},
                        {"version": 4}, {"version": 0})))
    snapshot(place.out)
    sums(place.out)
    return True


def odd_record(place, rng):
    """snapshot.json that create would not have written."""
    o = json.loads((place.out / "snapshot.json").read_text())
    for _ in range(rng.randrange(1, 4)):
        which = rng.choice([*o, "disks", "quiesced", "memory_sum", "imported",
                            "origin"])
        if which == "disks" and o.get("disks") and isinstance(
                o["disks"], list):
            d = rng.choice(o["disks"])
            d[rng.choice(("vdev", "format", "driver", "source", "view",
                          "bytes", "source_uuid", "io_stall_ms"))] = \
                rng.choice((*EVIL, str(place.canary / "secret"), 10 ** 30))
        else:
            o[which] = rng.choice((
                *EVIL, "../x", "a@b", "x" * 5000, 2, float("nan"),
                [{"vdev": "x"}] * 100, "9999-99-99T99:99:99Z", "offline",
                "disks", "live", {f"p{i}": 1 for i in range(20)}))
    (place.out / "snapshot.json").write_text(json.dumps(o))
    sums(place.out)


def odd_header(place, rng):
    """xl's own header in another shape."""
    data = bytearray(stream())
    good = bytearray(memory(json.dumps(libxl(disks=("xvda", "xvdb"))), data))
    value = rng.choice((0, 1, 2, 4, 7, 0x7fffffff, 0x80000000, 0xffffffff,
                        0xfffffffc, len(good), len(good) - 48, 1 << 20,
                        rng.randrange(1 << 32)))
    at = rng.choice((0, 31, 32, 36, 44, 48, 52))
    good[at:at + 4] = struct.pack("<I", value)
    (place.out / "memory.xl").write_bytes(good)
    snapshot(place.out)
    sums(place.out)


def odd_stream(place, rng):
    """A stream that no save has written."""
    good, image_ = stream(), b"\xff" * 8 + b"XENF" + struct.pack(
        ">IHHI", 3, 0, 0, 0) + struct.pack("<IHHII", 2, 12, 0, 4, 17)
    head = b"LibxlFmt" + struct.pack(">II", 2, 0)
    inner = pages(range(3), rng)
    at = rng.randrange(0, len(good), 4)
    data = rng.choice((
        head, head + record(0), head + record(1), head + record(1) + image_,
        head + record(1) + image_ + record(0) + record(1) + image_ +
        record(0) + record(0),
        head + record(1) + image_ + inner + record(0),
        head + record(1) + image_ + record(0x13) + record(0) + record(0),
        head + record(1) + image_ + record(0xe) + record(0) + record(0),
        head + record(1) + image_ + record(0xb) + record(0) + record(0),
        head + record(1) + image_ + record(1) + record(0) + record(0),
        head + record(1) + image_ + record(0, b"x" * 8) + record(0),
        head + record(1) + image_ + struct.pack(
            "<II", 1, 0xffffffff) + bytes(64),
        head + record(1) + image_ + record(1, struct.pack(
            "<II", 0xffffffff, 0)) + record(0) + record(0),
        head + record(1) + image_ + record(0) + record(4) + record(0),
        head + record(1) + image_ + record(0) + record(9) + record(0),
        stream(1), good + b"x", good[:-1], good[8:], b"", bytes(4096),
        head.replace(b"\x02", b"\x01") + good[16:],
        good.replace(b"XENF", b"XENG"),
        good[:at] + struct.pack("<I", rng.choice((
            0xffffffff, 0x08000001, 0x80000000, 1, 5))) + good[at + 4:]))
    put_memory(place, json.dumps(libxl(disks=("xvda", "xvdb"))), data)
    sums(place.out)


def other_disks(place, rng):
    """Disks and configuration that do not belong together."""
    change = rng.choice((
        lambda: image(place.out / "xvdz.img"),
        lambda: (place.out / "xvda.img").unlink(),
        lambda: image(place.out / "xvdb.img"),
        lambda: put_memory(place, json.dumps(libxl(disks=("xvda",)))),
        lambda: put_memory(place, json.dumps(libxl(
            disks=("xvda", "xvdb", "xvdc")))),
        lambda: put_memory(place, json.dumps(libxl(
            disks=("xvda", "xvdb", "xvdb")))),
        lambda: put_memory(place, json.dumps(libxl(
            disks=("xvda", "xvdb", "../canary/below/disk")))),
        lambda: (place.out / "memory.xl").unlink()))
    change()
    sums(place.out)
    return True


KINDS = (bit_flipped, bit_flipped_in_all, cut, swapped, no_file, hard_link,
         huge, odd_names, odd_sums, config_injected, config_injected,
         xl_file_injected, xl_file_injected, json_bomb, bad_qcow2, odd_record,
         odd_header, odd_stream, other_disks)
