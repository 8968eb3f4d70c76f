#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What opens a repository: passphrases, slots that cost too much; how it is read
when an outcome or an index part is damaged; disks that are nearly empty; what
an init left that died."""
import functools
import json
import shutil

from repoworld import CHUNK, World, data
from simcheck import run_cases

# ---- what is damaged is left out ----

def as_a_stranger(w, *args):
    """A run by a host that has kept nothing of the index."""
    for kept in (w.top / "a" / ".repositories").glob("*/index"):
        shutil.rmtree(kept)
    return w.run(*args)


def left_out(folder, how):
    """One outcome or index part is bad: with --accept-head who reads goes on
    without it, all others come back, and nobody who writes does so."""
    with World() as w:
        a, b, c = (data(i, 3 * CHUNK) for i in range(3))
        first = w.backup(a, "a")
        w.backup(a[:CHUNK] + b[CHUNK:], "b")
        w.backup(c, "c")
        if folder == "outcomes":
            path = w.repo / "outcomes" / first["session"]
        else:
            # That of b names what b has anew.
            path, = [p for p in (w.repo / "index").iterdir() if
                     p.stat().st_mtime_ns == sorted(
                         q.stat().st_mtime_ns for q in p.parent.iterdir())[1]]
        was = path.read_bytes()
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(was[:90] + bytes([was[90] ^ 1]) + was[91:])
        name = str(path.relative_to(w.repo))
        to = w.top / "restored"
        result = as_a_stranger(w, "restore", w.repo, "c", "--to", to)
        assert result.returncode == 1 and "--accept-head" in result.stderr, (
            result)
        hurt = {"a", "b"} if folder == "outcomes" else {"b"}
        for backup, want in ("a", a), ("b", a[:CHUNK] + b[CHUNK:]), ("c", c):
            to.unlink(missing_ok=True)
            result = as_a_stranger(w, "restore", w.repo, backup, "--to", to,
                           "--accept-head")
            assert (result.returncode == 1) == (backup in hurt), result
            assert name in result.stderr, result
            if backup not in hurt:
                assert result.returncode == 3 and to.read_bytes() == want
        result = as_a_stranger(w, "verify", "--data", "--json",
                               "--accept-head", w.repo)
        assert result.returncode == 1 and name in result.stderr, result
        problems = json.loads(result.stdout)["problems"]
        assert how == "gone" or any(name in p for p in problems), problems
        assert any("backup b of" in p for p in problems), problems
        before = w.objects()
        w.disk.write_bytes(b)
        for args in (("backup", "--disk", w.disk, w.repo),
                     ("prune", w.repo, "--keep-last", "1")):
            result = as_a_stranger(w, *args, "--accept-head")
            assert result.returncode == 1 and name in result.stderr, result
        assert [p for p in w.objects() if "sessions" not in p.parts and
                "outcomes" not in p.parts] == [
                    p for p in before if "outcomes" not in p.parts and
                    "sessions" not in p.parts]
        path.write_bytes(was)
        assert set(w.names()) >= {"a", "b", "c"}
        w.whole()


# ---- passphrases ----

def passphrases():
    """The first line of a file, as it is; anything else is one line of why."""
    with World() as w:
        phrase, repo = w.top / "phrase", w.top / "by-phrase"
        opened = {"XENSNAP_KEY_FILE": "", "XENSNAP_PASSPHRASE_FILE":
                  str(phrase)}
        phrase.write_bytes(b"correct\0horse\nsecond line\n")
        w.done("init", repo, **opened)
        for good in b"correct\0horse", b"correct\0horse\nanother line":
            phrase.write_bytes(good)
            w.done("backups", repo, **opened)
        for bad in b"correct", b"correct\0horse\0":
            phrase.write_bytes(bad)
            w.fails(1, "no key of the repository has this passphrase",
                    "backups", repo, **opened)
        for bad, words in ((b"", "is empty"), (b"\n", "is empty"),
                           (b"\ncorrect\0horse", "is empty"),
                           (b"x" * (1 << 20), str(phrase))):
            phrase.write_bytes(bad)
            result = w.run("backups", repo, **opened)
            assert result.returncode in (1, 2) and words in result.stderr, (
                bad[:20], result)
            assert len(result.stderr.splitlines()) == 1, result


def dear_slots():
    """Slots that would take GiB and minutes are not tried before the one that
    opens."""
    with World() as w:
        phrase, repo = w.top / "phrase", w.top / "by-phrase"
        opened = {"XENSNAP_KEY_FILE": "", "XENSNAP_PASSPHRASE_FILE":
                  str(phrase)}
        phrase.write_text("correct horse\n")
        w.done("init", repo, **opened)
        slot = sorted((repo / "keys").iterdir())[0]
        good = slot.read_bytes()
        for i, (passes, kib) in enumerate(((64, 4 << 20), (64, 4 << 20),
                                           (3, 4 << 20), (64, 1 << 20))):
            # Names that are tried first.
            ident = bytes(15) + bytes([i])
            (repo / "keys" / f"{ident.hex()}-1").write_bytes(
                good[:28] + ident + passes.to_bytes(4, "little")
                + kib.to_bytes(4, "little") + good[52:])
        result = w.run("backups", repo, **opened)
        assert result.returncode == 0 and not result.stderr, result


# ---- a disk that is nearly empty ----

def huge():
    """16 TiB, of which two chunks are there: it takes as long as these."""
    with World() as w:
        size, at = 16 << 40, (9 << 40) + 12345
        with open(w.disk, "wb") as f:
            f.truncate(size)
            for where in at, size - 5:
                f.seek(where)
                f.write(b"there")
        w.done("backup", "--disk", w.disk, "--name", "d", w.repo)
        to = w.top / "restored"
        report = w.json("restore", w.repo, "d", "--to", to)
        assert report["written_bytes"] == 2 * CHUNK, report
        assert report["written_bytes"] + report["kept_bytes"] == size, report
        assert to.stat().st_size == size
        assert to.stat().st_blocks * 512 <= 4 * CHUNK
        with open(to, "rb") as f:
            for where in at, size - 5:
                f.seek(where)
                assert f.read(5) == b"there"
        with open(w.disk, "r+b") as f:
            f.truncate(2 << 50)
        w.fails(1, "too large", "backup", "--disk", w.disk, w.repo)


def not_yet():
    """A dry run of init refuses what init would, and makes nothing."""
    with World() as w:
        (w.top / "empty").mkdir()
        (w.top / "file").write_bytes(b"")
        for status, words, place in (
                (1, "not empty", w.repo), (1, "not empty", w.top),
                (1, "Not a directory", w.top / "file"),
                (1, "No such file", w.top / "no" / "repo")):
            for dry in [], ["--dry-run"]:
                w.fails(status, words, "init", place, *dry,
                        "--key-file", w.top / "made")
        assert not (w.top / "made").exists()
        for place in w.top / "empty", w.top / "new", f"{w.top}/new/":
            before = sorted(w.top.rglob("*"))
            assert w.json("init", place, "--dry-run") == {
                "repository": str(place), "dry_run": True}
            assert sorted(w.top.rglob("*")) == before
        assert w.json("init", w.top / "new") == {
            "repository": str(w.top / "new"), "key_file_made": False}


def half_made():
    """What an init that died has left is no hindrance, and opens nothing."""
    with World() as w:
        for last in ".reserve", "config":
            (w.repo / last).unlink()
        old = sorted((w.repo / "keys").iterdir())
        assert old and list((w.repo / "heads").iterdir())
        w.fails(1, "no repository", "backups", w.repo)
        w.done("init", w.repo, "--dry-run")
        w.done("init", w.repo)
        new = sorted((w.repo / "keys").iterdir())
        assert len(new) == len(old) and not set(new) & set(old), (old, new)
        w.backup(b"hello")
        assert w.restored("d") == b"hello"
        w.whole()


def main():
    run_cases([
        ("one that is not made yet", not_yet),
        ("one that is half made", half_made),
        ("an outcome is damaged", functools.partial(left_out, "outcomes",
                                                    "flipped")),
        ("an index part is damaged", functools.partial(left_out, "index",
                                                       "flipped")),
        ("an index part is gone", functools.partial(left_out, "index",
                                                    "gone")),
        ("passphrases", passphrases),
        ("slots that cost too much", dear_slots),
        ("16 TiB, nearly all of it holes", huge),
    ])


main()
