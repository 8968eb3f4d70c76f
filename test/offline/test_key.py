#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys of repositories: added, changed, removed, written down; a host with a
put-only key adds, and does nothing else; whoever dies leaves a key that
opens."""
import functools
import json
import random
import signal
import subprocess

from repoworld import CHUNK, MIB, World, data
from simcheck import run_cases
from simhost import TOP

ORACLE = TOP / "test" / "oracle" / "oracle.py"


class Keys(World):
    """A world, and its keys by the names of their files."""

    def by(self, name):
        """The environment in which key file @name opens."""
        return {"XENSNAP_KEY_FILE": str(self.top / name)}

    def add(self, name, *how, **kw):
        """A key by the new key file @name; its id."""
        return self.json("key", "add", self.repo, "--new-key-file",
                         self.top / name, *how, **kw)["id"]

    def keys(self, **kw):
        """What list says, by id."""
        result = self.run("key", "list", self.repo, "--json", **kw)
        assert result.returncode in (0, 3), result
        keys = json.loads(result.stdout)["keys"]
        assert (result.returncode == 0) == all(
            k["whole"] for k in keys), result
        return {k["id"]: k for k in keys}

    def own(self, name="key"):
        """The id of key file @name."""
        own, = [i for i, k in self.keys(**self.by(name)).items() if k["own"]]
        return own

    def opens(self, name):
        """Does key file @name open the repository?"""
        result = self.run("backups", self.repo, **self.by(name))
        if result.returncode in (0, 3):
            return True
        assert result.returncode == 1 and "key" in result.stderr, result
        return False

    def reads(self, want, **kw):
        """Backup d is @want, with a warning or without."""
        to = self.top / "restored"
        to.unlink(missing_ok=True)
        result = self.run("restore", self.repo, "d", "--to", to, **kw)
        assert result.returncode == (3 if result.stderr else 0), result
        assert to.read_bytes() == want

    def copies(self, key):
        """Its objects."""
        return sorted((self.repo / "keys").glob(f"{key}-?"))

    def oracle(self, *words, key="key"):
        """The independent reader: (status, output, errors)."""
        p = subprocess.run(
            ["/usr/bin/python3", "-B", str(ORACLE), str(self.repo),
             "--key-file", str(self.top / key), *map(str, words)], text=True,
            capture_output=True, check=False)
        return p.returncode, p.stdout, p.stderr


# ---- one by one ----


def added():
    """A second full key does all that the first does; its label is its own."""
    with Keys() as w:
        w.backup(data(1, MIB))
        first, second = w.own(), w.add("second", "--label", "Grüße")
        assert first != second and w.keys()[second]["kind"] == "full"
        assert len(w.copies(second)) == 2
        assert "label" not in w.keys()[second]
        assert w.keys()[first]["label"] == "first key"
        assert w.keys(**w.by("second"))[second]["label"] == "Grüße"
        assert w.restored("d", **w.by("second")) == data(1, MIB)
        w.done("prune", w.repo, "--keep-last", "1", **w.by("second"))
        table = w.done("key", "list", w.repo)
        assert "(sealed)" in table and "first key (own)" in table
        assert w.oracle("check", key="second") == (0, "", "")
        assert oct((w.top / "second").stat().st_mode)[-3:] == "400"


def passphrases():
    """A key by a passphrase, changed to another one, and to a file."""
    with Keys() as w:
        one, two = w.top / "one", w.top / "two"
        one.write_text("correct horse\n")
        two.write_text("battery staple\n")
        w.done("key", "add", w.repo, "--new-passphrase-file", one)
        env = {"XENSNAP_KEY_FILE": "", "XENSNAP_PASSPHRASE_FILE": str(one)}
        w.done("backups", w.repo, **env)
        w.done("key", "change", w.repo, "--new-passphrase-file", two, **env)
        w.fails(1, "no key of the repository has this passphrase", "backups",
                w.repo, **env)
        env["XENSNAP_PASSPHRASE_FILE"] = str(two)
        w.fails(1, "is a passphrase, which is known to you alone", "key",
                "export", w.repo, "own", "--paper", **env)
        w.done("key", "change", w.repo, "--new-key-file", w.top / "file",
               **env)
        assert w.opens("file") and len(w.keys()) == 2
        one.write_text("\n")
        w.fails(2, "the passphrase is empty", "key", "add", w.repo,
                "--new-passphrase-file", one)
        w.fails(2, "--new-key-file or --new-passphrase-file", "key", "add",
                w.repo)
        assert len(w.keys()) == 2


def removed():
    """It opens nothing any more; what was there stays; the last one stays."""
    with Keys() as w:
        w.backup(data(1, MIB))
        first, second = w.own(), w.add("second")
        put = w.add("put", "--put-only")
        said = w.done("key", "remove", w.repo, second[:8])
        assert "nothing was encrypted anew" in said, said
        assert not w.opens("second") and not w.copies(second)
        for key in "own", first:
            w.fails(1, "no full key would be left", "key", "remove", w.repo,
                    key)
        assert len(w.copies(first)) == 2
        w.fails(1, "no key of the repository begins with", "key", "remove",
                w.repo, second)
        w.done("key", "remove", w.repo, put)
        assert not w.opens("put") and set(w.keys()) == {first}
        w.add("third")
        w.done("key", "remove", w.repo, "own")
        assert not w.opens("key")
        assert w.restored("d", **w.by("third")) == data(1, MIB)


def changed():
    """Another secret for the same key, of both kinds."""
    with Keys() as w:
        w.backup(data(1, MIB))
        first, put = w.own(), w.add("put", "--put-only", "--label", "web")
        w.backup(data(2, MIB), "web", host="b", **w.by("put"))
        report = w.json("key", "change", w.repo, "--new-key-file",
                        w.top / "new")
        assert report["removed"] == first and report["id"] == w.own("new")
        assert not w.opens("key") and w.opens("new")
        assert w.keys(**w.by("new"))[report["id"]]["label"] == "first key"
        w.json("key", "change", w.repo, "--new-key-file", w.top / "put2",
               host="b", **w.by("put"))
        assert not w.opens("put")
        # It has the realm that it had.
        assert w.backup(data(2, MIB), "web", host="b",
                        **w.by("put2"))["new_bytes"] == 0
        own = w.keys(**w.by("put2"))[w.own("put2")]
        assert own["label"] == "web" and own["kind"] == "put-only"
        assert own["id"] != put and own["realm"] != 0
        w.done("key", "change", w.repo, "--new-key-file", w.top / "put3",
               "--label", "w", host="b", **w.by("put2"))
        assert w.keys(**w.by("put3"))[w.own("put3")]["label"] == "w"


def exported():
    """The key that was given, to a file and on paper; typed in, it opens."""
    with Keys() as w:
        second = w.add("second")
        for key in "own", w.own():
            to = w.top / f"copy-{key}"
            w.done("key", "export", w.repo, key, "--to", to)
            assert to.read_text() == w.key.read_text()
            assert oct(to.stat().st_mode)[-3:] == "400"
            w.fails(1, "is there already", "key", "export", w.repo, key,
                    "--to", to)
        w.fails(2, "is not the one that was given", "key", "export", w.repo,
                second, "--paper")
        paper = w.done("key", "export", w.repo, "own", "--paper")
        assert w.own() in paper and "first key" in paper, paper
        assert max(map(len, paper.splitlines())) < 80, paper
        typed = [line for line in paper.splitlines()
                 if line.startswith("    ")]
        assert len(typed) == 4, paper
        (w.top / "typed").write_text(" \n".join(typed).upper())
        assert w.opens("typed")
        said = w.json("key", "export", w.repo, "own", "--paper")
        assert said["key"] == w.key.read_text()


def usage():
    """One line each; nothing is changed."""
    with Keys() as w:
        second = w.add("second")
        before = w.objects()
        for status, words, args in (
                (2, "not 'lst'", ("lst", w.repo)),
                (2, "REPO is missing", ("list",)),
                (2, "one argument too many", ("list", w.repo, "own")),
                (2, "ID is missing", ("remove", w.repo)),
                (2, "ID is missing", ("export", w.repo, "--paper")),
                (2, "--to FILE or --paper", ("export", w.repo, "own")),
                (2, "exclude each other", ("export", w.repo, "own", "--paper",
                                           "--to", "x")),
                (2, "exclude each other", ("add", w.repo, "--new-key-file",
                                           "a", "--new-passphrase-file",
                                           "b")),
                (2, "key list has no option --label", ("list", w.repo,
                                                       "--label", "x")),
                (2, "key remove has no option --new-key-file", (
                    "remove", w.repo, "own", "--new-key-file", "x")),
                (2, "key change has no option --put-only", (
                    "change", w.repo, "--put-only")),
                (1, "at least 6 digits", ("remove", w.repo, second[:5])),
                (1, "begins with xyzxyz", ("remove", w.repo, "xyzxyz")),
                (1, "there is no repository", ("list", w.top)),
                (2, "at most 63 bytes", (
                    "add", w.repo, "--new-key-file", w.top / "second2",
                    "--label", "x" * 64)),
                (1, "which opened the repository", (
                    "change", w.repo, "--new-key-file", w.key)),
                (1, "which opened the repository", (
                    "add", w.repo, "--new-key-file", w.key)),
                (1, "opens key", ("add", w.repo, "--put-only",
                                  "--new-key-file", w.top / "second"))):
            w.fails(status, words, "key", *args)
        for action, args in (("add", ()), ("change", ()),
                             ("remove", (second,)), ("export", ("own",))):
            more = ("--to", w.top / "none") if action == "export" else ()
            said = w.done("key", action, w.repo, *args, *more, "--dry-run")
            assert said.startswith("would"), said
        assert not (w.top / "none").exists()
        assert before == w.objects()
        w.done("key", "remove", w.repo, second)
        w.fails(1, "no full key would be left", "key", "remove", w.repo,
                "own", "--dry-run")


# ---- a host that only adds ----


def put_only():
    """It backs up, and neither reads, verifies, prunes nor manages keys; who
    has a full key reads what it added."""
    with Keys() as w:
        w.backup(data(1, MIB), "mine")
        key = w.add("put", "--put-only")
        assert w.keys()[key]["kind"] == "put-only"
        put = dict(host="b", **w.by("put"))
        report = w.backup(data(2, MIB) + bytes(MIB), "theirs", **put)
        assert report["bytes"] == 2 * MIB
        assert w.names(**put) == ["theirs"]
        assert sorted(w.names()) == ["mine", "theirs"]  # maybe of one second
        to = w.top / "x"
        for words, args in (
                ("to read takes a full one", ("restore", w.repo, "theirs",
                                              "--to", to)),
                ("no backup", ("restore", w.repo, "mine", "--to", to)),
                ("to verify takes a full one", ("verify", w.repo)),
                ("a prune needs a full one", ("prune", w.repo, "--keep-last",
                                              "1")),
                ("takes a full one", ("key", "add", w.repo, "--new-key-file",
                                      w.top / "y")),
                ("takes a full one", ("key", "remove", w.repo, w.own()))):
            w.fails(1, words, *args, **put)
            assert not to.exists()
        w.done("key", "list", w.repo, **put)
        assert w.restored("theirs") == data(2, MIB) + bytes(MIB)
        w.whole()
        status, out, err = w.oracle("check")
        assert (status, out, err) == (0, "", ""), err
        status, out, err = w.oracle("extract", "theirs", "disk", to)
        assert status == 0 and to.read_bytes() == data(2, MIB) + bytes(MIB)
        # And who has a full key prunes what it added.
        w.backup(data(3, MIB), "theirs", **put)
        w.done("prune", w.repo, "--keep-last", "1")
        assert w.names(**put) == ["theirs"]
        assert w.restored("theirs") == data(3, MIB)
        assert w.backup(data(3, MIB), "theirs", **put)["new_bytes"] == 0
        w.whole()


def realms():
    """What is in another realm is stored again; what is in one's own is not,
    in a later session neither."""
    with Keys() as w:
        one = data(1, MIB)
        w.backup(one)
        ids = [w.add(f"put{i}", "--put-only") for i in range(3)]
        assert len({i[:8] for i in ids}) == 3
        for i in range(3):
            put = dict(host=f"h{i}", **w.by(f"put{i}"))
            first = w.backup(one + one, f"p{i}", **put)
            assert MIB <= first["new_bytes"] < MIB + CHUNK, first
            assert w.backup(one + one, f"p{i}", **put)["new_bytes"] == 0
            own = w.keys(**w.by(f"put{i}"))[ids[i]]
            assert own["realm"] == int.from_bytes(
                bytes.fromhex(ids[i])[:4], "little"), own
        assert w.backup(one)["new_bytes"] == 0
        w.whole()
        w.done("prune", w.repo, "--keep-last", "1")
        for i in range(3):
            assert w.restored(f"p{i}") == one + one
            assert w.backup(one + one, f"p{i}", host=f"h{i}",
                            **w.by(f"put{i}"))["new_bytes"] == 0
        assert w.oracle("check") == (0, "", "")


# ---- who dies ----


def die(w, place, *args, **env):
    """A xensnap dies there."""
    result = w.run("key", *args, XENSNAP_DIE_AT=place, **env)
    assert result.returncode == -signal.SIGKILL, (place, result)


def add_dies(place, *how):
    """The first key opens; the new one may; again, and it is whole."""
    with Keys() as w:
        w.backup(data(1, MIB))
        die(w, place, "add", w.repo, "--new-key-file", w.top / "new", *how)
        assert w.restored("d") == data(1, MIB)
        assert w.opens("new")
        half, = [k for k in w.keys().values() if not k["own"]]
        assert half["whole"] == (place == "key.added"), half
        assert w.add("new", *how) == half["id"]
        assert len(w.keys()) == 2 and all(k["whole"] for k in
                                          w.keys().values())
        # Or away with it.
        w.done("key", "remove", w.repo, half["id"])
        assert not w.opens("new") and len(w.keys()) == 1


def half_added():
    """What is half is no reason to take the whole one away; it can go."""
    with Keys() as w:
        die(w, "key.copy", "add", w.repo, "--new-key-file", w.top / "new")
        w.fails(1, "no full key would be left", "key", "remove", w.repo,
                "own")
        half, = [i for i, k in w.keys().items() if not k["own"]]
        assert w.keys()[half]["copies"] == "one, one missing"
        w.done("key", "remove", w.repo, half)
        assert not w.opens("new") and len(w.keys()) == 1


def remove_dies(place):
    """The other key opens; again, and it is gone."""
    with Keys() as w:
        w.backup(data(1, MIB))
        second = w.add("second")
        die(w, place, "remove", w.repo, second)
        assert w.restored("d") == data(1, MIB)
        if place == "key.half":
            assert w.opens("second") and not w.keys()[second]["whole"]
            # It does not count any more as one that would be left.
            w.fails(1, "no full key would be left", "key", "remove", w.repo,
                    "own")
            w.done("key", "remove", w.repo, second)
        assert not w.opens("second") and set(w.keys()) == {w.own()}


def change_dies(place):
    """One of the two opens; again by whichever does, and there is one."""
    with Keys() as w:
        w.backup(data(1, MIB))
        die(w, place, "change", w.repo, "--new-key-file", w.top / "new")
        if place == "key.removed":
            assert not w.opens("key")
        else:
            assert w.restored("d") == data(1, MIB)
            w.done("key", "change", w.repo, "--new-key-file", w.top / "new")
        assert not w.opens("key")
        assert w.restored("d", **w.by("new")) == data(1, MIB)
        keys = w.keys(**w.by("new"))
        assert len(keys) == 1 and all(k["whole"] for k in keys.values())


def two_remove(second_place):
    """Two take away each other's key: one of the keys stays."""
    with Keys() as w:
        w.backup(data(1, MIB))
        first, second = w.own(), w.add("second")
        p = w.stopped_at("key.half", "key", "remove", w.repo, second)
        result = w.run("key", "remove", w.repo, first, host="b",
                       XENSNAP_DIE_AT=second_place or "", **w.by("second"))
        p.send_signal(signal.SIGCONT)
        p.wait()
        opened = [k for k in ("key", "second") if w.opens(k)]
        assert opened, (p.returncode, result)
        assert w.restored("d", **w.by(opened[0])) == data(1, MIB)


