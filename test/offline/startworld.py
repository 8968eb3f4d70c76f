# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository, a simulated host, and a backup of a domain on it, for the
tests of what is started from it."""
import contextlib
import json

from sourceworld import Sources
from simcheck import PAGE, check_disk, read_head

LATER = 40


class Started(Sources):
    """A repository, a simulated host, and a backup of a domain on it."""

    def __init__(self, host):
        super().__init__()
        self.host = host
        self.env = {"XENSNAP_SIM": host.env()["XENSNAP_SIM"]}
        host.domain("web1")
        host.tick(7)
        self.uuid = self.settings("web1")["uuid"]
        self.json("backup", "web1", self.repo, **self.env)
        saved, = self.json("backups", self.repo)["backups"]
        assert saved["backup"] == "web1"
        self.instant = self.now("web1")
        host.tick(LATER)

    def settings(self, name):
        """A domain's settings in the world."""
        text = (self.host.world / "domains" / name / "config").read_text()
        return dict(line.split("=", 1) for line in text.splitlines()
                    if not line.startswith("disk="))

    def now(self, name):
        """How far it is; its disks are as far as its memory."""
        memory = self.host.world / "domains" / name / "memory"
        total, counters = read_head(memory.read_bytes()[:PAGE])
        text = (self.host.world / "domains" / name / "config").read_text()
        disks = [line.split()[1] for line in text.splitlines()
                 if line.startswith("disk=")]
        assert len(disks) == len(counters) == 2, disks
        for disk, (issued, acked) in zip(disks, counters):
            check_disk(self.host.world / disk, issued, acked)
        return total

    def start(self, *words, warns=True):
        """Of the configuration something is left out: a warning."""
        result = self.run("restore", self.repo, "web1", "--start", "--json",
                          *words, **self.env)
        assert result.returncode == (3 if warns else 0), result
        return json.loads(result.stdout)

    def refused(self, status, text, *words):
        return self.fails(status, text, "restore", self.repo, "web1",
                          "--start", *words, **self.env)

    def maps(self, folder="new"):
        """--map of each disk into a folder."""
        to = self.top / folder
        to.mkdir(exist_ok=True)
        return [w for v in ("xvda", "xvdb")
                for w in ("--map", f"{v}={to / v}")]

    def runs(self, name):
        state = self.host.world / "domains" / name / "state"
        return state.exists() and state.read_text() == "running"

    def went_on(self, name):
        """From the instant of the backup, a moment ago."""
        assert self.runs(name)
        total = self.now(name)
        assert 7 <= total <= self.instant + 20, (total, self.instant)
        self.host.tick(LATER)
        assert self.now(name) > total


@contextlib.contextmanager
def started(host):
    with host() as h, Started(h) as w:
        yield w
