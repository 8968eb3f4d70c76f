# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs with a repository that is to be damaged: ours, restic, borg.

Each makes a repository with the same backups, says whether it is whole, and
brings a backup back.  What it remembers beside the repository is as it was
before the damage, without what is derived from the repository: a cache would
hide what is gone.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess

IMAGE = "disk.img"
PASSWORD = "correct horse battery staple"
TIMEOUT = 120
CHUNK = 4096


def images():
    """{name: bytes}: b is a with a chunk changed, c has nothing of theirs.  So
    small that each byte of what comes of it can be tried."""
    rng = random.Random(17)
    words = [rng.randbytes(150) * 30 for _ in range(4)]
    chunks = [w[:CHUNK] for w in words]
    return {"a": chunks[0] + chunks[1] + bytes(CHUNK) + rng.randbytes(77),
            "b": chunks[0] + chunks[2] + bytes(CHUNK) + rng.randbytes(77),
            "c": chunks[3][:3000]}


class Subject:
    """One program; a context manager for its folder."""
    name = ""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.repo, self.memory = self.top / "repo", self.top / "memory"
        self.good, self.image = self.top / "good", self.top / "in" / IMAGE
        self.want = images()

    def run(self, *argv):
        """(status, stdout, stderr)."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.top),
               **{k: v for k, v in os.environ.items() if "SAN_OPT" in k},
               **self.env()}
        try:
            p = subprocess.run([str(a) for a in argv], env=env, check=False,
                               stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=TIMEOUT, cwd=self.image.parent)
        except subprocess.TimeoutExpired:
            return -1, b"", f"more than {TIMEOUT} s".encode()
        return p.returncode, p.stdout, p.stderr

    def done(self, *argv):
        """It must succeed."""
        status, out, err = self.run(*argv)
        assert status == 0, (argv, status, out, err)

    def make(self):
        """The repository, and a copy of it and of what is remembered."""
        self.image.parent.mkdir()
        self.memory.mkdir()
        self.init()
        for name, data in self.want.items():
            self.image.write_bytes(data)
            self.save(name)
        self.image.unlink()
        self.forget_derived()
        shutil.copytree(self.repo, self.good / "repo", symlinks=True)
        shutil.copytree(self.memory, self.good / "memory")

    def reset(self, repo=True):
        """All as it was made, or but what is remembered."""
        for folder in (self.repo, self.memory)[not repo:]:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.good / folder.name, folder, symlinks=True)

    def files(self):
        """The files of the repository, by their names in it."""
        return sorted(str(p.relative_to(self.good / "repo"))
                      for p in (self.good / "repo").rglob("[!.]*")
                      if p.is_file())

    def restored(self, name):
        """"exact", "refused", or "wrong": other bytes, and no word of it."""
        status, out = self.restore(name)
        if status not in self.fine:
            return "refused"
        return "exact" if out == self.want[name] else "wrong"

    # What each has of its own.
    fine = (0,)

    def env(self):
        return {}

    def init(self):
        raise NotImplementedError

    def save(self, name):
        """Back the image up as @name."""
        raise NotImplementedError

    def forget_derived(self):
        """Of what is remembered, take away what comes of the repository."""

    def check(self):
        """(status, what it said)."""
        raise NotImplementedError

    def restore(self, name):
        """(status, bytes)."""
        raise NotImplementedError

    def is_named(self, file, said):
        """Does @said tell which file is damaged?"""
        raise NotImplementedError


class Xensnap(Subject):
    name = "xensnap"
    fine = (0, 3)  # 3: with warnings
    program = os.environ.get("XENSNAP_BIN", "xensnap")

    def env(self):
        return {"XENSNAP_ROOT": str(self.memory),
                "XENSNAP_KEY_FILE": str(self.top / "key")}

    def init(self):
        self.done(self.program, "init", "--chunk-size", "4K", self.repo)

    def save(self, name):
        self.done(self.program, "backup", "--disk", IMAGE, "--name", name,
                  self.repo)

    def forget_derived(self):
        for path in self.memory.rglob("*"):
            if path.is_file() and path.name != "state":
                path.unlink()

    def check(self):
        status, out, err = self.run(self.program, "verify", "--data", "--json",
                                    self.repo)
        said = err.decode()
        if out:
            said += "\n".join(json.loads(out)["problems"])
        return status, said

    def restore(self, name):
        to = self.top / "restored"
        to.unlink(missing_ok=True)
        status, _, self.said = self.run(self.program, "restore", self.repo,
                                        name, "--to", to)
        return status, to.read_bytes() if to.exists() else None

    def is_named(self, file, said):
        if file.startswith(("keys/", "outcomes/")):
            # The copies of a slot differ, and which is right nobody can tell;
            # an outcome that is gone is told by its session.
            file = file.split("/")[1].split("-")[0]
        return file in said


class Restic(Subject):
    name = "restic"

    def __init__(self, top):
        super().__init__(top)
        self.ids = {}

    def env(self):
        return {"RESTIC_REPOSITORY": str(self.repo),
                "RESTIC_PASSWORD": PASSWORD}

    def init(self):
        self.done("restic", "-q", "--no-cache", "init", "--repository-version",
                  "2")

    def save(self, name):
        status, out, err = self.run("restic", "--no-cache", "backup",
                                    "--force", "--json", IMAGE)
        assert status == 0, err
        self.ids[name] = json.loads(out.splitlines()[-1])["snapshot_id"]

    def check(self):
        status, out, err = self.run("restic", "--no-cache", "check",
                                    "--read-data")
        return status, (out + err).decode(errors="replace")

    def restore(self, name):
        return self.run("restic", "-q", "--no-cache", "dump", self.ids[name],
                        "/" + IMAGE)[:2]

    def is_named(self, file, said):
        return pathlib.Path(file).name[:8] in said


class Borg(Subject):
    name = "borg"

    def env(self):
        return {"BORG_REPO": str(self.repo), "BORG_PASSPHRASE": PASSWORD,
                "BORG_BASE_DIR": str(self.memory)}

    def init(self):
        self.done("borg", "init", "--encryption", "repokey-blake2")

    def save(self, name):
        self.done("borg", "create", "--compression", "zstd,1",
                  "--chunker-params", "fixed,4096", f"::{name}", IMAGE)

    def forget_derived(self):
        for path in self.memory.rglob("chunks.archive.d/*"):
            path.unlink()

    def check(self):
        status, out, err = self.run("borg", "check", "--verify-data")
        return status, (out + err).decode(errors="replace")

    def restore(self, name):
        return self.run("borg", "extract", "--stdout", f"::{name}")[:2]

    def is_named(self, file, said):
        leaf = pathlib.Path(file).name
        return f"segment {leaf}" in said or f"/{leaf}" in said


EVERYONE = {s.name: s for s in (Xensnap, Restic, Borg)}
