# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program runs and what it changes, system call by system call: nothing
but itself, and nothing outside of where it may."""
import os
import re
import shutil

CALLS = ("execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rename,"
         "renameat,renameat2,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,"
         "symlinkat,chmod,fchmodat,chown,fchownat,truncate,connect,kill")
# A folder, as strace -y shows what is open, or none; and a name.
PLACE = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
# Folders that are there; what libdevmapper talks to.
HARMLESS = re.compile(
    r'mkdir(at)?\(.*= -1 EEXIST|mknod\("/dev/mapper/control"|'
    r'open(at\([^,]*, |\()"/dev/mapper/control"')

# What gcov counted, beside the program's parts; else there is no such thing.
COUNTS = re.compile(r'\.gcda"' if os.environ.get("XENSNAP_COVERAGE")
                    else r"(?!)")


def strace():
    """Where it is, or None."""
    return shutil.which("strace")


def words(path):
    """What comes before a command, so that its calls go into @path."""
    return [strace(), "-f", "-y", "-qq", "-o", str(path), "-e",
            f"trace={CALLS}"]


def environment(env):
    """What looks for leaks cannot be traced."""
    return {**env, "ASAN_OPTIONS":
            env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def places(call):
    """The paths in one call."""
    return [os.path.normpath(os.path.join(folder, name))
            for folder, name in PLACE.findall(call)]


def check(path, program, roots):
    """The calls in @path ran nothing but @program, and made, changed and removed
    nothing but below @roots; how many calls there were that could."""
    changes = 0
    for line in path.read_text(errors="replace").splitlines():
        call = line.split(None, 1)[1]
        name = call.partition("(")[0]
        if name in ("execve", "execveat"):
            assert f'"{program}"' in call, f"ran {call}"
            continue
        if name in ("---", "+++") or call.startswith("<..."):
            continue
        assert name in CALLS.split(",") and name not in ("connect", "kill"), \
            call
        if "open" in name and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", call):
            continue
        if HARMLESS.match(call) or COUNTS.search(call):
            continue
        changes += 1
        for place in places(call):
            assert place == "/dev/null" or re.match(
                r"/proc/self/fd/\d+\Z", place) or any(
                    place == root or place.startswith(root + "/")
                    for root in map(str, roots)), call
    return changes
