#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 before every system call of create, delete and recover: of a domain
that does not run, with raw files on XFS and on btrfs and with simulated LVs.

strace counts for each system call by itself, so a moment is told by a name and
a number ("openat", 17).  A first run tells which there are; then there is one
run for each.  The call that the signal comes with is not made (a case of its
own sees to that), so what is visited is the state before each call, which is
the state behind the one before it: all there are.

The calls of the main thread are meant: strace without -f does not see those of
the threads that make the views, nor those of the watchdog.  They die here with
the process, wherever they are; test_files.py and test_lvs.py kill at named
places in them.

A call that can change nothing outside the process is left out: before it there
is what was before the call behind it (test/lib/syscalls.sh tells why).  Every
day each of the three settings has a fifth of its calls, each another; LONG=1
takes all.
"""
import contextlib
import functools
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess

# Each call costs two stops of the process, and a sanitizer makes many.
if os.environ.get("XENSNAP_CLANG"):
    os.environ["XENSNAP_BIN"] = os.environ["XENSNAP_CLANG"]
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, (
    os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))  # not under ptrace

# pylint: disable=wrong-import-position
from offline import FileSystem, NoMount, config, fill  # noqa: E402
from simcheck import (check_nothing_to_recover, check_private,  # noqa: E402
                      run_cases)
from simhost import BIN, GIVE_UP, TOP, Host, Result  # noqa: E402

LONG = "LONG" in os.environ
SIZE = 256 * 1024 + 512
PER_CASE = 30
KEPT = {"web1@old", "web2@old"}
# Whoever waits is interrupted or not: a run may have one of these more or less
# than the last one.
DIFFER = {"clock_nanosleep", "futex", "poll", "recvfrom", "restart_syscall",
          "wait4"}


def calls_of(path):
    """The calls in what strace wrote that matter, [(name, number)]."""
    out = subprocess.run(
        ["sh", "-c", '. "$0"; calls_of "$@"',
         str(TOP / "test" / "lib" / "syscalls.sh"), str(path),
         *(["all"] if LONG else [])],
        stdin=subprocess.DEVNULL, capture_output=True, check=True,
        text=True).stdout
    return [(name, int(number)) for name, number in
            (line.split() for line in out.splitlines())]


class Scene:
    """A host with a domain that does not run, and with two snapshots that are
    nobody's business: web1@old and web2@old.  A context manager."""
    views_are_found = False  # without a record or a journal, by their tags

    def __init__(self):
        self.host = Host()
        self.before = None

    def __enter__(self):
        for domain in ("web1", "web2"):
            self.good("create", f"{domain}@old", *self.words(domain))
        self.before = self.state()
        return self

    def __exit__(self, *_):
        self.host.__exit__()

    def disks(self, domain):
        """Its disks' paths."""
        raise NotImplementedError

    def folders(self):
        """Where disks and views are."""
        raise NotImplementedError

    def words(self, domain):
        """What create needs to know of it."""
        file = config(self.host.dir / f"{domain}.cfg", [
            f"{disk},raw,xvd{chr(97 + i)},w"
            for i, disk in enumerate(self.disks(domain))], name=domain)
        return "--config", str(file)

    def good(self, *args, **env):
        """Run xensnap, which has to succeed; what it said."""
        result = self.host.run(*args, **env)
        assert result.status == 0, (args, result)
        return result.out

    def state(self):
        """All there is: {path: (mode, inode, digest)}.  A lock tells who had
        it last, and the simulated host may have a draft of a file of its."""
        found = {}
        for folder in (*self.folders(), self.host.root):
            for path in folder.rglob("*"):
                if path.name.endswith(".new") and self.host.world in \
                        path.parents:
                    continue
                st = path.stat()
                digest = ""
                if stat.S_ISREG(st.st_mode) and path.name != ".lock":
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[path] = (stat.S_IMODE(st.st_mode), st.st_ino, digest)
        return found

    def check_as_before(self):
        """Nothing is left, and nothing else was touched."""
        now = self.state()
        assert now == self.before, [
            (str(p), self.before.get(p), now.get(p))
            for p in sorted(set(now) | set(self.before))
            if now.get(p) != self.before.get(p)]

    def listed(self):
        """What there is beside the two; all of it has good views."""
        out = self.good("list", "--json")
        names = {s["snapshot"] for s in json.loads(out)["snapshots"]}
        assert names >= KEPT, names
        return names - KEPT

    def check_whole(self, name):
        """web1@NAME is complete, durable in name, and private."""
        folder = self.host.root / "web1" / name
        check_private(folder)
        record = json.loads((folder / "snapshot.json").read_text())
        disks = self.disks("web1")
        assert [d["source"] for d in record["disks"]] == [
            str(d) for d in disks], record
        assert (folder / "domain.cfg").read_text() == \
            (self.host.dir / "web1.cfg").read_text()
        for disk, d in zip(disks, record["disks"]):
            with open(d["view"], "rb") as view:
                assert view.read() == disk.read_bytes(), d
                assert stat.S_IMODE(os.fstat(view.fileno()).st_mode) & 0o77 \
                    == 0, d

    def traced(self, *args):
        """The calls of a run that succeeds."""
        path = self.host.dir / "calls"
        run_strace(self, ("-o", str(path)), args)
        self.host.wait_for_orphans()
        return calls_of(path)

    def killed(self, call, *args):
        """Kill xensnap before @call; what it had said, or None if it did not
        come there."""
        name, number = call
        result = run_strace(self, (
            "-o", "/dev/null", "-e", f"trace={name}",
            "-e", f"inject={name}:signal=SIGKILL:when={number}"), args)
        self.host.wait_for_orphans()
        held = [p.name for p in (self.host.world / "held").iterdir()
                if not p.name.endswith(".new")]
        assert not held, f"still held: {held}"
        if result.status == 0 and name in DIFFER:
            return None
        assert result.status == -signal.SIGKILL, result
        assert result.err == "" or "its watchdog" in result.err, result
        return result.out


