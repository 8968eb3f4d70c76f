#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that can go wrong, one at a time: one line says what and what is
true now, the exit status is right, the domain runs, and nothing is left.

The knobs are told at the top of src/domain/domain_sim.c and
src/disk/disk_sim.c.
"""
import functools
import resource
import signal

from simcheck import (check_all, check_nothing_to_recover, check_running,
                      one_line, run_cases)
from simhost import Host

DISKS = ("vg0/root", "thin0/logs", "vg0/data")
UNDONE = "the domain runs, nothing was kept"


# Knobs that are turned, and what create then says.
CREATE_FAILS = [
    ({"describe": ""}, "cannot describe"),
    ({"config": ""}, "no configuration"),
    ({"plan": ""}, "disk xvda", "plan of vg0-root"),
    ({"plan.thin0-logs": ""}, "disk xvdb"),
    ({"prepare": ""}, "disk xvda", UNDONE),
    ({"prepare.vg0-data": ""}, "disk xvdc", UNDONE),
    ({"save": ""}, "save failed", UNDONE),
    ({"no-answer": "30"}, "web1", "did not answer", "30 ms", UNDONE),
    ({"late": "80", "no-answer": "30"}, "did not answer", UNDONE),
    ({"hold": ""}, "disk xvda", "hold", UNDONE),
    ({"hold.vg0-data": ""}, "disk xvdc", "hold", UNDONE),
    ({"save-middle": ""}, "save failed", UNDONE),
    ({"save-space": ""}, "No space left on device", UNDONE),
    ({"view.thin0-logs": ""}, "disk xvdb", UNDONE),
    ({"view-half.thin0-logs": ""}, "disk xvdb", UNDONE),
    ({"view.vg0-root": ""}, "disk xvda", UNDONE),
    ({"view.vg0-data": ""}, "disk xvdc", UNDONE),
    ({"view-half.vg0-data": ""}, "disk xvdc", UNDONE),
    ({"view": ""}, "simulated: view", UNDONE),
    ({"finish": ""}, "the end failed", UNDONE),
    ({"save-middle": "", "resume": ""}, "save failed", UNDONE),
    ({"view.vg0-data": "", "finish": ""}, UNDONE),
    ({"hold.vg0-data": "", "save-middle": ""}, "hold", UNDONE),
]


def create_fails(mode, knobs, *words):
    """create fails by @knobs and leaves nothing."""
    with Host() as host:
        host.domain("web1", DISKS)
        for knob, value in knobs.items():
            host.fault(knob, value)
        result = host.run("create", "web1@x", mode)
        one_line(result, 1, "create web1@x", *words)
        host.mend()
        check_all(host, set())
        check_nothing_to_recover(host)
        result = host.run("create", "web1@x", mode)
        assert result.status == 0, result
        check_all(host, {"web1@x"})


def resume_fails_once():
    """The rescue does it: the snapshot is good, for the domain stood still
    until then."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("resume", 1)
        result = host.run("create", "web1@x")
        assert result.status == 0, result
        check_all(host, {"web1@x"})


def guest_dies():
    """A guest that powers off instead of suspending."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("guest-dies")
        result = host.run("create", "web1@x")
        one_line(result, 1, "web1", "shut down", "nothing was kept")
        host.mend()
        assert host.state("web1") == "off"
        check_all(host, set(), domains=())
        check_nothing_to_recover(host)


def crashed():
    """It cannot answer any more; its disks are there to be frozen."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.set_state("web1", "crashed")
        result = host.run("create", "web1@x")
        one_line(result, 1, "web1 is crashed", "--disks-only")
        check_all(host, set(), domains=())
        result = host.run("create", "--disks-only", "web1@disks")
        assert result.status == 0, result
        assert host.state("web1") == "crashed"
        check_all(host, {"web1@disks"}, domains=())


