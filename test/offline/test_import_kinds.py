#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""import of exports of all kinds: with and without a record, sums and memory; what
is left out of a configuration, and what is refused, is said."""
import json
import os
import shutil

from importcheck import DISKS, exported, imported, places, same
from importworld import (GENERATION, MIB, UUID, export, header_of, image,
                         libxl, memory, qcow2, snapshot, stream, sums)
from offline import config
from simcheck import one_line, run_cases
from simhost import Host


def by_hand():
    """xl save's file and the disks, and nothing else: with what is known."""
    with Host() as host:
        out = export(host.dir / "out", record_too=False)
        (out / "SHA256SUMS").unlink()
        one_line(host.run("import", str(out), "--need-sums"), 1, "SHA256SUMS")
        here, folder = imported(host, out, "web1@x", status=3)
        assert here["mode"] == "stop" and here["origin"] == "", here
        assert here["created"] == here["imported"] and not here["sums"]
        assert here["domain_uuid"] == UUID and here["type"] == "PVH"
        assert header_of(folder / "memory.xl")[1] == stream()
        # A disk of it is missing: it counts as left out.
        (out / "xvdb.qcow2").unlink()
        here, folder = imported(host, out, "web1@y", status=3)
        assert here["skipped_disks"] == ["xvdb"], here
        one_line(host.run("revert", "web1@y"), 1, "left out")


def older():
    """What export wrote before it wrote a record, comes back too."""
    with Host() as host:
        out = exported(host)
        (out / "snapshot.json").unlink()
        sums(out)
        here, folder = imported(host, out, "web1@b")
        assert here["mode"] == "stop" and here["sums"], here
        assert here["domain_uuid"] == json.loads(
            host.run("show", "web1@a", "--json").out)["domain_uuid"]
        assert GENERATION not in (folder / "snapshot.json").read_text()
        one_line(host.run("import", str(out), "--dry-run", "web1@a"), 1,
                 "already")
        o = json.loads(host.run("import", str(out), "--dry-run",
                                "--json").out)
        assert len(o["name"]) == len("20261122-203513"), o

HOSTILE = {
    "kernel": "/boot/vmlinuz", "ramdisk": "/boot/initrd", "cmdline": "x",
    "bootloader": "/tmp/evil", "bootloader_args": ["a"],
    "device_model": "/tmp/evil", "device_model_user": "root",
    "extra": ["-device", "x"], "extra_pv": ["x"], "extra_hvm": ["y"],
    "stubdomain_kernel": "/x", "device_tree": "/x", "blkdev_start": "xvda",
    "ioports": [{"first": 0, "number": 16}], "irqs": [1],
    "iomem": [{"start": 0, "number": 1}], "cpuid": [{"leaf": 1}],
    "nested_hvm": "True", "vpmu": "True", "altp2m": "mixed",
}


def hostile_config():
    """libxl's JSON with all that runs programs or opens files."""
    o = libxl(kind="hvm", disks=("xvda", "xvdb", "xvdc"))
    o["c_info"].update(driver_domain="True", ssid_label="system_u",
                       xsdata=[{"vm-data/x": "y"}], pool_name="other")
    o["b_info"].update(HOSTILE)
    o["b_info"]["type.hvm"].update(
        firmware="/x", system_firmware="/x", smbios_firmware="/x",
        acpi_firmware="/x", serial="file:/etc/passwd",
        serial_list=["pipe:/x"], usbdevice="host:1.2",
        usbdevice_list=["tablet", "host:1"], soundhw="ac97,x", boot="cd",
        keymap="/etc/passwd", gfx_passthru="True", bios="seabios",
        vga={"kind": "std"}, ms_vm_genid=list(range(16)),
        vnc={"enable": "True", "listen": "0.0.0.0", "passwd": ""},
        spice={"enable": "True", "host": "0.0.0.0"},
        sdl={"enable": "True", "xauthority": "/root/.Xauthority"},
        rdm={"strategy": "host"})
    o["disks"][0].update(script="evil", backend_domname="evil",
                         colo_host="x")
    o["disks"][2].update(pdev_path="/etc/shadow", readwrite=0)
    o["disks"].append({"vdev": "hdc", "pdev_path": "/etc/shadow",
                       "is_cdrom": 1, "format": "raw"})
    o["nics"][0].update(script="/tmp/evil", bridge="br-mgmt",
                        ifname="eth0", backend_domname="evil",
                        model="e1000,x=y", ip="1.2.3.4", gatewaydev="x")
    for device in ("pcidevs", "usbdevs", "channels", "vtpms", "p9s", "vfbs",
                   "dtdevs", "usbctrls", "vdispls", "virtios"):
        o[device] = [{"devid": 0, "x": "/etc"}]
    o["on_crash"] = "coredump_restart"
    return o


