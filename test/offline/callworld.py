# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repository commands of which one call goes wrong (faults.c)."""
import collections
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

# The program as users have it: a sanitizer has a malloc() of its own, and wants
# to be loaded first.
if os.environ.get("XENSNAP_CLANG"):
    os.environ["XENSNAP_BIN"] = os.environ["XENSNAP_CLANG"]

# pylint: disable=wrong-import-position
from repoworld import BIN, World  # noqa: E402

LIB = pathlib.Path(BIN).parent.parent / "test" / "offline" / "faults.so"
GIVE_UP = 120

# What a call can fail with.  None of them is an answer that means something
# else (ENOENT, EEXIST): such a one would be a lie, not a failure.
IO = [errno.EIO, errno.ESTALE]
FULL = [errno.ENOSPC, errno.EDQUOT]
ERRORS = {
    **dict.fromkeys(["read", "pread64", "readv"], IO + [
        errno.ENOMEM, errno.EINTR]),
    **dict.fromkeys(["write", "pwrite64", "writev"], IO + FULL + [
        errno.EROFS, errno.EFBIG, errno.EINTR]),
    **dict.fromkeys(["open", "openat", "openat2"], IO + FULL + [
        errno.EROFS, errno.ENOMEM, errno.EMFILE, errno.ENFILE,
        errno.EACCES]),
    **dict.fromkeys(["mkdir", "mkdirat", "link", "linkat", "rename",
                     "renameat", "renameat2"], IO + FULL + [
                         errno.EROFS, errno.ENOMEM, errno.EACCES]),
    **dict.fromkeys(["unlink", "unlinkat", "rmdir"], IO + [
        errno.EROFS, errno.ENOMEM, errno.EACCES]),
    **dict.fromkeys(["fsync", "fdatasync", "syncfs", "msync"], IO + FULL + [
        errno.EROFS]),
    **dict.fromkeys(["ftruncate", "fallocate"], IO + FULL + [errno.EROFS]),
    **dict.fromkeys(["fchmod", "chmod", "fchmodat"], IO + [errno.EROFS]),
    "close": [errno.EIO, errno.EINTR, errno.ENOSPC],
    "getdents64": IO + [errno.ENOMEM],
    "mmap": [errno.ENOMEM],
    "flock": IO + [errno.ENOLCK, errno.EINTR],
    # Of any other error of it libsodium makes an abort().
    "getrandom": [errno.EINTR],
    "io_uring_setup": [errno.ENOMEM, errno.ENOSYS, errno.EPERM],
    "io_uring_enter": [errno.EINTR, errno.ENOMEM, errno.EIO],
    "io_uring_register": [errno.ENOMEM],
    "clock_nanosleep": [errno.EINTR],
    "poll": [errno.EINTR, errno.ENOMEM],
}
OTHERS = [errno.EIO, errno.ENOMEM, errno.ESTALE]
# An interruption is no failure of these.
RESTARTED = {"read", "pread64", "readv", "write", "pwrite64", "writev",
             "flock", "poll", "io_uring_enter", "clock_nanosleep", "close"}

# calls: names for FAULT_CALLS; what: for FAULT_DO; from_: all later ones too.
Fault = collections.namedtuple("Fault", "calls at what from_")


def why_not():
    """None, or why nothing can be made to go wrong here."""
    if not LIB.exists():
        return f"no {LIB.name} for this processor"
    p = subprocess.run(["true"], check=False, env={
        **os.environ, "LD_PRELOAD": str(LIB), "FAULT_CALLS": "all"})
    return None if p.returncode == 0 else "no seccomp filters"


