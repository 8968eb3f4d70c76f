# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is measured by bench/engine: one small class for each program.

A peer gets a folder of its own for what it stores.  save() and load() give
the command that is timed, to be run in the folder of the image: so the image
has the same name, disk.img, on every day.
"""

import os
import shlex
import shutil
import subprocess

import lib
from sparse import become

IMAGE = "disk.img"
PASSWORD = "correct horse battery staple"


class Peer:
    """One program, and how it is told to do what we want."""
    package = ""            # Debian's, which has the program
    program = ""
    repository = False      # a second save() adds to the first one

    def __init__(self, name):
        self.name = name
        self.store = None       # the folder that is its own
        self.env = {}
        self.sparse = False     # the image is nearly all holes

    def need(self):
        """It must be there."""
        if not shutil.which(self.program):
            raise lib.Failed(f"{self.program} is not there: apt-get install "
                             f"{self.package}, or name others with --peers")

    def where(self, store):
        """A new, empty folder for all that it stores; nothing is left of the
        one before.  What is kept beside it (keys, caches) does not count."""
        self.store = store / "store"
        self.env = {"HOME": str(store), "XDG_CACHE_HOME": str(store / "cache"),
                    "XDG_CONFIG_HOME": str(store / "config")}
        self.store.mkdir()

    def init(self):
        """A command that is not timed; none for most."""
        return []

    def prepare(self, _day, image):
        """The folder in which save() of that @image is run; not timed."""
        return image.parent

    def leave(self):
        """Nothing of it is in use any more."""

    def save(self, day):
        """The command that saves IMAGE of that day."""
        raise NotImplementedError

    def load(self, image, to):
        """The command that makes @to of what @image, the second day's, was
        saved to."""
        raise NotImplementedError

    def one(self, day):
        """The one file of that day, for who has no repository."""
        return str(self.store / f"day{day}")


class Xensnap(Peer):
    """Ours."""
    repository = True
    level = "1"

    def need(self):
        self.program = str(lib.program())

    def where(self, store):
        super().where(store)
        self.env["XENSNAP_ROOT"] = str(store / "root")

    def _rest(self):
        return [str(self.store / "repo"), "--key-file",
                str(self.store.parent / "key")]

    def init(self):
        return [self.program, "init", *self._rest()]

    def save(self, day):
        return [self.program, "backup", "--disk", IMAGE, "--name", f"day{day}",
                "--level", self.level, *self._rest()]

    def load(self, image, to):
        repo, *key = self._rest()
        return [self.program, "restore", repo, "day2", *key,
                "--to", str(to)]


class XensnapSmall(Xensnap):
    """The same with Zstandard's level 3, which is what restic has."""
    level = "3"


class XensnapMap(Xensnap):
    """Ours, of one file on XFS, which changes from the first day to the
    second: a view of it stays, and XFS knows what differs.  Needs root."""

    def need(self):
        super().need()
        if os.geteuid() != 0 or not shutil.which("mkfs.xfs"):
            raise lib.Failed("xensnap_map needs root, to mount an XFS, and "
                             "xfsprogs; or name others with --peers")

    def where(self, store):
        super().where(store)
        self.mount = store / "xfs"
        self.mount.mkdir()
        with open(store / "xfs.img", "wb") as f:
            f.truncate(400 << 30)  # holes: a tenth of a disk is to be free
        for argv in (["mkfs.xfs", "-q", str(store / "xfs.img")],
                     ["mount", "-o", "loop", str(store / "xfs.img"),
                      str(self.mount)]):
            subprocess.run(argv, check=True)

    def prepare(self, day, image):
        become(self.mount / IMAGE, image)
        return self.mount

    def leave(self):
        if self.mount:
            subprocess.run(["umount", str(self.mount)], check=True)
        self.mount = None

    def __init__(self, name):
        super().__init__(name)
        self.mount = None