# ---- what others wrote there ----


def hostile():
    """Random bytes, other names, another's key: passed over, and told."""
    with Keys() as w:
        w.backup(data(1, MIB))
        second, rng = w.add("second"), random.Random(3)
        keys = w.repo / "keys"
        one = (keys / f"{second}-1").read_bytes()
        junk = [(f"{rng.randbytes(16).hex()}-1", rng.randbytes(n))
                for n in (0, 1, 125, 190, 5000)]
        junk += [(f"{rng.randbytes(16).hex()}-{i}", one) for i in (1, 2)]
        # It would take 4 GiB, if it asked for what it may.
        greedy = bytearray(one)
        greedy[11] = 1
        greedy[44:52] = (64).to_bytes(4, "little") + \
            (4 << 20).to_bytes(4, "little")
        junk.append((f"{bytes(greedy[28:44]).hex()}-1", bytes(greedy)))
        junk += [("x", b"x"), ("." + second, one), (f"{second}-3", one),
                 (f"{second.upper()}-1", one)]
        w.done("key", "remove", w.repo, second)
        for name, content in junk:
            (keys / name).write_bytes(content)
        w.reads(data(1, MIB))
        listed = w.keys()
        assert listed[w.own()]["whole"]
        assert sum(k["copies"] == "damaged" for k in listed.values()) == 7
        # None of it is a full key that would be left.
        result = w.run("key", "remove", w.repo, "own")
        assert "no full key would be left" in result.stderr, result
        for key, k in listed.items():
            if not k["own"]:
                w.run("key", "remove", w.repo, key)
        assert set(w.keys()) == {w.own()}