class Scene(World):
    """A copy of what @template made; a context manager that removes it."""

    def __init__(self, template):  # pylint: disable=super-init-not-called
        self.top = template.top
        if template.done:
            self.top = pathlib.Path(tempfile.mkdtemp(
                prefix="xensnap-calls.", dir=template.top.parent))
            subprocess.run(["cp", "-a", f"{template.top}/.", str(self.top)],
                           check=True)
        self.repo, self.disk = self.top / "repo", self.top / "disk"
        self.key, self.out = self.top / "key", self.top / "out"
        self.told, self.log = self.top / "told", self.top / "log"

    def faulty(self, fault, *args, stdin=b"", log=False):
        """xensnap with these words, of which @fault goes wrong: (its result,
        the name of the call that was hit or None)."""
        self.told.unlink(missing_ok=True)
        env = self.environment(LD_PRELOAD=str(LIB), FAULT_CALLS=fault.calls,
                               FAULT_AT=str(fault.at),
                               FAULT_DO=str(fault.what),
                               FAULT_TOLD=str(self.told))
        if fault.from_:
            env["FAULT_FROM"] = "1"
        if log:
            env["FAULT_LOG"] = str(self.log)
        with open(self.top / "stdout", "wb") as out:
            p = subprocess.run([BIN, *map(str, args)], input=stdin, stdout=out,
                               stderr=subprocess.PIPE, check=False, env=env,
                               timeout=GIVE_UP)
        hit = self.told.read_text().strip() if self.told.exists() else None
        return p, hit

    def listed(self):
        return sorted(self.names())

    def packs(self):
        return sorted((self.repo / "packs").rglob("?" * 64))

    def opens(self, name):
        """Does key file @name open the repository?"""
        result = self.run("backups", self.repo,
                          XENSNAP_KEY_FILE=str(self.top / name))
        if result.returncode in (0, 3):
            return True
        assert result.returncode in (1, 2), result
        return False


class Template:
    """What each case of a command begins with; made once."""

    def __init__(self, command):
        self.command = command
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="xensnap-calls.",
                                                 dir=base))
        self.done = False
        scene = Scene(self)
        command.prepare(scene)
        self.done = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)


def check_told(command, w, result, killed):
    """It ended, and what it said is true."""
    said = result.stderr.decode(errors="replace")
    if killed and result.returncode < 0:
        assert "error" not in said, said
        return
    assert result.returncode in (0, 1, 2, 3, 4), (result.returncode, said)
    if result.returncode in (0, 3):
        command.right(w)
        return
    if result.returncode == 1 and command.found(w):
        assert not said, said
        return
    lines = said.splitlines()
    assert lines and lines[-1].startswith("xensnap: "), said
    # One of them is the reason; warnings may come before it.
    assert sum("warning" not in line for line in lines) <= 2, said


def tell(fault, hit, result):
    """FAULTS_TOLD: a file that gets what was said to each fault."""
    if "FAULTS_TOLD" in os.environ:
        with open(os.environ["FAULTS_TOLD"], "a", encoding="utf-8") as f:
            said = result.stderr.decode(errors="replace").strip()
            f.write(f"{hit} {tuple(fault)}: {result.returncode} {said}\n")


def try_fault(template, fault, thorough):
    """One run and what is behind it; the name of the call that was hit, or
    None.  @thorough: also whether all goes on well from there."""
    command = template.command
    with Scene(template) as w:
        begin = time.monotonic()
        result, hit = w.faulty(fault, *command.words(w), stdin=command.stdin)
        seconds = time.monotonic() - begin
        assert seconds < GIVE_UP / 2, seconds
        killed = fault.what == "kill" or (
            fault.calls == "memory" and
            result.returncode in (-signal.SIGSEGV, -signal.SIGABRT))
        check_told(command, w, result, killed)
        if not hit:
            assert result.returncode == 0, result
        elif fault.what == errno.EINTR and hit in RESTARTED and \
                b"write the result" not in result.stderr:
            # stdio does not try again; our handlers let calls be restarted.
            assert result.returncode == 0, result
        elif fault.what == "short":
            assert result.returncode == 0, result
        command.behind(w, killed)
        if thorough:
            command.again(w)
            command.sound(w)
        tell(fault, hit, result)
        return hit


def counted(template, calls):
    """{name: how often} of those of @calls that a run makes."""
    command = template.command
    with Scene(template) as w:
        result, _ = w.faulty(Fault(calls, 0, 1, False), *command.words(w),
                             stdin=command.stdin, log=True)
        assert result.returncode == 0, result
        return collections.Counter(w.log.read_text().split())
