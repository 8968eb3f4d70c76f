#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that a device model serves: they are flushed while the domain stands
still, it stands still for the disks alone too, and an image may grow."""
import functools
import json
import signal

from copyhost import DISKS, UNDONE, copy_of, failed, kept, resumed
from simcheck import (check_all, check_nothing_to_recover, check_running,
                      run_cases)
from simhost import Host

# A qcow2 header of version 3 that says nothing special.
HEADER = b"QFI\xfb" + bytes([0, 0, 0, 3]) + bytes(15) + b"\x10" + bytes(80)
WAYS = ((), ("--stop",), ("--rebuild",), ("--disks-only",))


def image_host():
    """A host with a domain, of whose disks xvdc is an image."""
    host = Host()
    path = host.file("image.qcow2", 64 * 1024)
    path.write_bytes(HEADER + bytes(64 * 1024 - len(HEADER)))
    host.domain("web1", DISKS, extra=[f"xvdc {path} qdisk qcow2"])
    return host, path


def flush_fails(way):
    """What QEMU cannot write is in no view: none is kept."""
    host, _ = image_host()
    with host:
        host.fault("flush")
        result = host.run("create", "web1@x", "--copy", *way)
        host.mend()
        failed(host, result, "cannot flush", UNDONE)
        check_running(host, "web1")


def silent(way, kind):
    """A device model that does not answer is found out before the pause."""
    with Host() as host:
        host.domain("web1", ("vg0/root",), type=kind)
        host.fault("device-model")
        p = host.run("create", "web1@x", *way)
        host.mend()
        if kind == "HVM" and "--disks-only" not in way:
            failed(host, p, "no device model", "")
        else:
            assert p.status == 0, p
        check_running(host, "web1")


def dies_flushed(way, both):
    """create dies right after it."""
    host, _ = image_host()
    with host:
        p = host.stopped_at("instant.flushed", "create", "web1@x", "--copy",
                            *way)
        assert p, "it was not flushed"
        host.kill(p, watchdog=both)
        if not both:
            check_running(host, "web1")
        assert host.run("recover").status == 0
        assert not kept(host)
        check_all(host, set())
        check_nothing_to_recover(host)


def grows(way):
    """What an image grew by before the instant is in its copy."""
    host, path = image_host()
    with host:
        p = host.stopped_at("instant.flushed", "create", "web1@x", "--copy",
                            *way)
        with open(path, "ab") as f:
            f.write(b"x" * 5000)
        want = path.read_bytes()
        assert resumed(host, p).status == 0
        assert copy_of(host).read_bytes() == want
        disk = json.loads(host.run("show", "--json", "web1@x").out)[
            "disks"][2]
        assert (disk["format"], disk["bytes"]) == ("qcow2", len(want)), disk
        check_running(host, "web1")


def disks_only(want, backend, kind):
    """The disks alone: is the domain paused for them?"""
    with Host() as host:
        host.disk("vg0/more")
        host.domain("web1", ("vg0/root",), type=kind,
                    extra=[f"xvdb disks/vg0/more {backend} idle"])
        o = json.loads(host.run("create", "web1@x", "--disks-only",
                                "--json").out)
        assert ("resume" in o["phases_ms"]) == want, o
        check_running(host, "web1")
        check_all(host, {"web1@x"})


def no_image():
    """A file that is no image is refused before anything is touched."""
    host, path = image_host()
    with host:
        path.write_bytes(bytes(64 * 1024))
        result = host.run("create", "web1@x", "--copy")
        assert result.status == 1, result
        assert f"disk xvdc: {path} is no qcow2 image" in result.err, result
        check_all(host, set())


def interrupted():
    """Ctrl-C right after it."""
    host, _ = image_host()
    with host:
        p = host.stopped_at("instant.flushed", "create", "web1@x", "--copy")
        p.send_signal(signal.SIGINT)
        failed(host, resumed(host, p), UNDONE)


def main():
    cases = [("a file that is no image", no_image),
             ("Ctrl-C", interrupted)]
    for way in WAYS:
        name = " ".join(way) or "live"
        cases += [(f"{name}: the flush fails",
                   functools.partial(flush_fails, way)),
                  (f"{name}: create dies", functools.partial(
                      dies_flushed, way, False)),
                  (f"{name}: create and its watchdog die", functools.partial(
                      dies_flushed, way, True)),
                  (f"{name}: the image grows", functools.partial(grows, way))]
        for kind in "HVM", "PVH":
            cases.append((f"{name}: a {kind} domain's QEMU is silent",
                          functools.partial(silent, way, kind)))
    for want, backend, kind in ((False, "phy", "PVH"), (True, "qdisk", "PVH"),
                                (False, "phy", "PV"), (True, "phy", "HVM")):
        cases.append((f"--disks-only, {kind}, {backend}: "
                      f"{'' if want else 'not '}paused", functools.partial(
                          disks_only, want, backend, kind)))
    run_cases(cases)


main()
