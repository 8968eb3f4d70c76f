#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories: what is put in comes out, or an error says what is wrong;
whoever dies or is late loses nothing of others; what is damaged, older or
missing is named."""
import functools
import json
import random
import shutil
import signal
import subprocess

from repoworld import BIN, CHUNK, MIB, World, data
from simcheck import run_cases

DAMAGE = 12  # bytes flipped in each object


# ---- there and back ----


def there_and_back(size):
    """The same bytes, whatever the length."""
    with World() as w:
        want = data(size, size)
        report = w.backup(want)
        assert report["bytes"] == size, report
        assert w.restored("d") == want
        assert w.restored("latest") == want
        assert w.restored(report["session"][:8]) == want
        w.whole()


def nothing_twice():
    """What is there is not stored again, zeros never are."""
    with World() as w:
        one = data(1, 3 * MIB)
        first = w.backup(one + bytes(5 * MIB) + one[:CHUNK * 4])
        assert 3 * MIB <= first["new_bytes"] < 3 * MIB + CHUNK, first
        again = w.backup(one + bytes(5 * MIB) + one[:CHUNK * 4])
        assert again["new_bytes"] == again["stored_bytes"] == 0, again
        changed = one[:MIB] + data(2, CHUNK) + one[MIB + CHUNK:]
        third = w.backup(changed + bytes(MIB))
        assert CHUNK <= third["new_bytes"] < 2 * CHUNK, third
        assert w.restored("d") == changed + bytes(MIB)
        assert w.names() == ["d"] * 3
        w.whole()


def holes():
    """They are not read, and the copy has them again."""
    with World() as w:
        with open(w.disk, "wb") as f:
            f.truncate(1 << 30)
            f.seek(300 * MIB)
            f.write(data(3, MIB))
        report = w.json("backup", "--disk", w.disk, "--name", "d", w.repo)
        assert report["read_bytes"] <= 2 * MIB, report
        to = w.top / "copy"
        w.done("restore", w.repo, "d", "--to", to)
        assert to.stat().st_size == 1 << 30
        assert to.stat().st_blocks * 512 <= 4 * MIB
        subprocess.run(["cmp", w.disk, to], check=True)


def in_place():
    """Only what differs is written."""
    with World() as w:
        want = data(4, 4 * MIB) + bytes(MIB)
        w.backup(want)
        to = w.top / "target"
        to.write_bytes(want[:MIB] + bytes(CHUNK) + want[MIB + CHUNK:4 * MIB]
                       + data(5, CHUNK) + bytes(MIB - CHUNK))
        report = w.json("restore", w.repo, "d", "--in-place", "--to", to)
        assert to.read_bytes() == want
        assert report["written_bytes"] == 2 * CHUNK, report


def small_chunks():
    """Maps of several levels."""
    with World() as w:
        repo = w.top / "small"
        w.done("init", repo, "--chunk-size", "4K")
        want = data(6, 256 * 4096 + 5 * 4096 + 17)
        w.disk.write_bytes(want)
        w.done("backup", "--disk", w.disk, "--name", "d", repo)
        to = w.top / "copy"
        w.done("restore", repo, "d", "--to", to)
        assert to.read_bytes() == want


# ---- wrong input ----


def usage():
    """One line, nothing made, nothing lost."""
    with World() as w:
        w.fails(1, "not empty", "init", w.repo)
        w.fails(1, "no repository", "backups", w.top)
        w.fails(1, "nosuch", "backups", w.top / "nosuch")
        w.fails(2, "nothing to back up", "backup", w.repo)
        w.fails(2, "--to is missing", "restore", w.repo, "d")
        w.fails(2, "1 to 19", "backup", "--disk", "/x", "--level", "0",
                w.repo)
        w.fails(2, "no rule", "prune", w.repo)
        w.fails(2, "no number", "prune", "--keep-last=-1", w.repo)
        w.fails(1, "nosuch", "backup", "--disk", w.top / "nosuch", w.repo)
        w.fails(2, "neither a file nor a block device", "backup", "--disk",
                w.top, w.repo)
        w.fails(1, "no backup", "restore", w.repo, "d", "--to", w.top / "x")
        assert not (w.top / "x").exists()
        w.backup(b"hello")
        (w.top / "x").write_bytes(b"mine")
        w.fails(1, "is there already", "restore", w.repo, "d", "--to",
                w.top / "x")
        assert (w.top / "x").read_bytes() == b"mine"
        w.fails(1, "has no disk xvdq", "restore", w.repo, "d", "--disk",
                "xvdq", "--to", w.top / "y")
        for dry in [], ["--dry-run"]:
            w.fails(2, "power of two", "init", w.top / "r", "--chunk-size",
                    "5K", *dry)


def other_keys():
    """Only what opens it opens it; a passphrase does as well."""
    with World() as w:
        other = w.top / "other"
        w.done("init", w.top / "second", XENSNAP_KEY_FILE=str(other))
        w.fails(1, "no key of the repository is in this key file", "backups",
                w.repo, XENSNAP_KEY_FILE=str(other))
        text = w.key.read_text()
        at = len(text) // 2
        wrong = text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1:]
        other.chmod(0o600)
        other.write_text(wrong)
        w.fails(2, "has a mistake in it", "backups", w.repo,
                XENSNAP_KEY_FILE=str(other))
        assert oct(w.key.stat().st_mode)[-3:] == "400"
        for phrase in "correct horse", "x":
            other.write_text(phrase + "\n")
            repo = w.top / f"by-{len(phrase)}"
            w.done("init", repo, "--passphrase-file", other)
            w.done("backups", repo, "--passphrase-file", other)
        other.write_text("wrong horse\n")
        w.fails(1, "passphrase", "backups", repo, "--passphrase-file", other)


# ---- prune ----


def kept(rules, want):
    """Which of five a minute apart stay."""
    with World() as w:
        for i in range(5):
            w.backup(data(i, MIB), f"d{i % 2}")
        args = ["prune", w.repo, *rules, "--yes", str(5 - len(want))]
        plan = w.json(*args, "--dry-run")
        assert [b["stays"] for b in plan["backups"]].count(True) == len(want)
        assert len(w.names()) == 5
        report = w.json(*args)
        assert report["deleted_packs"] == 5 - len(want), report
        assert sorted(w.names()) == want, w.names()
        assert len(list((w.repo / "packs").rglob("?" * 64))) == len(want)
        w.whole()
        # A second one finds nothing to do.
        again = w.json(*args[:-2])
        assert again["deleted_packs"] == again["forgotten"] == 0, again


def half():
    """More than half is forgotten only if its number is said."""
    with World() as w:
        for i in range(4):
            w.backup(data(i, CHUNK))
        w.fails(2, "3 of 4 backups would be forgotten; if that is meant: "
                "--yes 3", "prune", w.repo, "--keep-last", "1")
        assert len(w.names()) == 4


def shared():
    """What another backup needs stays."""
    with World() as w:
        one, two = data(1, 2 * MIB), data(2, 2 * MIB)
        w.backup(one)
        w.backup(one[:MIB] + two[MIB:])
        w.done("prune", w.repo, "--keep-last", "1")
        assert w.restored("d") == one[:MIB] + two[MIB:]
        w.whole()
        # And is found by who comes then.
        assert w.backup(one[:MIB] + two[MIB:])["new_bytes"] == 0


def dead_backup(place):
    """A backup died: nothing of it is there, or all; prune cleans up."""
    with World() as w:
        w.backup(data(1, MIB), "first")
        w.disk.write_bytes(data(2, 2 * MIB))
        p = w.stopped_at(place, "backup", "--disk", w.disk, "--name", "dead",
                         w.repo)
        p.kill()
        p.wait()
        names = w.names()
        assert names == (["first", "dead"] if place == "put.committed"
                         else ["first"]), names
        w.whole()
        w.done("prune", w.repo, "--keep-last", "9", "--wait", "5")
        assert len(list((w.repo / "packs").rglob("?" * 64))) == len(names)
        assert w.backup(data(2, 2 * MIB), "again")["bytes"] == 2 * MIB
        assert w.restored("again") == data(2, 2 * MIB)
        w.whole()


def against():
    """verify --against: a disk is what the backup is, or where it is not."""
    with World() as w:
        want = bytearray(data(50, 3 * MIB) + bytes(MIB + 77))
        w.backup(want, "disk")
        o = w.json("verify", w.repo, "--against", w.disk)
        assert o["same"] and o["disks"][0]["different_bytes"] == 0, o
        for at in (0, 2 * MIB + 5, len(want) - 1):
            want[at] ^= 1
            w.disk.write_bytes(want)
            result = w.run("verify", w.repo, "disk", "--against", w.disk,
                           "--json")
            assert result.returncode == 1, result
            d, = json.loads(result.stdout)["disks"]
            last = len(want) % CHUNK if at == len(want) - 1 else CHUNK
            assert d["first_difference"] == at // CHUNK * CHUNK, (d, at)
            assert d["different_bytes"] == last, (d, at)
            want[at] ^= 1
        w.disk.write_bytes(want[:-1])
        result = w.run("verify", w.repo, "--against", w.disk)
        assert result.returncode == 1 and "the source's" in result.stdout, (
            result)
        w.fails(2, "--against wants a snapshot", "verify", w.repo,
                "--against", "disk")
        w.fails(2, "one --against", "verify", w.repo, "disk")
        w.fails(2, "one at a time", "verify", w.repo, "--data", "--against",
                w.disk)
        w.fails(1, "no backup in it is called x", "verify", w.repo, "x",
                "--against", w.disk)


def dies(w, want, place):
    """A backup of @want that is killed there."""
    w.disk.write_bytes(want)
    p = w.stopped_at(place, "backup", "--disk", w.disk, "--name", "x", w.repo)
    p.kill()
    p.wait()


def resumed():
    """What a dead backup stored is not stored again, also when the next one
    dies too; and by whom it was adopted does not matter."""
    with World() as w:
        want = data(40, 60 * MIB)
        dies(w, want, "put.pack#2")
        dies(w, want, "put.pack")
        # 60 MiB are less than four packs.
        packs = [p.stat().st_size for p in w.repo.glob("packs/*/*")]
        assert len(packs) in (3, 4), packs
        o = w.backup(want, "x")
        assert o["stored_bytes"] < len(want) - sum(packs) + MIB, (o, packs)
        assert len(list(w.repo.glob("packs/*/*"))) <= 5
        assert w.restored("x") == want
        w.whole()
        o = w.backup(want, "y")
        assert o["stored_bytes"] < CHUNK, o
        assert not list((w.top / "a").glob(".repositories/*/session-*"))


def resumed_beside_prune():
    """A prune takes what a dead backup stored; one that runs is not trusted to
    leave it."""
    with World() as w:
        want = data(41, 40 * MIB)
        dies(w, want, "put.pack#2")
        prune = "prune", w.repo, "--keep-last", "1", "--break-after", "0"
        p = w.stopped_at("prune.condemned", *prune)
        o = w.backup(want, "x")
        assert o["stored_bytes"] > 40 * MIB, o
        p.kill()
        p.wait()
        w.done(*prune)
        assert w.restored("x") == want
        w.whole()
        dies(w, data(42, 40 * MIB), "put.pack#2")
        w.done(*prune)
        w.whole()
        o = w.backup(data(42, 40 * MIB), "z")
        assert w.restored("z") == data(42, 40 * MIB)
        w.whole()


def beside(place):
    """A prune beside a backup that is at work, on another host: it leaves what
    it condemned; the backup is whole; the next prune goes on."""
    with World() as w:
        for i in range(2):
            w.backup(data(i, MIB), "old")
        w.disk.write_bytes(data(0, MIB) + data(7, MIB))
        p = w.stopped_at(place, "backup", "--disk", w.disk, "--name", "new",
                         w.repo, host="b")
        result = w.run("prune", w.repo, "--keep-last", "1", "--name", "old",
                       "--wait", "0")
        assert result.returncode == 3, result
        assert "1 session at work:" in result.stdout, result
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 0
        w.whole("b")
        # What was condemned and is needed is rescued, the rest goes.
        w.done("prune", w.repo, "--keep-last", "9", "--wait", "5")
        assert w.restored("new") == data(0, MIB) + data(7, MIB)
        assert sorted(w.names()) == ["new", "old"]
        w.whole()


def broken():
    """A backup that was taken for dead cannot commit."""
    with World() as w:
        w.backup(data(1, MIB), "first")
        w.disk.write_bytes(data(2, MIB))
        args = ["backup", "--disk", w.disk, "--name", "late", w.repo]
        p = w.stopped_at("put.synced", *args)
        # Its host's files are lost, so it counts as dead.
        for path in (w.top / "a" / ".repositories").rglob("session-*"):
            path.unlink()
        assert w.json("prune", w.repo, "--keep-last", "9", "--wait",
                      "5")["sessions_broken"] == 1
        p.send_signal(signal.SIGCONT)
        assert p.wait() == 1
        assert w.names() == ["first"]
        w.whole()


def dead_prune(place):
    """A prune died; the next one, of another host, finishes."""
    with World() as w:
        for i in range(3):
            w.backup(data(i, MIB))
        p = w.stopped_at(place, "prune", w.repo, "--keep-last", "1", "--yes",
                         "2")
        p.kill()
        p.wait()
        assert w.restored("d") == data(2, MIB)
        assert w.backup(data(1, MIB), "back")["bytes"] == MIB
        w.whole()
        w.done("prune", w.repo, "--keep-last", "9", host="b")
        w.done("prune", w.repo, "--keep-last", "9", host="b")
        assert w.restored("d") == data(2, MIB)
        assert w.restored("back") == data(1, MIB)
        assert len(list((w.repo / "packs").rglob("?" * 64))) == 2
        w.whole()


def two_hosts():
    """Both write at once; both backups are there."""
    with World() as w:
        procs = []
        for host in "a", "b", "c", "d":
            disk = w.top / f"disk-{host}"
            disk.write_bytes(data(host, 2 * MIB))
            procs.append(subprocess.Popen(
                [BIN, "backup", "-q", "--disk", str(disk), "--name", host,
                 str(w.repo)], env=w.environment(host),
                stdout=subprocess.DEVNULL))
        assert [p.wait() for p in procs] == [0] * 4
        assert sorted(w.names()) == ["a", "b", "c", "d"]
        for host in "abcd":
            assert w.restored(host) == data(host, 2 * MIB)
        w.whole()


# ---- damage ----


def flipped():
    """One byte flipped anywhere: named, or restored right; never wrong."""
    rng = random.Random(8)
    with World() as w:
        want = data(1, 3 * CHUNK) + bytes(CHUNK) + b"x" * CHUNK
        w.backup(want)
        for path in w.objects():
            was = path.read_bytes()
            for at in [0, len(was) - 1,
                       *rng.sample(range(len(was)), min(DAMAGE, len(was)))]:
                path.write_bytes(was[:at] + bytes([was[at] ^ 0x10])
                                 + was[at + 1:])
                check_damage(w, path, at, want)
            path.write_bytes(was)
        w.whole()


def check_damage(w, path, at, want):
    """What happens with that object damaged."""
    what = str(path.relative_to(w.repo))
    where = f"{what} at {at}"
    result = w.run("verify", "--data", w.repo)
    said = result.stdout + result.stderr
    folder = what.split("/")[0]
    if folder == "keys":
        # Its other copy opens the repository.
        assert result.returncode == 1 and what[:-1] in said, (where, said)
    elif what == "config" and "keys/" in said:
        # Another repository's, as far as anybody can tell.
        assert result.returncode == 1, (where, said)
    else:
        assert result.returncode == 1 and what in said, (where, said)
    to = w.top / "restored"
    to.unlink(missing_ok=True)
    result = w.run("restore", w.repo, "d", "--to", to)
    if result.returncode in (0, 3):
        assert to.read_bytes() == want, where
    else:
        assert not to.exists(), where


def missing():
    """An object that is gone is named."""
    with World() as w:
        w.backup(data(1, MIB))
        for path in w.objects():
            what = path.relative_to(w.repo).parts[0]
            away = w.top / "away"
            path.rename(away)
            result = w.run("verify", w.repo)
            if what in ("sessions", "keys"):
                assert result.returncode == 0, (path, result)
            else:
                assert result.returncode == 1, (path, result)
            away.rename(path)
        w.whole()


def set_back():
    """An older copy of all of it: told by who has seen more."""
    with World() as w:
        w.backup(data(1, CHUNK))
        shutil.copytree(w.repo, w.top / "older")
        w.backup(data(2, CHUNK))
        shutil.rmtree(w.repo)
        (w.top / "older").rename(w.repo)
        for args in (("backups", w.repo), ("verify", w.repo),
                     ("restore", w.repo, "d", "--to", w.top / "x"),
                     ("prune", w.repo, "--keep-last", "1")):
            w.fails(1, "was set back", *args)
        w.disk.write_bytes(b"x")
        w.fails(1, "was set back", "backup", "--disk", w.disk, w.repo)
        # A host that has not seen it cannot know; who says so goes on.
        assert w.names(host="b") == ["d"]
        w.done("backups", w.repo, "--accept-head")
        assert w.names() == ["d"]


def main():
    cases = [(f"{size} bytes", functools.partial(there_and_back, size))
             for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * MIB + 5,
                          17 * MIB + CHUNK)]
    cases += [
        ("nothing is stored twice", nothing_twice),
        ("holes", holes),
        ("in place", in_place),
        ("small chunks", small_chunks),
        ("wrong input", usage),
        ("other keys", other_keys),
        ("the last two of each name stay", functools.partial(
            kept, ["--keep-last", "2"], ["d0", "d0", "d1", "d1"])),
        ("the newest of the day stays", functools.partial(
            kept, ["--keep-daily", "7"], ["d0", "d1"])),
        ("more than half", half),
        ("a pack that another needs", shared),
        ("a backup that was taken for dead", broken),
        ("four hosts at once", two_hosts),
        ("bytes are flipped", flipped),
        ("objects are missing", missing),
        ("the repository was set back", set_back),
    ]
    cases.append(("against its source", against))
    cases.append(("a dead backup is gone on with", resumed))
    cases.append(("a dead backup and a prune", resumed_beside_prune))
    for place in "put.session", "put.pack", "put.synced", "put.committed":
        cases.append((f"a backup dies at {place}",
                      functools.partial(dead_backup, place)))
    for place in "put.session", "put.pack", "put.synced":
        cases.append((f"a prune beside a backup at {place}",
                      functools.partial(beside, place)))
    for place in "prune.condemned", "prune.swept", "prune.dropped":
        cases.append((f"a prune dies at {place}",
                      functools.partial(dead_prune, place)))
    run_cases(cases)


main()