def left_standing():
    """Neither resume nor rescue work: the journal stays, so that recover
    knows of it; and it is told, loudly."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("resume")
        host.fault("rescue")
        result = host.run("create", "web1@x")
        assert result.status == 1, result
        assert "MAY STAND STILL" in result.error_lines()[-1], result
        assert "xensnap recover web1" in result.error_lines()[-1], result
        assert host.state("web1") == "suspended"
        assert not list((host.world / "held").iterdir())
        # It still fails: said so, and kept for the next time.
        result = host.run("recover")
        assert result.status == 1, result
        host.mend()
        result = host.run("recover")
        assert result.status == 0, result
        assert "was resumed" in result.out, result
        check_all(host, set())
        check_nothing_to_recover(host)


def left_held():
    """A disk cannot be let go on: the same."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("view.vg0-data")
        host.fault("release.vg0-data")
        result = host.run("create", "web1@x")
        assert result.status == 1, result
        assert "xvdc" in result.err and "held" in result.err, result
        assert "xensnap recover web1" in result.error_lines()[-1], result
        assert [p.name for p in (host.world / "held").iterdir()] == \
            ["vg0-data"]
        host.mend()
        result = host.run("recover")
        assert result.status == 0, result
        assert "held disks were let go on" in result.out, result
        check_all(host, set())
        check_nothing_to_recover(host)


def view_cannot_be_dropped():
    """Somebody has a view open while create takes it back."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.fault("save-middle")
        host.fault("drop")
        result = host.run("create", "web1@x")
        assert result.status == 1, result
        last = result.error_lines()[-1]
        assert "not all was undone: run `xensnap recover web1`" in last
        check_running(host, "web1")
        # Meanwhile this name is taken, another one is not.
        result = host.run("create", "web1@x")
        one_line(result, 1, "a dead process left web1@x half made",
                 "xensnap recover web1")
        assert host.run("recover").status == 1
        host.mend()
        result = host.run("recover")
        assert result.status == 0 and "undone" in result.out, result
        check_all(host, set())
        check_nothing_to_recover(host)


def delete_fails():
    """A view in use: the snapshot is gone from the list, the rest stays for
    recover."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        assert host.run("create", "web1@y").status == 0
        host.fault("drop")
        result = host.run("delete", "web1@x")
        assert result.status == 4, result
        assert "listed no more" in result.error_lines()[-1], result
        assert host.run("list", "--names").out == "web1@y\n"
        result = host.run("create", "web1@x")
        one_line(result, 1, "half deleted", "xensnap recover web1")
        host.mend()
        assert host.run("recover").status == 0
        check_all(host, {"web1@y"})
        check_nothing_to_recover(host)


def no_room(where):
    """A group without room for one view, or for all of them together."""
    with Host() as host:
        host.domain("web1", ("vg0/root", "vg0/data"))
        # A tenth of 300 KiB each.
        (host.world / "groups" / "vg0").write_text(
            {"one": "30000\n", "both": "60000\n"}[where])
        result = host.run("create", "web1@x")
        one_line(result, 1, "vg0", "free")
        check_all(host, set())
        assert host.run("create", "web1@x", "--cow-size", "4%").status == 0
        check_all(host, {"web1@x"})


def name_taken():
    """By a snapshot, also in a dry run; by a foreign volume."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        for more in ((), ("--dry-run",)):
            result = host.run("create", "web1@x", *more)
            one_line(result, 1, "there is a snapshot web1@x already")
        check_all(host, {"web1@x"})
        foreign = host.world / "views" / "vg0-root.xs-y"
        foreign.write_text("not ours")
        result = host.run("create", "web1@y")
        one_line(result, 1, "disk xvda", "already")
        assert foreign.read_text() == "not ours"
        foreign.unlink()
        check_all(host, {"web1@x"})


def not_running(state, word):
    """A domain that stands still by somebody's wish is left alone."""
    with Host() as host:
        host.domain("web1", DISKS, monitor=False)
        host.set_state("web1", state)
        result = host.run("create", "web1@x")
        one_line(result, 1, "web1", word)
        assert host.state("web1") == state
        assert host.run("recover").status == 0
        assert host.state("web1") == state
        check_all(host, set(), domains=())