def run_strace(scene, options, args):
    """Run xensnap under strace.  Its watchdog may live longer, and has the
    pipes, so that they are no measure of its end."""
    with open(scene.host.dir / "out", "w+b") as out, \
            open(scene.host.dir / "err", "w+b") as err:
        status = subprocess.run(
            ["strace", "-qq", *options, "--", str(BIN), *args], stdout=out,
            stderr=err, stdin=subprocess.DEVNULL, env=scene.host.env(),
            cwd=scene.host.dir, timeout=GIVE_UP, check=False).returncode
        out.seek(0)
        err.seek(0)
        result = Result(status, out.read().decode(), err.read().decode())
    assert status in (0, -signal.SIGKILL), result
    return result


class Files(Scene):
    """Raw files on a file system."""

    def __init__(self, fs):
        super().__init__()
        self.folder = fs.folder()
        for i, name in enumerate(("root", "data", "other")):
            fill(self.folder / f"{name}.img", i, SIZE)

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.folder)

    def disks(self, domain):
        names = {"web1": ("root", "data"), "web2": ("other",)}[domain]
        return [self.folder / f"{name}.img" for name in names]

    def folders(self):
        return [self.folder]


class Volumes(Scene):
    """Simulated LVs: those that can be held, and one that cannot."""
    views_are_found = True

    def __init__(self):
        super().__init__()
        for domain in ("web1", "web2"):
            for i, disk in enumerate(self.disks(domain)):
                self.host.disk(f"{disk.parent.name}/{disk.name}")
                fill(disk, i, SIZE)

    def disks(self, domain):
        names = {"web1": ("vg0/root", "vg0/data", "thin0/logs"),
                 "web2": ("vg0/other",)}[domain]
        return [self.host.world / "disks" / name for name in names]

    def folders(self):
        return [self.host.world / x for x in ("disks", "views", "held")]


# ---- create ----

def create_words(scene):
    """What dies is the create of web1@x."""
    return "create", "web1@x", *scene.words("web1")


def create_calls(scene):
    """The calls of a create."""
    return scene.traced(*create_words(scene))


def kill_create(scene, call):
    """create dies: there is a whole snapshot or nothing, and the next one
    succeeds."""
    out = scene.killed(call, *create_words(scene))
    was_listed = (scene.host.root / "web1" / "x").exists()
    scene.good("recover")
    listed = scene.listed()
    assert listed <= {"web1@x"}, listed
    # What was told or listed is not taken back.
    assert listed or not (was_listed or out), (was_listed, out)
    if listed:
        scene.check_whole("x")
        scene.good("delete", "web1@x")
    check_nothing_to_recover(scene.host)
    scene.check_as_before()
    scene.good(*create_words(scene))
    scene.check_whole("x")
    scene.good("delete", "web1@x")
    scene.check_as_before()


# ---- delete ----

def delete_calls(scene):
    """The calls of a delete."""
    scene.good(*create_words(scene))
    return scene.traced("delete", "web1@x")


def kill_delete(scene, call):
    """delete dies: the snapshot is whole, or it is gone."""
    scene.good(*create_words(scene))
    out = scene.killed(call, "delete", "web1@x")
    was_listed = (scene.host.root / "web1" / "x").exists()
    scene.good("recover")
    listed = scene.listed()
    assert listed == ({"web1@x"} if was_listed else set()), listed
    assert not (listed and out), out
    if listed:
        scene.check_whole("x")
        scene.good("delete", "web1@x")
    check_nothing_to_recover(scene.host)
    scene.check_as_before()


