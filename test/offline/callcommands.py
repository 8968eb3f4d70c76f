# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that callworld.py has go wrong: what is there before, and what
must be true behind them."""
import shutil

from callworld import Fault
from offline import config
from repoworld import data

KIB = 1 << 10
OLD, NEW = data(1, 200 * KIB) + bytes(70 * KIB), data(2, 210 * KIB + 17)
OTHER = data(3, 150 * KIB)


class Command:
    """One command.  What is not said here is as with one that only reads."""
    name = ""
    stdin = b""

    def prepare(self, w):
        """What is there before: backup old of OLD."""
        w.done("init", w.repo)
        w.backup(OLD, "old")

    def words(self, w):
        raise NotImplementedError

    def right(self, w):
        """It said that all is well: so it is."""

    def found(self, w):
        """It failed: did it tell what it found, and so no error?"""
        del w
        return False

    def behind(self, w, killed):
        """What must hold whatever it said; @killed: it could not tidy up."""
        assert w.listed() == ["old"], w.listed()

    def again(self, w):
        """Without a fault it succeeds."""
        w.done(*self.words(w))
        self.right(w)

    def sound(self, w):
        """The repository is."""
        w.whole()
        assert w.restored("old") == OLD


class Init(Command):
    name = "init"

    def prepare(self, w):
        pass

    def words(self, w):
        return "init", w.repo

    def right(self, w):
        assert w.listed() == []

    def behind(self, w, killed):
        result = w.run("backups", w.repo)
        if result.returncode:
            assert result.returncode in (1, 2), result
            assert "no repository" in result.stderr or \
                "No such file" in result.stderr, result
            w.done("init", w.repo)
        assert w.listed() == []

    def again(self, w):
        w.fails(1, "", "init", w.repo)

    def sound(self, w):
        w.whole()
        w.backup(OLD, "old")
        assert w.restored("old") == OLD


class Backup(Command):
    name = "backup"

    def prepare(self, w):
        super().prepare(w)
        w.disk.write_bytes(NEW)

    def words(self, w):
        return "backup", "--disk", w.disk, "--name", "new", w.repo

    def right(self, w):
        assert "new" in w.listed(), w.listed()
        assert w.restored("new") == NEW

    def behind(self, w, killed):
        assert w.listed() in (["old"], ["new", "old"]), w.listed()
        if "new" in w.listed():
            self.right(w)

    def sound(self, w):
        super().sound(w)
        w.done("prune", w.repo, "--keep-last", "9", "--wait", "0")
        w.whole()
        o = w.json("prune", w.repo, "--keep-last", "9")
        assert o["deleted_packs"] == o["forgotten"] == 0, o
        assert len(w.packs()) in (2, 3), w.packs()
        assert w.restored("old") == OLD and w.restored("new") == NEW


class Stream(Backup):
    name = "backup of a stream"
    stdin = NEW

    def words(self, w):
        return "backup", "--disk", "-", "--name", "new", w.repo

    def again(self, w):
        w.done(*Backup.words(self, w))
        self.right(w)


class Restore(Command):
    name = "restore"

    def words(self, w):
        return "restore", w.repo, "old", "--to", w.out

    def right(self, w):
        assert w.out.read_bytes() == OLD

    def behind(self, w, killed):
        super().behind(w, killed)
        assert not w.out.exists() or w.out.read_bytes() == OLD
        left = [p for p in w.top.iterdir() if ".out." in p.name]
        assert killed or not left, left

    def again(self, w):
        w.out.unlink(missing_ok=True)
        super().again(w)


class Folder(Command):
    name = "restore to a folder"
    disks = {"xvda": OLD, "xvdb": OTHER}

    def prepare(self, w):
        w.done("init", w.repo)
        items = []
        for vdev, content in self.disks.items():
            (w.top / vdev).write_bytes(content)
            items.append(f"{w.top / vdev},raw,{vdev},w")
        file = config(w.top / "web1.cfg", items)
        w.done("backup", "--config", file, "--name", "old", w.repo)

    def words(self, w):
        return "restore", w.repo, "old", "--to", f"{w.out}/"

    def right(self, w):
        assert sorted(p.name for p in w.out.iterdir()) == [
            "domain.cfg", "snapshot.json", "xvda.img", "xvdb.img"]
        self.whole_files(w)

    def whole_files(self, w):
        for vdev, content in self.disks.items():
            path = w.out / f"{vdev}.img"
            assert not path.exists() or path.read_bytes() == content, vdev

    def behind(self, w, killed):
        super().behind(w, killed)
        self.whole_files(w)
        left = list(w.out.iterdir()) if w.out.exists() else []
        assert killed or len(left) in (0, 4), left

    def again(self, w):
        shutil.rmtree(w.out, ignore_errors=True)
        super().again(w)

    def sound(self, w):
        w.whole()


class InPlace(Restore):
    name = "restore in place"

    def prepare(self, w):
        super().prepare(w)
        w.out.write_bytes(OLD[:100 * KIB] + OTHER + OLD[250 * KIB:])

    def words(self, w):
        return "restore", w.repo, "old", "--in-place", "--to", w.out

    def behind(self, w, killed):
        Command.behind(self, w, killed)
        assert w.out.exists()

    def again(self, w):
        Command.again(self, w)


class ToStdout(Command):
    name = "restore to stdout"

    def words(self, w):
        return "restore", w.repo, "old", "--to", "-"

    def right(self, w):
        assert (w.top / "stdout").read_bytes() == OLD

    def again(self, w):
        p, _ = w.faulty(Fault("all", 0, 1, False), *self.words(w))
        assert p.returncode == 0, p
        self.right(w)


class Prune(Command):
    name = "prune"

    def prepare(self, w):
        w.done("init", w.repo)
        w.backup(OTHER, "old")
        w.backup(OLD, "old")

    def words(self, w):
        return "prune", w.repo, "--keep-last", "1", "--wait", "0"

    def right(self, w):
        assert w.listed() == ["old"], w.listed()

    def behind(self, w, killed):
        assert w.listed() in (["old"], ["old", "old"]), w.listed()
        assert w.restored("old") == OLD

    def sound(self, w):
        super().sound(w)
        o = w.json(*self.words(w))
        assert o["deleted_packs"] == o["forgotten"] == 0, o
        assert len(w.packs()) == 1, w.packs()


class Verify(Command):
    name = "verify --data"

    def words(self, w):
        return "verify", "--data", w.repo

    def found(self, w):
        """What cannot be read is damage to it, and damage is its result."""
        lines = (w.top / "stdout").read_text().splitlines()
        return len(lines) > 1 and "damaged: " in lines[-1]


class Backups(Command):
    name = "backups"

    def words(self, w):
        return "backups", "--json", w.repo

    def right(self, w):
        assert '"old"' in (w.top / "stdout").read_text()

    def again(self, w):
        w.done(*self.words(w))


class KeyAdd(Command):
    name = "key add"

    def words(self, w):
        return "key", "add", w.repo, "--new-key-file", w.top / "new"

    def right(self, w):
        assert w.opens("new")

    def behind(self, w, killed):
        assert w.opens("key")

    def again(self, w):
        w.done(*self.words(w))
        assert w.opens("key") and w.opens("new")
        keys = w.json("key", "list", w.repo)["keys"]
        # A key file that was lost with the run has left its slot, at most.
        assert len(keys) in (2, 3), keys


class KeyChange(KeyAdd):
    name = "key change"

    def words(self, w):
        return "key", "change", w.repo, "--new-key-file", w.top / "new"

    def behind(self, w, killed):
        assert w.opens("key") or w.opens("new")

    def again(self, w):
        if w.opens("key"):
            w.done(*self.words(w))
        assert w.opens("new") and not w.opens("key")

    def sound(self, w):
        new = {"XENSNAP_KEY_FILE": str(w.top / "new")}
        o = w.json("verify", "--data", w.repo, **new)
        assert o["hurt_backups"] == 0, o
        assert w.restored("old", **new) == OLD


class KeyRemove(Command):
    name = "key remove"

    def prepare(self, w):
        super().prepare(w)
        o = w.json("key", "add", w.repo, "--new-key-file", w.top / "new")
        (w.top / "id").write_text(o["id"])

    def words(self, w):
        return "key", "remove", w.repo, (w.top / "id").read_text()

    def right(self, w):
        assert not w.opens("new")

    def behind(self, w, killed):
        assert w.opens("key")

    def again(self, w):
        if w.opens("new"):
            w.done(*self.words(w))
        assert w.opens("key") and not w.opens("new")


COMMANDS = [Init(), Backup(), Stream(), Restore(), Folder(), InPlace(),
            ToStdout(), Prune(), Verify(), Backups(), KeyAdd(), KeyChange(),
            KeyRemove()]