def left_out():
    """Only what says what the guest's machine is like is kept."""
    with Host() as host:
        out = export(host.dir / "out", hostile_config(), type="HVM")
        (out / "memory.xl").write_bytes(memory(
            json.dumps(hostile_config()), stream(device_model=b"x" * 77)))
        snapshot(out, type="HVM")
        sums(out)
        here, folder = imported(host, out, status=3)
        kept = json.loads((folder / "domain.json").read_text())
        hvm = kept["b_info"]["type.hvm"]
        genid = hvm.pop("ms_vm_genid")
        assert genid != list(range(16)) and len(genid) == 16
        assert kept == header_of(folder / "memory.xl")[0] | {"b_info": kept[
            "b_info"]}
        assert kept == {
            "c_info": {"type": "hvm", "name": "web1", "uuid": UUID},
            "b_info": {"max_vcpus": 2, "avail_vcpus": [0, 1],
                       "max_memkb": 262144, "target_memkb": 262144,
                       "type.hvm": {"bios": "seabios", "boot": "cd",
                                    "serial": "null", "serial_list": ["null"],
                                    "vga": {"kind": "std"}}},
            "disks": [
                {"vdev": "xvda", "pdev_path": "/nonexistent/xvda",
                 "format": "raw", "backend": "phy", "readwrite": 1},
                {"vdev": "xvdb", "pdev_path": "/nonexistent/xvdb",
                 "format": "qcow2", "backend": "qdisk", "readwrite": 1},
                {"vdev": "hdc", "pdev_path": "", "format": "empty",
                 "is_cdrom": 1}],
            "nics": [{"devid": 0, "mac": "00:16:3e:01:02:03",
                      "nictype": "vif"}]}, kept
        left = set(here["left_out"])
        assert {"b_info.device_model", "b_info.kernel", "disk.xvda.script",
                "disk xvdc", "vif.0.bridge", "vif.0.script", "vif.0.model",
                "b_info.type.hvm.serial", "on_crash"} <= left, left
        assert not here["left_out_more"]
        result = host.run("import", str(out), "web1@t", "--trust-config")
        assert result.status == 0, result
        have = header_of(host.root / "web1" / "t" / "memory.xl")[0]
        want = hostile_config()
        for d in want["disks"][:2]:
            d.update(pdev_path=f"/nonexistent/{d['vdev']}", format="raw")
            d.pop("script", None)
        want["disks"][1]["format"] = "qcow2"
        assert have == want, have


def offline_config():
    """An xl file is read by xl's parser and written anew."""
    with Host() as host:
        out = host.dir / "out"
        out.mkdir()
        image(out / "xvda.img")
        text = ("memory = 256\nvcpus=2\ntype='pvh'\nkernel='/x'\n"
                "device_model_override='/tmp/evil'\nbootloader=\"/tmp/e\"\n"
                "pci=['01:00.0'] ; serial='file:/x'\non_crash='preserve'\n")
        config(out / "domain.cfg",
               ["/dev/x,raw,xvda,w", "/etc/shadow,raw,xvdc,r",
                "/etc/shadow,,hdc:cdrom,r"], more=text)
        sums(out)
        o, folder = imported(host, out, "web1@b", status=3)
        assert o["mode"] == "offline" and not o["memory_bytes"], o
        assert (folder / "domain.cfg").read_text() == (
            'name="web1"\ntype="pvh"\nmemory=256\nvcpus=2\n'
            'on_crash="preserve"\ndisk=[\n'
            '\t"vdev=xvda,format=raw,access=rw,target=/nonexistent/xvda",\n'
            '\t"vdev=hdc,format=empty,access=ro,devtype=cdrom,target=",\n'
            ']\nvif=[\n\t"type=vif",\n]\n')
        assert {"kernel", "device_model_override", "bootloader", "pci",
                "serial", "disk xvdc", "disk.hdc.target",
                "vif.0.bridge"} == set(o["left_out"]), o["left_out"]
        place = image(host.dir / "place")
        o, folder = imported(host, out, "web1@c", "--trust-config",
                             f"--disk=xvda={place}")
        kept = (folder / "domain.cfg").read_text()
        assert "device_model_override" in kept
        assert f"target={place}" in kept and kept.endswith('name="web1"\n')
        for name in "bc":
            again = host.dir / f"again{name}"
            assert host.run("export", f"web1@{name}", str(again)).status == 0
            assert (again / "xvda.img").read_bytes() == (
                out / "xvda.img").read_bytes()
        host.dir.joinpath("place").write_bytes(bytes(3 * MIB + 512))
        result = host.run("revert", "web1@c")
        assert result.status == 0, result
        assert place.read_bytes() == (out / "xvda.img").read_bytes()


