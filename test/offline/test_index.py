#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a host keeps of a repository's index: whatever becomes of it, what is
found is what the repository says: nothing that is there is stored again, and
nothing is taken for there that is not."""
import functools
import os
import random
import shutil
import signal

from repoworld import MIB, World, data
from simcheck import run_cases

LONG = bool(os.environ.get("LONG"))
PLACES = ["index.written", "index.kept", "index.dropped"]


def cache(w, host="a"):
    """The folder with what @host keeps."""
    return next((w.top / host / ".repositories").iterdir()) / "index"


def files(w, host="a"):
    return sorted(cache(w, host).glob("*.run"))


# ---- what may become of it ----


def lost(w):
    if cache(w).is_dir():
        shutil.rmtree(cache(w))
    else:
        cache(w).unlink(missing_ok=True)


def flipped(w):
    """A byte of each file, another one each time."""
    for path in files(w):
        body = bytearray(path.read_bytes())
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
        path.write_bytes(body)


def cut(w):
    for path in files(w):
        os.truncate(path, random.randrange(path.stat().st_size))


def empty(w):
    for path in files(w):
        path.write_bytes(b"")


def foreign(w):
    """Another repository's, by the names of ours."""
    with World() as other:
        for i in range(3):
            other.backup(data(100 + i, MIB))
        theirs = files(other)[0].read_bytes()
        for path in files(w):
            path.write_bytes(theirs)


def no_folder(w):
    lost(w)
    cache(w).write_bytes(b"not a folder")


def no_files(w):
    """A folder, and a link to nowhere, where a file was."""
    for i, path in enumerate(files(w)):
        if path.is_dir() and not path.is_symlink():
            continue
        path.unlink()
        if i % 2:
            path.mkdir()
        else:
            path.symlink_to("nowhere")


KINDS = [lost, flipped, cut, foreign, no_folder]
if LONG:
    KINDS += [empty, no_files]


def becomes(kind):
    """Before each verb that happens to it; all is as if nothing had."""
    with World() as w:
        random.seed(kind.__name__)
        wants = {f"d{i}": data(i, MIB + i * 65536) for i in range(3 if LONG else 2)}
        for name, want in wants.items():
            w.backup(want, name)
        assert files(w)
        for _ in range(30 if LONG else 1):
            for name, want in wants.items():
                kind(w)
                report = w.backup(want, name)
                assert report["new_bytes"] == 0, report
                kind(w)
                assert w.restored(name) == want
            kind(w)
            w.done("prune", w.repo, "--keep-last", "1")
            kind(w)
            w.whole()
        assert w.names() == list(wants)
        w.whole("fresh")


# ---- what is not there any more ----


def gone_is_gone(who):
    """What a prune took away is stored again, by who has seen it there; even if
    his files are put back as they were."""
    with World() as w:
        keep, go = data(1, 2 * MIB), data(2, 2 * MIB)
        w.backup(keep, "keep")
        w.backup(go, "go")
        w.backup(go, "go")
        before = w.top / "before"
        shutil.copytree(cache(w), before)
        w.backup(data(3, MIB), "go")
        w.names(host="b")
        w.done("prune", w.repo, "--keep-last", "1",
               host="b" if who == "another" else "a")
        if who == "old":
            shutil.rmtree(cache(w))
            shutil.copytree(before, cache(w))
        report = w.backup(keep, "keep")
        assert report["new_bytes"] == 0, report
        report = w.backup(go, "back")
        # Its pieces, and the node above them.
        assert report["new_bytes"] == 2 * MIB + 32 * 32, report
        for host in "a", "fresh":
            assert w.restored("back", host=host) == go
            assert w.restored("keep", host=host) == keep
        w.whole("fresh")


def part_is_missing():
    """A host that has kept what was in an index part says that it is missing,
    as others do."""
    with World() as w:
        want = data(1, MIB)
        w.backup(want, "a")
        w.backup(want, "a")
        for path in (w.repo / "index").iterdir():
            path.unlink()
        for host in "a", "fresh":
            w.fails(1, "index/", "restore", w.repo, "a", "--to",
                    w.top / "none", host=host)
            assert not (w.top / "none").exists()


def part_is_damaged():
    """verify asks the repository, not what this host has kept."""
    with World() as w:
        want = data(1, MIB)
        w.backup(want, "a")
        assert w.restored("a") == want
        path, = (w.repo / "index").iterdir()
        body = bytearray(path.read_bytes())
        body[-20] ^= 1
        path.write_bytes(body)
        for host in "a", "fresh":
            result = w.run("verify", w.repo, host=host)
            assert result.returncode == 1, result
            assert path.name in result.stdout + result.stderr, result


# ---- killed, and two at once ----


def killed(place):
    """Whoever dies while he keeps it leaves nothing that does harm."""
    with World() as w:
        wants = [data(i, MIB) for i in range(8 if LONG else 3)]
        died = 0
        for i, want in enumerate(wants):
            w.backup(want, f"d{i}")
            # Its index part is new to the next one.
            result = w.run("backup", "--disk", w.disk, "--name", f"d{i}",
                           w.repo, XENSNAP_DIE_AT=place)
            assert result.returncode in (0, -signal.SIGKILL), result
            died += result.returncode != 0
            report = w.backup(want, f"d{i}")
            assert report["new_bytes"] == 0, report
        # Not each replaces a file.
        assert died == len(wants) or place == "index.dropped" and died, died
        assert len(files(w)) <= 6, files(w)
        for i, want in enumerate(wants):
            assert w.restored(f"d{i}") == want
        w.whole()


def together():
    """One stops before he keeps what he made; others come and go meanwhile."""
    with World() as w:
        wants = [data(i, MIB) for i in range(11)]
        for i in 0, 1:
            w.backup(wants[i], f"d{i}")
        disk = w.top / "other"
        for k, place in enumerate(reversed(PLACES)):
            first = 2 + 3 * k
            w.backup(wants[first], f"d{first}")
            disk.write_bytes(wants[first + 1])
            p = w.stopped_at(place, "backup", "--disk", disk, "--name",
                             f"d{first + 1}", w.repo)
            w.backup(wants[first + 2], f"d{first + 2}")
            p.send_signal(signal.SIGCONT)
            assert p.wait() == 0
        for i, want in enumerate(wants):
            assert w.restored(f"d{i}") == want
        report = w.backup(b"".join(wants), "all")
        assert report["new_bytes"] == 32 * 16 * len(wants), report
        w.whole()


def main():
    cases = [(f"{kind.__name__}: the same is found", functools.partial(
        becomes, kind)) for kind in KINDS]
    cases += [
        ("what this host pruned is stored again",
         functools.partial(gone_is_gone, "itself")),
        ("what another pruned is stored again",
         functools.partial(gone_is_gone, "another")),
        ("files of before a prune are not believed",
         functools.partial(gone_is_gone, "old")),
        ("an index part that is missing is missed", part_is_missing),
        ("verify sees an index part that is damaged", part_is_damaged),
        ("others at work meanwhile", together),
    ]
    cases += [(f"killed at {place}", functools.partial(killed, place))
              for place in PLACES]
    run_cases(cases)


main()
