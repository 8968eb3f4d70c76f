# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated domain, one of whose disks can only be copied: what test_copy.py
and test_copy_fails.py share."""
import signal

from simcheck import check_all, check_nothing_to_recover
from simhost import Host

DISKS = ("vg0/root", "thin0/logs")
UNDONE = "the domain runs, nothing was kept"
MIB = 1 << 20


def new_host(size=300 * 1024 + 512, live="yes"):
    """A host with a domain, of whose disks xvdc is a file."""
    host = Host()
    path = host.file("plain.img", size)
    host.domain("web1", DISKS, extra=[f"xvdc {path} phy rw"], live=live)
    return host, path


def kept(host):
    """The snapshots that `list` tells of."""
    return set(host.run("list", "--names").out.split())


def copy_of(host, name="x"):
    """Where the copy of web1's xvdc is."""
    return host.root / "web1" / name / "xvdc.img"


def failed(host, result, *words):
    """It failed and said so, with all @words in one line; nothing is left."""
    assert result.status == 1, result
    lines = result.error_lines()
    assert lines, result
    for word in words:
        assert word in lines[-1], f"no \"{word}\" in: {result.err}"
    check_all(host, set())
    check_nothing_to_recover(host)


def resumed(host, p):
    """Let one that was stopped go on to its end."""
    p.send_signal(signal.SIGCONT)
    return host.finish(p)