def the_disks_alone():
    """A snapshot without memory has domain.json in its export."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@a", "--disks-only").status == 0
        out = host.dir / "out"
        assert host.run("export", "web1@a", str(out)).status == 0
        assert (out / "domain.json").exists()
        here, folder = imported(host, out, "web1@b", *places(host))
        there = json.loads((out / "snapshot.json").read_text())
        same(out, folder, there, here)
        host.tick(9)
        result = host.run("revert", "web1@b", "--no-keep")
        assert result.status == 0 and "boots" in result.out, result
        (out / "domain.json").unlink()
        result = host.run("import", str(out), "web1@c")
        one_line(result, 1, "domain.json")


def refused():
    """What does not belong together; each is named."""
    with Host() as host:
        def no(words, change, again=True):
            out = host.dir / "out"
            shutil.rmtree(out, ignore_errors=True)
            export(out)
            change(out)
            if again:
                sums(out)
            result = host.run("import", str(out))
            assert result.status == 1, (words, result)
            assert words in result.error_lines()[-1], (words, result)
            assert not host.root.exists() or not list(host.root.iterdir())

        def cut(name, n=1):
            return lambda out: os.truncate(
                out / name, (out / name).stat().st_size - n)

        def config_is(text):
            return lambda out: (out / "memory.xl").write_bytes(
                memory(text, stream())) and snapshot(out)

        no("xvda.img is not what SHA256SUMS", lambda out: image(
            out / "xvda.img", 7), False)
        no("memory.xl is not what SHA256SUMS", lambda out: (
            out / "memory.xl").write_bytes(memory(json.dumps(libxl(
                disks=("xvda", "xvdb"))), stream(seed=9))) and snapshot(
                    out) and (out / "SHA256SUMS").write_text("".join(
                        line.replace("memory", "memory")
                        for line in (out / "SHA256SUMS").read_text()
                        .splitlines(True) if "snapshot" not in line)) and (
                            out / "snapshot.json").unlink(), False)
        no("xvda.img has", cut("xvda.img"))
        no("memory.xl has", cut("memory.xl"))
        no("xvdz.img", lambda out: image(out / "xvdz.img"))
        no("xvdb.img and xvdb.qcow2", lambda out: image(out / "xvdb.img"))
        no("\"notes\" is no file of an export", lambda out: (
            out / "notes").write_text("x"))
        no("not in SHA256SUMS", lambda out: (out / "domain.json").write_text(
            "{}"), False)
        no("domain.cfg is in SHA256SUMS, and not there", lambda out: (
            out / "domain.cfg").unlink(), False)
        no("backing file", lambda out: qcow2(out / "xvdb.qcow2", backing=200))
        no("another file", lambda out: qcow2(out / "xvdb.qcow2",
                                             incompatible=4))
        no("no qcow2 image", lambda out: (out / "xvdb.qcow2").write_bytes(
            bytes(4 << 16)))
        no("two disks called xvda", config_is(json.dumps(
            libxl(disks=("xvda", "xvda")))))
        no("not JSON", config_is("{" * 5000))
        no("of a HVM domain", lambda out: snapshot(out, type="HVM"))
        no("the domain", lambda out: snapshot(
            out, domain_uuid=UUID.replace("a", "b")))
        no("other", lambda out: snapshot(out, domain="other",
                                         snapshot="other@a"))
        no("\"created\"", lambda out: snapshot(out, created="\x1b[31m"))
        no("generation", lambda out: snapshot(out, generation="x"))
        no("memory.xl", lambda out: snapshot(out, mode="disks"))
        no("guest", lambda out: (out / "memory.xl").write_bytes(memory(
            json.dumps(libxl(disks=("xvda", "xvdb"))), stream(1))) and
            snapshot(out))
        no("kept with the snapshot", lambda out: snapshot(
            out, memory_sum="0" * 64))
        no("bytes follow its end", lambda out: (out / "memory.xl").write_bytes(
            (out / "memory.xl").read_bytes() + bytes(8)) and snapshot(out))
        no("no plain file", lambda out: ((out / "domain.cfg").unlink(),
                                         os.symlink("/etc/passwd",
                                                    out / "domain.cfg")),
           False)


def main():
    """All of them."""
    run_cases([
        ("made by hand", by_hand),
        ("from an older export", older),
        ("the disks alone", the_disks_alone),
        ("a hostile configuration", left_out),
        ("xl's own file", offline_config),
        ("what is refused", refused),
    ])


if __name__ == "__main__":
    main()
