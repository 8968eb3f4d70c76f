# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository to be tried, and hosts that remember it."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import offline  # noqa: F401  (so that simcheck is found)

BIN = os.environ["XENSNAP_BIN"]
MIB = 1 << 20
CHUNK = 64 << 10


class World:
    """A repository, a disk, and hosts that remember it."""

    def __init__(self):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-repo.",
                                                 dir=base))
        self.repo, self.disk = self.top / "repo", self.top / "disk"
        self.key = self.top / "key"
        self.done("init", self.repo)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def environment(self, host="a", **env):
        """What a xensnap on @host is told."""
        (self.top / host).mkdir(exist_ok=True)
        return {**os.environ, "XENSNAP_ROOT": str(self.top / host),
                "XENSNAP_KEY_FILE": str(self.key), **env}

    def run(self, *args, host="a", **env):
        """xensnap with these words."""
        return subprocess.run([BIN, *map(str, args)], text=True,
                              stdin=subprocess.DEVNULL, timeout=300,
                              capture_output=True, check=False,
                              env=self.environment(host, **env))

    def done(self, *args, **kw):
        """The same; it must succeed."""
        result = self.run(*args, **kw)
        assert result.returncode == 0, result
        return result.stdout

    def json(self, *args, **kw):
        return json.loads(self.done(*args, "--json", **kw))

    def fails(self, status, words, *args, **kw):
        """The same; it must fail, and say so in one line."""
        result = self.run(*args, **kw)
        assert result.returncode == status, result
        lines = result.stderr.splitlines()
        assert len(lines) == 1 and words in lines[0], result
        return result

    def backup(self, data, name="d", **kw):
        """@data as a backup; the report."""
        self.disk.write_bytes(data)
        return self.json("backup", "--disk", self.disk, "--name", name,
                         self.repo, **kw)

    def restored(self, what, **kw):
        """The bytes of backup @what."""
        to = self.top / "restored"
        to.unlink(missing_ok=True)
        self.done("restore", self.repo, what, "--to", to, **kw)
        return to.read_bytes()

    def stopped_at(self, place, *args, host="a", **env):
        """A xensnap that stopped itself there."""
        said = self.top / "stopped.err"
        with open(os.devnull, "r+b") as null, open(said, "wb") as err:
            p = subprocess.Popen(  # pylint: disable=consider-using-with
                [BIN, *map(str, args)], stdin=null, stdout=null, stderr=err,
                env=self.environment(host, XENSNAP_STOP_AT=place, **env))
        end = time.monotonic() + 60
        while True:
            stat = pathlib.Path(f"/proc/{p.pid}/stat").read_text()
            state = stat.rsplit(")", 1)[1].split()[0]
            # Not "t": that is LeakSanitizer's look at one that ends.
            if state == "T":
                return p
            assert state != "Z" and time.monotonic() < end, (
                f"{place} was not reached", state, said.read_text())
            time.sleep(0.01)

    def names(self, **kw):
        """The backups there are, oldest first."""
        return [b["backup"] for b in self.json("backups", self.repo,
                                               **kw)["backups"]]

    def objects(self):
        """All of the repository's files."""
        return sorted(p for p in self.repo.rglob("[!.]*") if p.is_file())

    def whole(self, host="a"):
        """verify --data agrees."""
        o = self.json("verify", "--data", self.repo, host=host)
        assert o["hurt_backups"] == 0 and o["bad_packs"] == 0, o


def data(seed, size):
    return random.Random(seed).randbytes(size)