def bad_disks():
    """Disks of which no views can be taken are named."""
    cases = [
        ("xvdx disks/vg0/root tap rw", "xvdx", "tap"),
        ("xvdx /dev/nowhere phy rw", "xvdx", "/dev/nowhere"),
        ("xvdx disks/vg0/none phy rw", "xvdx", "No such file"),
        ("xvdx disks/vg0/root phy shared", "xvdx", "domain other"),
    ]
    for i, (line, *words) in enumerate(cases):
        with Host() as host:
            name = f"bad{i}"
            host.domain(name, ("vg0/root",), extra=[line], monitor=False)
            result = host.run("create", name)
            one_line(result, 1, name, *words)
            assert not (host.root / name).exists()


def cannot_save():
    """Memory that cannot be saved, or not while it runs."""
    with Host() as host:
        host.domain("web1", DISKS, save="it has a PCI device")
        one_line(host.run("create", "web1"), 1, "it has a PCI device",
                 "--disks-only")
        host.domain("pv", ("vg0/pv",), type="PV", live="no log-dirty mode")
        one_line(host.run("create", "pv@x", "--live"), 1, "no log-dirty mode",
                 "--stop")
        result = host.run("create", "pv@x")
        assert result.status == 0, result
        assert "no log-dirty mode" in result.err, result
        check_all(host, {"pv@x"})


def unknown():
    """Names of nothing."""
    with Host() as host:
        host.domain("web1", DISKS)
        one_line(host.run("create", "nosuch"), 1, "nosuch")
        one_line(host.run("show", "web1@x"), 1, "there is no snapshot web1@x")
        one_line(host.run("show", "nosuch@x"), 1, "nosuch@x")
        one_line(host.run("delete", "web1@x"), 1, "web1@x")
        one_line(host.run("export", "web1@x", "out"), 1, "web1@x")
        one_line(host.run("create", "../x"), 2, "../x")
        one_line(host.run("create", "web1@.."), 2, "..")
        assert not (host.dir / "out").exists()
        check_all(host, set())


def memory_has_no_room():
    """The file system is full in the middle of the pause."""
    with Host() as host:
        # The limit is for all files of the process: memory must be largest.
        host.domain("web1", DISKS, pages=150)
        p = host.stopped_at("instant.begin", "create", "web1@x")
        limit_file_size(p.pid, 900000)
        p.send_signal(signal.SIGCONT)
        result = host.finish(p)
        assert result.status == 1, result
        assert UNDONE in result.err, result
        check_all(host, set())
        check_nothing_to_recover(host)


def limit_file_size(pid, size):
    """What a full file system is like: writes fail from @size on."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


def root_is_no_folder():
    """Where snapshots are to be kept is a file."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.root.write_text("")
        one_line(host.run("create", "web1"), 1, str(host.root))
        one_line(host.run("list"), 1, str(host.root))
        one_line(host.run("recover"), 1, str(host.root))
        host.root.unlink()
        check_all(host, set())


def spoilt_journal():
    """What a spoilt journal says is not guessed; all else is recovered."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.domain("web2", ("vg0/two",))
        for name in ("web1@x", "web2@y"):
            p = host.stopped_at("view.after", "create", name)
            host.kill(p, watchdog=True)
        journal = host.root / "web1" / ".x.partial" / "journal"
        good = journal.read_text()
        journal.write_text("garbage\n" + good)
        views = sorted((host.world / "views").iterdir())
        result = host.run("recover", "--dry-run")
        assert "view without" not in result.out, result
        result = host.run("recover")
        assert result.status == 1, result
        assert "web1@x" in result.err and "journal" in result.err, result
        assert "web2@y: undone" in result.out, result
        check_running(host, "web2")
        left = sorted((host.world / "views").iterdir())
        assert left and set(left) < set(views), left
        journal.write_text(good)
        assert host.run("recover").status == 0
        check_all(host, set())
        check_nothing_to_recover(host)


def foreign_things():
    """recover touches nothing that is not ours, and stumbles over nothing."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        (host.root / "lost+found").mkdir()
        (host.root / "README").write_text("mine")
        (host.root / "web1" / ".hidden").write_text("mine")
        (host.root / "empty").mkdir()
        view = host.world / "views" / "somebodys"
        view.write_text("mine")
        for args in (("recover",), ("list",), ("recover", "--dry-run")):
            result = host.run(*args)
            assert result.status == 0, result
        assert (host.root / "lost+found").exists()
        assert (host.root / "README").read_text() == "mine"
        assert (host.root / "web1" / ".hidden").read_text() == "mine"
        assert view.read_text() == "mine"
        assert host.run("delete", "web1@x").status == 0
        assert (host.root / "web1" / ".hidden").read_text() == "mine"


