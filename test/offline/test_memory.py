#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory in a repository: a simulated domain's, which is dirtied while it is
saved; what comes back is what Python, which knows Xen's format and none of our
code, makes of the save file."""
import contextlib
import functools
import json
import pathlib
import random
import signal
import sys

from importworld import header_of, sums
from sourceworld import Sources, run
from simcheck import run_cases

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from savefile import Save  # noqa: E402

PAGE = 4096


class Kept(Sources):
    """A repository, a simulated host, and a domain with memory."""

    def __init__(self, host, pages=300, disks=("vg0/root", "vg0/data")):
        super().__init__()
        self.host = host
        self.env = {"XENSNAP_SIM": host.env()["XENSNAP_SIM"]}
        host.domain("web1", disks, pages=pages)
        self.image = host.world / "domains/web1/memory"
        self.image.write_bytes(random.Random(1).randbytes(pages * PAGE))

    def create(self, name, *words):
        """Its save file."""
        self.done("create", "-q", *words, f"web1@{name}", **self.env)
        return self.top / "a/web1" / name / "memory.xl"

    def backup_of(self, name, *words):
        return self.json("backup", *words, f"web1@{name}", self.repo,
                         **self.env)

    def folder(self, backup, *words, to="all"):
        """All of it, in a folder; the words of the report."""
        return self.json("restore", self.repo, backup, *words, "--to",
                         f"{self.top / to}/", **self.env)


@contextlib.contextmanager
def kept(host, **how):
    with host() as h, Kept(h, **how) as w:
        yield w


def there_and_back(host, *mode):
    """Folder, file, stream: each what a save of it standing still would be."""
    with kept(host) as w:
        was = w.create("a", *mode)
        want = Save(was.read_bytes()).canonical()
        o = w.backup_of("a")
        assert o["memory"]["read_bytes"] > 300 * PAGE, o
        assert [d["vdev"] for d in o["disks"]] == ["xvda", "xvdb"], o
        w.folder("web1@a")
        got = (w.top / "all/memory.xl").read_bytes()
        assert got == want, (len(got), len(want))
        # What comes of that is that again.
        assert Save(got).canonical() == got
        to = w.top / "one"
        w.done("restore", w.repo, "web1@a", "--disk", "memory", "--to", to)
        assert to.read_bytes() == want
        assert w.to_stdout("web1@a", "--disk", "memory").stdout == want
        cfg = (w.top / "all/domain.cfg").read_text()
        assert "memory.xl" not in cfg and "all/xvda.img" in cfg, cfg
        b, = w.json("backups", w.repo)["backups"]
        assert len(b["disks"]) == 2 and "memory" in b, b
        o = w.json("verify", w.repo, "web1@a", "--against", "web1@a", **w.env)
        assert o["same"] and [d["vdev"] for d in o["disks"]] == [
            "xvda", "xvdb", "memory", "frame"], o
        record = json.loads((was.parent / "snapshot.json").read_text())
        for d in record["disks"]:
            w.same("web1@a", d["vdev"], d["view"])
        w.checked()


def one_disk(host):
    """With which a lone disk may be compared, whatever it is called: not its
    memory."""
    with kept(host, disks=("vg0/root",)) as w:
        was = w.create("a")
        w.backup_of("a")
        o = w.json("verify", w.repo, "web1@a", "--against", "web1@a", **w.env)
        assert o["same"] and len(o["disks"]) == 3, o
        d, = json.loads((was.parent / "snapshot.json").read_text())["disks"]
        o = w.json("verify", w.repo, "web1@a", "--against", d["view"], **w.env)
        assert o["same"] and len(o["disks"]) == 1, o


def imported(host):
    """The folder is an export: the memory in it is the one of its record."""
    with kept(host) as w:
        w.create("a", "--stop")
        w.backup_of("a")
        w.folder("web1@a")
        w.folder("web1@a", "--disks-only", to="disks")
        for folder, name, mode in (("all", "whole", "stop"),
                                   ("disks", "cold", "disks")):
            sums(w.top / folder)
            w.done("import", "--trust-config", w.top / folder,
                   f"web1@{name}", **w.env)
            o = w.json("show", f"web1@{name}", **w.env)
            assert o["mode"] == mode and len(o["disks"]) == 2, o
        rest = [header_of(w.top / at / "memory.xl")[1]
                for at in ("all", "a/web1/whole")]
        assert rest[0] == rest[1]
        # Of another instant, and of the same length.
        with open(w.top / "all/memory.xl", "r+b") as f:
            f.seek(-PAGE, 2)
            f.write(b"changed")
        sums(w.top / "all")
        w.fails(1, "memory.xl is not the one that was kept", "import",
                w.top / "all", "web1@bad", **w.env)


def again(host):
    """What has not changed takes no room."""
    with kept(host, pages=2048) as w:
        w.create("a", "--stop")
        first = w.backup_of("a")["memory"]
        with open(w.image, "r+b") as f:
            f.seek(77 * PAGE)
            f.write(b"changed")
        w.create("b", "--stop")
        second = w.backup_of("b")["memory"]
        assert first["changed_bytes"] >= 2048 * PAGE, first
        assert second["changed_bytes"] < first["changed_bytes"] / 20, second
        assert second["read_bytes"] >= 2048 * PAGE, second
        result = w.run("verify", w.repo, "web1@a", "--against", "web1@b",
                       "--json", **w.env)
        assert result.returncode == 1, result
        differ = {d["vdev"]: d["different_bytes"]
                  for d in json.loads(result.stdout)["disks"]}
        assert 65536 <= differ["memory"] < 2048 * PAGE / 4, differ
        w.checked()


def disks_alone(host):
    """Left out when asked to; then a folder must have no other."""
    with kept(host) as w:
        w.create("a")
        o = w.backup_of("a", "--disks-only")
        assert "memory" not in o, o
        w.folder("web1@a")
        assert not (w.top / "all/memory.xl").exists()
        w.fails(1, "has no disk memory; it has xvda xvdb", "restore", w.repo,
                "web1@a", "--disk", "memory", "--to", w.top / "m")
        (w.top / "all/memory.xl").write_text("old")
        w.fails(1, "memory.xl is of another instant", "restore", w.repo,
                "web1@a", "--in-place", "--to", w.top / "all")
        w.fails(2, "--disks-only is for domains and snapshots", "backup",
                "--disks-only", "--disk", w.image, w.repo)
        w.checked()


def mapped(host):
    """Beside disks that go to their own places."""
    with kept(host) as w:
        want = Save(w.create("a").read_bytes()).canonical()
        w.backup_of("a")
        result = w.run("restore", w.repo, "web1@a", "--map",
                       f"xvda={w.top / 'one'}")
        assert result.returncode == 0, result
        assert "its memory is not restored: --map memory=FILE" in (
            result.stderr), result
        w.done("restore", w.repo, "web1@a", "--map", f"xvda={w.top / 'two'}",
               "--map", f"memory={w.top / 'saved'}")
        assert (w.top / "saved").read_bytes() == want
        w.fails(1, "saved is there already", "restore", "-q", w.repo, "web1@a",
                "--in-place", "--map", f"xvda={w.top / 'two'}", "--map",
                f"memory={w.top / 'saved'}")
        assert (w.top / "saved").read_bytes() == want


def in_place(host):
    """The one of another instant goes before the first disk is written."""
    with kept(host) as w:
        first = Save(w.create("a").read_bytes()).canonical()
        w.backup_of("a")
        with open(w.image, "r+b") as f:
            f.write(b"changed")
        w.create("b")
        w.backup_of("b")
        w.folder("web1@b")
        w.fails(1, "--in-place writes over it", "restore", w.repo, "web1@a",
                "--to", w.top / "all")
        p = w.stopped_at("restore.disk", "restore", w.repo, "web1@a",
                         "--in-place", "--to", w.top / "all")
        assert not (w.top / "all/memory.xl").exists()
        p.kill()
        p.wait()
        w.folder("web1@a", "--in-place")
        assert (w.top / "all/memory.xl").read_bytes() == first


def damaged(host):
    """A save file that is not what was kept is not stored."""
    with kept(host) as w:
        save = w.create("a")
        data = save.read_bytes()
        record = save.parent / "snapshot.json"
        save.write_bytes(data[:-8])
        w.fails(1, "its memory.xl is not the one that was kept with it",
                "backup", "web1@a", w.repo, **w.env)
        o = json.loads(record.read_text())
        o["memory_bytes"] -= 8
        del o["memory_sum"]
        record.write_text(json.dumps(o))
        w.fails(1, "its memory: it is cut off", "backup", "web1@a", w.repo,
                **w.env)
        assert w.names() == []
        w.checked()


def dies(host, place, *words):
    """kill -9: nothing is left but what the next one makes good."""
    with kept(host) as w:
        want = Save(w.create("a").read_bytes()).canonical()
        if words[0] == "restore":
            w.backup_of("a")
        p = w.stopped_at(place, words[0], *(f"{w.top}/{x}" if x == "all/" else
                                           w.repo if x == "REPO" else x
                                           for x in words[1:]), **w.env)
        p.send_signal(signal.SIGKILL)
        p.wait()
        if words[0] == "backup":
            assert w.names() == []
            w.backup_of("a")
        else:
            assert not list((w.top / "all").glob("*.xl"))
            run(["rm", "-rf", str(w.top / "all")])
        w.folder("web1@a")
        assert (w.top / "all/memory.xl").read_bytes() == want
        w.checked()


def main():
    from simhost import Host  # pylint: disable=import-outside-toplevel
    of = functools.partial
    run_cases([
        ("live", of(there_and_back, Host)),
        ("standing still", of(there_and_back, Host, "--stop")),
        ("of one disk", of(one_disk, Host)),
        ("a folder, imported", of(imported, Host)),
        ("a second backup", of(again, Host)),
        ("--disks-only", of(disks_alone, Host)),
        ("--map", of(mapped, Host)),
        ("--in-place", of(in_place, Host)),
        ("a damaged one", of(damaged, Host)),
        ("a backup dies", of(dies, Host, "backup.memory", "backup", "web1@a",
                             "REPO")),
        ("a restore dies", of(dies, Host, "restore.memory", "restore", "REPO",
                              "web1@a", "--to", "all/")),
    ])


if __name__ == "__main__":
    main()
