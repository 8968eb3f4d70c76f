#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`backup DOMAIN`: frozen, sent, and a base that stays; on a simulated host.
Whatever fails or is killed, the domain runs, the repository is whole, and the
next one clears up."""
import contextlib
import functools
import json
import pathlib
import random
import signal
import sys

from sourceworld import Sources
from simcheck import run_cases

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from savefile import Save  # noqa: E402

PAGE = 4096
PAGES = 300


class Protected(Sources):
    """A repository, a simulated host, and a domain with memory."""

    def __init__(self, host):
        super().__init__()
        self.host = host
        self.env = {"XENSNAP_SIM": host.env()["XENSNAP_SIM"]}
        copied = host.file("copied")
        host.domain("web1", pages=PAGES, extra=[f"xvdc {copied} phy rw"])
        image = host.world / "domains/web1/memory"
        image.write_bytes(random.Random(1).randbytes(PAGES * PAGE))

    def backup(self, *words):
        return self.json("backup", "--copy", *words, "web1", self.repo,
                         **self.env)

    def kept(self):
        """What is kept here, oldest first: name, record."""
        names = self.done("list", "--names", **self.env).split()
        return [(n, json.loads((self.top / "a" / n.replace("@", "/") /
                                "snapshot.json").read_text())) for n in names]

    def only_base(self):
        """The folder of the base, which is all that is kept."""
        (name, record), = self.kept()
        folder = self.top / "a" / name.replace("@", "/")
        assert name.startswith("web1@backup-"), name
        assert record["mode"] == "disks" and record["memory_bytes"] == 0
        assert [d["vdev"] for d in record["disks"]] == ["xvda", "xvdb"], record
        assert len(record["base_for"]) == 32 and "memory_sum" not in record
        assert not (folder / "memory.xl").exists()
        assert not (folder / "xvdc.img").exists()
        return folder

    def running(self):
        assert self.host.state("web1") == "running"


@contextlib.contextmanager
def protected(host):
    with host() as h, Protected(h) as w:
        yield w


def twice(host):
    """Each is whole, one base stays; it is listed as such."""
    with protected(host) as w:
        o = w.backup()
        assert o["backup"] == "web1" and o["pause_ms"] > 0, o
        assert o["memory"]["read_bytes"] > PAGES * PAGE, o
        assert len(o["disks"]) == 3 and o["bases_deleted"] == 0, o
        first = w.only_base()
        w.host.tick(5)
        o = w.backup()
        assert o["bases_deleted"] == 1, o
        assert w.only_base() != first
        assert w.names() == ["web1", "web1"]
        table = w.done("list", **w.env)
        assert " base " in table, table
        w.json("restore", w.repo, "latest", "--to", f"{w.top / 'all'}/",
               **w.env)
        saved = Save((w.top / "all/memory.xl").read_bytes())
        assert sum(p is not None for _, p in saved.pages.values()) == PAGES
        assert {p.name for p in (w.top / "all").glob("*.img")} == {
            "xvda.img", "xvdb.img", "xvdc.img"}
        w.running()
        w.checked()


def keep(host):
    """All of the snapshot stays, and is what is in the backup."""
    with protected(host) as w:
        w.backup()
        o = w.backup("--keep", "--name", "nightly")
        assert o["kept"] and o["bases_deleted"] == 1, o
        (name, record), = w.kept()
        assert name == o["snapshot"] and "base_for" not in record, record
        o = w.json("verify", w.repo, "nightly", "--against", name, **w.env)
        assert o["same"] and len(o["disks"]) == 5, o


def disks_alone(host):
    """--disks-only, --skip-disk."""
    with protected(host) as w:
        o = w.backup("--disks-only", "--skip-disk", "xvdc")
        assert "memory" not in o and o["mode"] == "disks", o
        w.only_base()
        w.running()
        w.checked()


def dry(host):
    """Nothing is made, nothing stands still."""
    with protected(host) as w:
        out = w.done("backup", "--copy", "--dry-run", "web1", w.repo, **w.env)
        assert "Would freeze web1 as web1@backup-" in out, out
        assert w.kept() == [] and w.names() == []


def no_repository(host):
    """Told before anything is frozen."""
    with protected(host) as w:
        w.fails(1, "nosuch", "backup", "web1", w.top / "nosuch", **w.env)
        w.fails(1, "no domain", "backup", "web9", w.repo, **w.env)
        w.fails(1, "xvdc", "backup", "web1", w.repo, **w.env)
        assert w.kept() == []
        w.running()


def not_sent(host):
    """What could not be sent is kept, and told how; the next clears it up."""
    with protected(host) as w:
        w.backup()
        base = w.only_base()
        p = w.stopped_at("protect.frozen", "backup", "--copy", "web1", w.repo,
                         **w.env)
        (_, _), (name, _) = w.kept()
        save = w.top / "a" / name.replace("@", "/") / "memory.xl"
        data = save.read_bytes()
        save.write_bytes(data[:-8])
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 1
        w.running()
        assert base.exists() and len(w.kept()) == 2
        # As it was told; then a new one.
        save.write_bytes(data)
        o = w.json("backup", name, w.repo, "--name", "web1", **w.env)
        assert o["memory"], o
        o = w.backup()
        assert o["bases_deleted"] == 2, o
        w.only_base()
        assert w.names() == ["web1"] * 3
        w.checked()


def told(host):
    """In one line: what is kept, and how to go on."""
    with protected(host) as w:
        w.backup()
        packs = w.repo / "packs"
        packs.rename(w.top / "packs")
        packs.write_text("")
        w.fails(1, "is kept: `xensnap backup web1@backup-", "backup", "-q",
                "--copy", "web1", w.repo, **w.env)
        packs.unlink()
        (w.top / "packs").rename(packs)
        _, (name, record) = w.kept()
        assert record["mode"] == "live", record
        w.done("backup", name, w.repo, "--name", "web1", **w.env)
        w.checked()


def dies(host, place):
    """kill -9."""
    with protected(host) as w:
        w.backup()
        w.host.tick(5)
        p = w.stopped_at(place, "backup", "--copy", "web1", w.repo, **w.env)
        p.send_signal(signal.SIGKILL)
        p.wait()
        w.host.wait_for_orphans()
        w.done("recover", **w.env)
        w.running()
        assert 1 <= len(w.kept()) <= 2
        names = w.names()
        assert names == ["web1"] * (1 if place in (
            "protect.frozen", "backup.disk", "backup.memory") else 2), names
        w.backup()
        w.only_base()
        w.checked()


def usage(host):
    """One line, nothing made."""
    with protected(host) as w:
        w.fails(2, "exclude each other", "backup", "web1", w.repo, "--live",
                "--stop", **w.env)
        w.fails(2, "--keep is for a domain that runs", "backup", "web1@a",
                w.repo, "--keep", **w.env)
        w.fails(2, "--cow-size is for a domain that runs", "backup", "--disk",
                w.top / "x", w.repo, "--cow-size", "1G", **w.env)
        w.fails(2, "--cow-size", "backup", "web1", w.repo, "--cow-size", "x",
                **w.env)
        assert w.kept() == []


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("two backups", of(twice, Host)),
        ("--keep", of(keep, Host)),
        ("--disks-only", of(disks_alone, Host)),
        ("--dry-run", of(dry, Host)),
        ("no repository, no domain", of(no_repository, Host)),
        ("it cannot be sent", of(not_sent, Host)),
        ("what is told", of(told, Host)),
        ("wrong input", of(usage, Host)),
    ] + [(f"it dies at {place}", of(dies, Host, place)) for place in (
        "protect.frozen", "backup.disk", "backup.memory", "protect.sent",
        "lessen.record", "protect.lessened", "protect.deleted")])


if __name__ == "__main__":
    main()