def orphan_views():
    """Views whose folder is gone are found by their tags; a dry run tells."""
    with Host() as host:
        host.domain("web1", DISKS)
        host.domain("web2", ("vg0/two",))
        for name in ("web1@x", "web1@y", "web2@z"):
            assert host.run("create", name).status == 0
        for folder in ("web1/x", "web2/z"):
            for path in (host.root / folder).iterdir():
                path.unlink()
            (host.root / folder).rmdir()
        (host.root / "web2" / ".lock").unlink()
        (host.root / "web2").rmdir()
        result = host.run("recover", "--dry-run")
        assert result.status == 0, result
        assert result.out.count("would be removed") == 4, result
        result = host.run("recover")
        assert result.status == 0, result
        assert result.out.count("removed: a view without a record") == 4
        check_all(host, {"web1@y"})
        check_nothing_to_recover(host)


def lost_record():
    """A snapshot whose record is missing or spoilt keeps its views: on any
    doubt nothing is removed."""
    with Host() as host:
        host.domain("web1", DISKS)
        assert host.run("create", "web1@x").status == 0
        record = host.root / "web1" / "x" / "snapshot.json"
        good = record.read_text()
        views = sorted((host.world / "views").iterdir())
        for text in ("", "{}", "[", good[:100], None):
            record.unlink()
            if text is not None:
                record.write_text(text)
            host.run("recover")
            assert sorted((host.world / "views").iterdir()) == views
            result = host.run("list")
            assert result.status == 3 and "unreadable" in result.out, result
            one_line(host.run("show", "web1@x"), 1, "snapshot.json")
            one_line(host.run("delete", "web1@x"), 1, "snapshot.json")
        record.write_text(good)
        record.chmod(0o600)
        check_all(host, {"web1@x"})


def main():
    """All of them."""
    cases = []
    for knobs, *words in CREATE_FAILS:
        name = ", ".join(knobs)
        cases.append((f"create: {name}", functools.partial(
            create_fails, "--live", knobs, *words)))
    for knobs, *words in CREATE_FAILS[7:16]:
        name = ", ".join(knobs)
        cases.append((f"create --stop: {name}", functools.partial(
            create_fails, "--stop", knobs, *words)))
        cases.append((f"create --rebuild: {name}", functools.partial(
            create_fails, "--rebuild", knobs, *words)))
    cases += [
        ("resume fails once", resume_fails_once),
        ("the guest dies", guest_dies),
        ("the domain has crashed", crashed),
        ("the domain is left standing", left_standing),
        ("a disk is left held", left_held),
        ("a view cannot be dropped", view_cannot_be_dropped),
        ("delete fails", delete_fails),
        ("no room for a view", functools.partial(no_room, "one")),
        ("no room for both views", functools.partial(no_room, "both")),
        ("the name is taken", name_taken),
        ("a paused domain", functools.partial(not_running, "paused",
                                              "paused")),
        ("a suspended domain", functools.partial(not_running, "suspended",
                                                 "suspended")),
        ("a dying domain", functools.partial(not_running, "dying", "dying")),
        ("disks without views", bad_disks),
        ("memory that cannot be saved", cannot_save),
        ("names of nothing", unknown),
        ("no room for the memory", memory_has_no_room),
        ("the root is no folder", root_is_no_folder),
        ("a spoilt journal", spoilt_journal),
        ("foreign things", foreign_things),
        ("views without a folder", orphan_views),
        ("a lost record", lost_record),
    ]
    run_cases(cases)


main()