# ---- recover ----

def die(scene, place, *args):
    """xensnap dies at that place."""
    result = scene.host.run(*args, XENSNAP_DIE_AT=place)
    assert result.status == -signal.SIGKILL, (place, result)
    scene.host.wait_for_orphans()


def half_made(scene):
    """What recover has to finish (x, gone), to undo (half), and, of volumes,
    to find by its views alone (lost)."""
    words = scene.words("web1")
    die(scene, "commit.record", "create", "web1@x", *words)
    die(scene, "view.after", "create", "web1@half", *words)
    scene.good("create", "web1@gone", *words)
    die(scene, "delete.renamed", "delete", "web1@gone")
    if not scene.views_are_found:
        return
    die(scene, "view.after", "create", "web1@lost", *words)
    shutil.rmtree(scene.host.root / "web1" / ".lost.partial")


def recover_calls(scene):
    """The calls of a recover."""
    half_made(scene)
    return scene.traced("recover")


def kill_recover(scene, call):
    """recover dies: the next one does what is left to do."""
    half_made(scene)
    scene.killed(call, "recover")
    # No file is half a name: what is listed now is whole already.
    assert scene.listed() <= {"web1@x"}
    scene.good("recover")
    assert scene.listed() == {"web1@x"}
    scene.check_whole("x")
    check_nothing_to_recover(scene.host)
    scene.good("delete", "web1@x")
    scene.check_as_before()


VERBS = {
    "create": (create_calls, kill_create),
    "delete": (delete_calls, kill_delete),
    "recover": (recover_calls, kill_recover),
}


def before_each(make, kill, calls):
    """Kill before each of @calls; one that goes wrong costs the scene."""
    wrong = []
    while calls:
        with make() as scene:
            while calls:
                call, calls = calls[0], calls[1:]
                try:
                    kill(scene, call)
                except AssertionError as e:
                    wrong.append(f"before {call[0]} {call[1]}: {e}")
                    break
    assert not wrong, "\n".join(wrong)


def not_made():
    """The call with which the signal comes is not made."""
    with Host() as host:
        made = host.dir / "made"
        for name, number, there in (("mkdir", 1, False), ("exit_group", 1,
                                                          True)):
            p = subprocess.run(
                ["strace", "-qq", "-o", "/dev/null", "-e",
                 f"inject={name}:signal=SIGKILL:when={number}", "--", "mkdir",
                 str(made)], check=False)
            assert p.returncode == -signal.SIGKILL, p
            assert made.exists() == there, (name, number)


def by_name(calls):
    """Parts of @calls, each of one name: [(name, [(name, number), ...])]."""
    parts = {}
    for name, number in calls:
        parts.setdefault(name, []).append((name, number))
    return [(name, part[i:i + PER_CASE]) for name, part in parts.items()
            for i in range(0, len(part), PER_CASE)]


def span(part):
    """"7" or "7 to 11 (3 calls)": some between them do not matter."""
    first, last = part[0][1], part[-1][1]
    return f"{first}" if first == last else \
        f"{first} to {last} ({len(part)} calls)"


def cases_of(setting, make, first):
    """For each verb, its calls by name; every day from the @first on."""
    cases, total = [], 0
    for verb, (calls_, kill) in VERBS.items():
        with make() as scene:
            calls = calls_(scene)
        assert len(calls) > 10, (verb, calls)
        if not LONG:
            calls = calls[first::5]
        total += len(calls)
        for name, part in by_name(calls):
            cases.append((f"{setting}: {verb} dies before {name} {span(part)}",
                          functools.partial(before_each, make, kill, part)))
    print(f"# {setting}: {total} calls", flush=True)
    return cases


def can_trace():
    """None, or why not."""
    if not shutil.which("strace"):
        return "no strace"
    p = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"],
                       capture_output=True, text=True, check=False)
    return None if p.returncode == 0 else f"no ptrace: {p.stderr.strip()}"


def main():
    """Which calls there are is asked of the program."""
    why = can_trace()
    if why:
        print(f"1..0 # SKIP {why}")
        return
    with contextlib.ExitStack() as stack:
        cases = [("the call with which the signal comes is not made",
                  not_made)]
        cases += cases_of("LVs", Volumes, 0)
        for first, kind in enumerate(("xfs", "btrfs"), 1):
            try:
                fs = stack.enter_context(FileSystem(kind))
            except NoMount as e:
                cases.append((kind, functools.partial(str, e)))
                continue
            cases += cases_of(kind, functools.partial(Files, fs), first)
        run_cases(cases, leaks=False)


main()