def one_copy(kind):
    """One copy is damaged or gone: the other opens, and it is told; with its
    secret it is made whole."""
    with Keys() as w:
        w.backup(data(1, MIB))
        second, rng = w.add("second"), random.Random(4)
        for copy in w.copies(w.own()) + w.copies(second):
            good = copy.read_bytes()
            for at in (0, 30, 60, 70, len(good) - 1):
                if kind == "gone":
                    copy.unlink()
                elif kind == "random":
                    copy.write_bytes(rng.randbytes(len(good)))
                else:
                    copy.write_bytes(good[:at] + bytes([good[at] ^ 4])
                                     + good[at + 1:])
                name = "key" if w.own("second") not in copy.name else "second"
                w.reads(data(1, MIB), **w.by(name))
                key = copy.name[:32]
                assert not w.keys()[key]["whole"], (copy, at)
                other = "second" if name == "key" else "key"
                # Told once more, as it is looked for and found.
                assert w.run("key", "add", w.repo, "--new-key-file", w.top /
                             name, **w.by(other)).returncode in (0, 3)
                assert copy.read_bytes() == good
                assert w.keys()[key]["whole"]
        # The damaged copy goes first, so that a whole one is the last.
        first = w.copies(second)[1]
        first.write_bytes(b"x")
        die(w, "key.half", "remove", w.repo, second)
        assert w.opens("second")


def main():
    cases = [
        ("a full key is added", added),
        ("passphrases", passphrases),
        ("a key is removed", removed),
        ("a key is changed", changed),
        ("a key is written down", exported),
        ("wrong input", usage),
        ("a put-only key", put_only),
        ("realms", realms),
        ("half a key", half_added),
        ("what others wrote there", hostile),
    ]
    for kind in "flipped", "random", "gone":
        cases.append((f"one copy is {kind}", functools.partial(one_copy,
                                                               kind)))
    for place in "key.copy", "key.added":
        cases += [(f"add dies at {place}", functools.partial(add_dies,
                                                             place)),
                  (f"add of a put-only key dies at {place}",
                   functools.partial(add_dies, place, "--put-only"))]
    for place in "key.half", "key.removed":
        cases.append((f"remove dies at {place}",
                      functools.partial(remove_dies, place)))
    for place in "key.copy", "key.added", "key.half", "key.removed":
        cases.append((f"change dies at {place}",
                      functools.partial(change_dies, place)))
    for place in None, "key.half":
        cases.append((f"two remove at once, one dies at {place}",
                      functools.partial(two_remove, place)))
    run_cases(cases)


main()