class Restic(Peer):
    """Encrypted, as ever; its Zstandard has no level 1, "auto" is next.
    --force: a disk has no times that could say that nothing changed."""
    package = program = "restic"
    repository = True

    def where(self, store):
        super().where(store)
        self.env.update(RESTIC_REPOSITORY=str(self.store),
                        RESTIC_PASSWORD=PASSWORD)

    def init(self):
        return ["restic", "-q", "init", "--repository-version", "2"]

    def save(self, day):
        return ["restic", "-q", "backup", "--force", "--compression", "auto",
                "--tag", f"day{day}", "--host", "bench", IMAGE]

    def load(self, image, to):
        snapshot = ["--tag", "day2", "latest"]
        if self.sparse:  # its restore would write all the zeros
            return ["sh", "-c", shlex.join(["restic", "-q", "dump", *snapshot,
                                            "/" + IMAGE])
                    + f" | dd bs=1M conv=sparse status=none of={to}"]
        return ["restic", "-q", "restore", *snapshot, "--target",
                str(to.parent)]


class Borg(Peer):
    """Chunks of one size, encrypted, Zstandard's level 1, holes left out."""
    package, program = "borgbackup", "borg"
    repository = True

    def __init__(self, name, chunk):
        super().__init__(name)
        self.chunk = chunk

    def where(self, store):
        super().where(store)
        self.env.update(BORG_REPO=str(self.store), BORG_PASSPHRASE=PASSWORD,
                        BORG_BASE_DIR=str(store))

    def init(self):
        return ["borg", "init", "--encryption", "repokey-blake2"]

    def save(self, day):
        return ["borg", "create", "--compression", "zstd,1", "--sparse",
                "--files-cache", "disabled",
                "--chunker-params", f"fixed,{self.chunk}",
                f"::day{day}", IMAGE]

    def load(self, image, to):
        return ["sh", "-c", f"cd {to.parent} && exec borg extract --sparse "
                "::day2"]


class QemuImg(Peer):
    """qcow2 with Zstandard; the next day on top of the first.  Not
    encrypted: it cannot do that to compressed clusters."""
    package, program = "qemu-utils", "qemu-img"
    repository = True

    def save(self, day):
        base = [] if day == 1 else ["-B", self.one(1), "-F", "qcow2"]
        return ["qemu-img", "convert", "-W", "-c", "-f", "raw", "-O", "qcow2",
                "-o", "compression_type=zstd", *base, IMAGE, self.one(day)]

    def load(self, image, to):
        return ["qemu-img", "convert", "-W", "-f", "qcow2", "-O", "raw",
                self.one(2), str(to)]


class Casync(Peer):
    """Compressed by Zstandard, not encrypted."""
    package = program = "casync"
    repository = True

    def _index(self, day):
        return [f"--store={self.store}/chunks", self.one(day) + ".caibx"]

    def save(self, day):
        return ["casync", "make", "--compression=zstd", *self._index(day),
                IMAGE]

    def load(self, image, to):
        return ["casync", "extract", *self._index(2), str(to)]


class Zstd(Peer):
    """Compressed by level 1 on all processors: no more than that."""
    package = program = "zstd"

    def save(self, day):
        return ["zstd", "-q", "-1", "-T0", "-o", self.one(day), IMAGE]

    def load(self, image, to):
        return ["zstd", "-q", "-d", "-o", str(to), self.one(2)]


class Nbdcopy(Peer):
    """A sparse copy."""
    package, program = "libnbd-bin", "nbdcopy"

    def save(self, day):
        return ["nbdcopy", "--flush", IMAGE, self.one(day)]

    def load(self, image, to):
        return ["nbdcopy", "--flush", self.one(2), str(to)]


class Dd(Peer):
    """A copy that finds the zeros itself."""
    package, program = "coreutils", "dd"

    @staticmethod
    def _copy(source, to):
        return ["dd", "bs=1M", "conv=sparse,fsync", "status=none",
                f"if={source}", f"of={to}"]

    def save(self, day):
        return self._copy(IMAGE, self.one(day))

    def load(self, image, to):
        return self._copy(self.one(2), to)


def everyone():
    """All of them, by name."""
    return {peer.name: peer for peer in (
        Xensnap("xensnap"), XensnapSmall("xensnap_3"),
        XensnapMap("xensnap_map"), Restic("restic"), Borg("borg64k", 65536),
        Borg("borg4m", 4194304), QemuImg("qemu_img"), Casync("casync"),
        Zstd("zstd"), Nbdcopy("nbdcopy"), Dd("dd"))}
