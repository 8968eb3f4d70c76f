# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository, and what is put into it and taken out again, for the tests."""
import contextlib
import functools
import pathlib
import subprocess

from offline import NoMount, config, fill, run
from repoworld import BIN, World

ORACLE = pathlib.Path(__file__).resolve().parent.parent / "oracle/oracle.py"


class Sources(World):
    """A repository, and disks of several kinds."""

    def piped(self, stream, *args, **env):
        """`backup --disk -` of these bytes."""
        return subprocess.run(
            [BIN, "backup", "--disk", "-", *map(str, args), str(self.repo)],
            input=stream, capture_output=True, timeout=300, check=False,
            env=self.environment(**env))

    def to_stdout(self, *args, **how):
        how = {"stdout": subprocess.PIPE, **how}
        return subprocess.run(
            [BIN, "restore", str(self.repo), *map(str, args), "--to", "-"],
            stderr=subprocess.PIPE, timeout=300, check=False,
            env=self.environment(), **how)

    def same(self, backup, vdev, path):
        """What was backed up is what is there now, says who knows no code of
        ours; and what we give back is the same."""
        copy = self.top / "oracle.copy"
        copy.unlink(missing_ok=True)
        run(["/usr/bin/python3", "-B", str(ORACLE), str(self.repo),
             "--key-file", str(self.key), "extract", backup, vdev, str(copy)])
        assert copy.read_bytes() == pathlib.Path(path).read_bytes(), (
            backup, vdev)
        to = self.top / "our.copy"
        to.unlink(missing_ok=True)
        self.done("restore", self.repo, backup, "--disk", vdev, "--to", to)
        assert to.read_bytes() == pathlib.Path(path).read_bytes(), (
            backup, vdev)

    def checked(self):
        """All of it is sound, by both."""
        self.whole()
        run(["/usr/bin/python3", "-B", str(ORACLE), str(self.repo),
             "--key-file", str(self.key), "check"])

    def stopped(self, folder, disks=None, **how):
        """An xl file of web1: two disks, one that is only read, a drive."""
        for i, name in enumerate(("root", "data", "tools")):
            fill(folder / f"{name}.img", i)
        if disks is None:
            disks = (f"{folder}/root.img,raw,xvda,w",
                     f"{folder}/data.img,raw,xvdb,w",
                     f"{folder}/tools.img,raw,xvdc,r", ",hdc:cdrom,r")
        return config(folder / "web1.cfg", disks, **how)


@contextlib.contextmanager
def loop(path, *how):
    """A loop device on @path."""
    try:
        dev = run(["losetup", "-f", "--show", *how, str(path)]).strip()
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        raise NoMount(f"no loop device: {e}") from e
    try:
        yield dev
    finally:
        subprocess.run(["losetup", "-d", dev], check=True)


def or_skipped(function):
    """Where loop devices cannot be made, that is said."""
    @functools.wraps(function)
    def wrapped(*args):
        try:
            return function(*args)
        except NoMount as e:
            return str(e)
    return wrapped
