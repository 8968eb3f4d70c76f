# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository that is attacked, and what came of it: nothing but what was
saved is restored, in a bounded time and memory, and into its place alone."""
import hmac
import json
import os
import shutil
import signal
import subprocess
import time

import forge
import traced
from formats import FORMATS
from forge import Forger
from sealed import CONFIG
from subjects import Xensnap

CPU_SECONDS, RSS_MIB, WALL_SECONDS = 10, 512, 300


class Escape(AssertionError):
    """An attack came to something that must not be."""


class Victim(Xensnap):
    """Two backups and a third; another repository; both with a copy."""

    def __init__(self, top):
        super().__init__(top)
        self.other, self.older = self.top / "other", self.top / "older"
        self.formats = FORMATS
        self.forger = None
        self.expected = None

    @staticmethod
    def copied(made, top):
        """The one that was made at @made, at @top, where nothing is yet."""
        shutil.copytree(made, top)
        same = Victim(top)
        same.forger = Forger(same.repo, same.top / "key")
        return same

    def make(self):
        self.other, self.repo = self.repo, self.other
        key = self.top / "key"
        super().make()
        shutil.rmtree(self.good)
        self.other, self.repo = self.repo, self.other
        shutil.rmtree(self.memory)
        key.rename(self.top / "other.key")
        shutil.rmtree(self.image.parent)
        super().make()
        shutil.copytree(self.repo, self.older)
        self.image.write_bytes(b"newest")
        self.save("newest")
        self.image.unlink()
        self.forget_derived()
        shutil.rmtree(self.good)
        shutil.copytree(self.repo, self.good / "repo")
        shutil.copytree(self.memory, self.good / "memory")
        self.forger = Forger(self.repo, key)

    def files(self, top=None):
        top = top or self.good / "repo"
        return sorted(str(p.relative_to(top)) for p in top.rglob("[!.]*")
                      if p.is_file())

    def last(self, folder):
        """The newest object of @folder."""
        old = set(self.files(self.older))
        new = [f for f in self.files() if f.startswith(folder)]
        return next((f for f in new if f not in old), new[-1])

    # ---- what attacks are made of ----

    def put_record(self, name, body, **how):
        """In the place of the one that is there."""
        self.forger.put_record(name, body, **how)

    def with_mac(self, config):
        k = self.forger.keys
        return config + hmac.digest(k.derive(k.head, "config"), config,
                                    "sha256")

    def one_by_one(self, pieces, size, root, bodies):
        """A backup with a blob for each piece; its session."""
        f = self.forger
        blobs = [bodies.get(i) or forge.blob_body([p])
                 for i, p in enumerate(pieces)]
        places, pack, length = f.put_pack(blobs, f.listing(
            [[p] for p in pieces]))
        part = f.put_part(f.part_body(pack, length, [
            (f.keys.piece_id(0, kind, d), at, n, 0)
            for (kind, d), (at, n) in zip(pieces, places)]))
        return f.put_outcome([f.disk(size, root)], [part])

    def made(self, data, **lie):
        """A backup of @data, but for its trailer, footer or index part."""
        f = self.forger
        pieces, root = f.tree(data)
        places, pack, length = f.put_pack(
            [forge.blob_body(pieces)], lie.get("trailer") or f.listing(
                [pieces]), footer=lie.get("footer"))
        (at, n), = places
        body = f.part_body(pack, length, [
            (f.keys.piece_id(0, kind, d), at, n, i)
            for i, (kind, d) in enumerate(pieces)])
        if "part" in lie:
            # The pack's name was not known when the lie was made.
            body = lie["part"].replace(bytes(32), pack)
        self.expected = data
        return f.put_outcome([f.disk(len(data), root)], [f.put_part(body)])

    def configured(self, piece, mode):
        """A backup with that configuration."""
        f = self.forger
        pieces, root = f.tree(b"q" * 100)
        ident = f.keys.piece_id(0, CONFIG, piece)
        self.expected = b"q" * 100
        return f.put_backup(pieces + [(CONFIG, piece)] * bool(piece), 100,
                            root, mode=mode, of=1 + (mode == 5),
                            config=ident, config_bytes=len(piece),
                            domain=b"web1", disk={"vdev": b"xvda"})

    # ---- what comes of it ----

    def bounded(self, *argv):
        """(status, stdout, stderr), within the bounds."""
        out, err = self.top / "out", self.top / "err"
        env = {"PATH": os.environ["PATH"], "HOME": str(self.top),
               **{k: v for k, v in os.environ.items() if "SAN_OPT" in k},
               **self.env()}
        with open(out, "wb") as o, open(err, "wb") as e:
            p = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(a) for a in argv], env=env, stdout=o, stderr=e,
                stdin=subprocess.DEVNULL, cwd=self.image.parent)
            end = time.monotonic() + WALL_SECONDS
            while True:
                pid, status, usage = os.wait4(p.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > end:
                    p.send_signal(signal.SIGKILL)
                time.sleep(0.003)
        p.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        self.must(p.returncode in (0, 1, 2, 3, 4), argv[1:2],
                  f"status {p.returncode}: {err.read_text('latin-1')[:2000]}")
        self.must(cpu <= CPU_SECONDS, argv[1:2], f"{cpu:.1f} s")
        self.must(usage.ru_maxrss <= RSS_MIB << 10, argv[1:2],
                  f"{usage.ru_maxrss >> 10} MiB")
        return p.returncode, out.read_bytes(), err.read_bytes()

    @staticmethod
    def must(fine, *what):
        if not fine:
            raise Escape(" ".join(map(str, what)))

    def plain(self, said):
        """No control reaches a terminal, and it is text."""
        text = said.decode()
        self.must(all(c >= " " and not "\x7f" <= c < "\xa0" or c == "\n"
                      for c in text), "controls in", repr(said[:500]))

    def outside(self):
        """All files that no attack may touch."""
        return sorted(str(p) for p in self.top.rglob("*") if not any(
            q in p.parents or q == p for q in (
                self.repo, self.memory, self.top / "to", self.top / "out",
                self.top / "err", self.top / "outside")))

    def attacked(self, attack):
        """Make it, look, put all right; "refused" or "right".  Escape says
        what went wrong."""
        self.expected = None
        session = attack.apply(self) or "a"
        before = self.outside()
        if session == "a":
            self.expected = self.want["a"]
        verify, out, err = self.bounded(self.program, "verify", "--data",
                                        "--json", self.repo)
        self.plain(err)
        self.must(verify in (0, 1), "verify", verify)
        self.must(verify == 0 or out or err, "verify says nothing")
        if out:
            json.loads(out)
        restored = self.restored_from(session)
        if attack.family in ("S6", "S11"):
            self.listed()
            self.to_folder(session)
        self.must(self.outside() == before, "files outside:",
                  set(self.outside()) ^ set(before))
        self.must(attack.want != "refused" or restored == "refused",
                  "was restored")
        self.must(attack.want != "right" or restored == "right", "refused")
        self.must(attack.want != "damage" or verify == 1, "was not found")
        self.clean()
        return "found" if verify == 1 or restored == "refused" else "harmless"

    def clean(self):
        """Put all right again."""
        self.reset()
        for left in ("outside", "to"):
            path = self.top / left
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def restored_from(self, session):
        """One backup to a file."""
        to = self.top / "to"
        to.unlink(missing_ok=True)
        status, _, err = self.bounded(self.program, "restore", self.repo,
                                      session, "--to", to)
        self.plain(err)
        if status not in (0, 3):
            self.must(not to.exists(), "a file is left of what failed")
            self.must(err.count(b"\n") >= 1, "restore says nothing")
            return "refused"
        if self.expected is not None:
            self.must(to.stat().st_size == len(self.expected)
                      and to.read_bytes() == self.expected, "wrong bytes")
        to.unlink()
        return "right"

    def listed(self):
        """It is text, for people and for programs."""
        _, out, err = self.bounded(self.program, "backups", self.repo)
        self.plain(out)
        self.plain(err)
        _, out, err = self.bounded(self.program, "backups", "--json",
                                   self.repo)
        if out:
            json.loads(out)
        self.plain(err)

    def to_folder(self, session):
        """To a folder, which is where names count, and where a configuration is
        written: nothing is run for it, and nothing outside is changed."""
        to, calls = self.top / "to", self.top / "calls"
        to.mkdir()
        words = [self.program, "restore", self.repo, session, "--to",
                 f"{to}/"]
        if traced.strace():
            env = traced.environment(dict(os.environ, **self.env()))
            p = subprocess.run(
                [*traced.words(calls), *map(str, words)], env=env, check=False,
                cwd=self.image.parent, stdin=subprocess.DEVNULL,
                capture_output=True)
            traced.check(calls, self.program, [self.repo, self.memory, to])
            calls.unlink()
            err = p.stderr
        else:
            _, _, err = self.bounded(*words)
        self.plain(err)
        for path in to.rglob("*"):
            self.must(path.parent == to and path.is_file()
                      and not path.is_symlink(), "there is", path)
        shutil.rmtree(to)
