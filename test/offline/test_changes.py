#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs between two views of a file, by XFS's and btrfs's own tables:
every block that differs is told, whatever was done to the file in between, and
not much more; what proves nothing is refused.
"""
import ctypes
import functools
import os
import pathlib
import random
import subprocess

from offline import BLOCK, FileSystem, NoMount
from simcheck import run_cases
from simhost import BUILD, Host

PROBE = BUILD / "test" / "offline" / "changes_probe"
SIZE = 12 << 20
LIBC = ctypes.CDLL(None, use_errno=True)
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
KINDS = ("xfs", "btrfs", "btrfs nocow", "btrfs compressed")


def fallocate(f, mode, offset, length):
    """fallocate(2); what a file system does not have is not done."""
    LIBC.fallocate(f.fileno(), mode, ctypes.c_int64(offset),
                   ctypes.c_int64(length))


def probe(*words, **env):
    """Run the probe: (status, what it printed, what it said is wrong)."""
    result = subprocess.run([str(PROBE), *map(str, words)], check=False,
                            capture_output=True, text=True, timeout=120,
                            stdin=subprocess.DEVNULL,
                            env=dict(os.environ, **env))
    assert result.returncode in (0, 1), result
    return result.returncode, result.stdout, result.stderr.strip()


class Disk:
    """A file that is a disk, and its views."""

    def __init__(self, fs, kind):
        self.dir = fs.folder()
        if "nocow" in kind:
            subprocess.run(["chattr", "+C", str(self.dir)], check=True)
        if "compressed" in kind:
            subprocess.run(["chattr", "+c", str(self.dir)], check=True)
        self.path = self.dir / "disk.img"
        self.packed = "compressed" in kind
        self.views = 0

    def make(self, rng, size=SIZE):
        """Some data, some holes."""
        with open(self.path, "wb") as f:
            f.truncate(size)
            for at in range(0, size, 256 << 10):
                if rng.random() < 0.7:
                    f.seek(at)
                    f.write(self.data(rng, rng.randrange(1, 256 << 10)))
        return self

    def data(self, rng, length):
        """Bytes; for a compressed file such as can be."""
        if self.packed:
            return (rng.randbytes(8) * (length // 8 + 1))[:length]
        return rng.randbytes(length)

    def view(self):
        """Take one: its record."""
        self.views += 1
        ref = self.dir / f"ref{self.views}"
        status, _, says = probe("view", self.path, f"v{self.views}", ref)
        assert status == 0, says
        return ref

    def write(self, rng, times=20):
        """Write here and there; how many bytes at most have changed."""
        size = self.path.stat().st_size
        changed = 0
        with open(self.path, "r+b", buffering=0) as f:
            for _ in range(times):
                at = rng.randrange(size)
                length = rng.choice((1, 512, BLOCK, 3 * BLOCK, 100000))
                how = rng.random()
                if how < 0.7:
                    f.seek(at)
                    f.write(self.data(rng, length))
                elif how < 0.8:
                    fallocate(f, PUNCH_HOLE | KEEP_SIZE, at, length)
                elif how < 0.9:
                    fallocate(f, ZERO_RANGE | KEEP_SIZE, at, length)
                else:
                    fallocate(f, KEEP_SIZE, at, length)
                if rng.random() < 0.2:
                    os.fsync(f.fileno())
                changed += length + 2 * BLOCK
        return changed


@functools.lru_cache
def path_of(ref):
    """The view's file."""
    return pathlib.Path(probe("path", ref)[1].strip())


def ask(base, view):
    """What is told: [(offset, bytes)]."""
    status, out, says = probe("changes", base, view)
    assert status == 0, says
    lines = out.splitlines()
    assert lines[0].startswith("shared extents of "), lines[0]
    return [tuple(map(int, line.split())) for line in lines[1:]]


def check(base, view, most=None):
    """All that differs is told; at most @most bytes are.  How many are."""
    told = ask(base, view)
    a, b = path_of(base).read_bytes(), path_of(view).read_bytes()
    longest = max(len(a), len(b))
    end = -1
    blocks = set()
    for offset, length in told:
        assert offset > end and length > 0, told
        end = offset + length
        assert end <= longest, (told, longest)
        blocks.update(range(offset // BLOCK, (end + BLOCK - 1) // BLOCK))
    for i in range((longest + BLOCK - 1) // BLOCK):
        at = i * BLOCK
        if a[at:at + BLOCK] != b[at:at + BLOCK]:
            assert i in blocks, f"block {i} differs and is not told: {told}"
    total = sum(length for _, length in told)
    assert most is None or total <= most, (total, most)
    return total


def refused(base, view, says):
    """No answer, and one line that has @says."""
    status, out, err = probe("changes", base, view)
    assert status == 1 and out == "" and says in err, (status, out, err)
    assert len(err.splitlines()) == 1, err


def rounds(fs, kind):
    """Views, with writes between them and after them, in any order."""
    for seed in range(20 if os.environ.get("LONG") else 1):
        rng = random.Random(seed)
        disk = Disk(fs, kind).make(rng)
        refs, changed = [disk.view()], []
        for _ in range(4):
            changed.append(disk.write(rng, rng.randrange(1, 40)))
            refs.append(disk.view())
        disk.write(rng)
        for i, base in enumerate(refs):
            for k in range(i + 1, len(refs)):
                # what is compressed counts as changed
                most = None if disk.packed else sum(changed[i:k])
                pair = (base, refs[k]) if rng.random() < 0.7 else \
                    (refs[k], base)
                check(*pair, most)


def many(fs, kind):
    """More extents than the kernel tells at a time."""
    rng = random.Random(7)
    disk = Disk(fs, kind).make(rng)
    base = disk.view()
    with open(disk.path, "r+b") as f:
        for at in range(0, SIZE, 2 * BLOCK):
            f.seek(at)
            f.write(rng.randbytes(BLOCK))
    view = disk.view()
    total = check(base, view)
    assert total >= SIZE // 2
    assert disk.packed or total == SIZE // 2, total


def unchanged(fs, kind):
    """Nothing is told of what is the same; of compressed data all may be."""
    rng = random.Random(1)
    disk = Disk(fs, kind).make(rng)
    base, view = disk.view(), disk.view()
    disk.write(rng)
    check(base, view, None if disk.packed else 0)


def resized(fs, kind):
    """Longer, shorter, and longer again; ends within a block."""
    rng = random.Random(2)
    disk = Disk(fs, kind).make(rng, 1 << 20)
    refs = [disk.view()]
    for size in ((1 << 20) + 5000, 300001, 300002, 2 << 20, 1):
        os.truncate(disk.path, size)
        refs.append(disk.view())
        if rng.random() < 0.5:
            disk.write(rng, 2)
    for i, base in enumerate(refs):
        for view in refs[i % 2:i] + refs[i + 1::2]:
            check(base, view)
            sizes = sorted(path_of(r).stat().st_size for r in (base, view))
            told = ask(base, view) if sizes[0] != sizes[1] else ()
            assert sizes[0] == sizes[1] or \
                told and sum(told[-1]) == sizes[1], (sizes, told)


def reserved(fs, kind):
    """Room that was reserved and not written reads as zeros, until it is."""
    rng = random.Random(3)
    disk = Disk(fs, kind)
    with open(disk.path, "wb") as f:
        fallocate(f, 0, 0, 4 << 20)
        f.truncate(4 << 20)
    base = disk.view()
    check(base, disk.view(), 0)
    with open(disk.path, "r+b") as f:
        f.seek(1 << 20)
        f.write(disk.data(rng, 100000))
    view = disk.view()
    assert check(base, view) >= 100000
    with open(disk.path, "r+b") as f:
        f.seek(1 << 20)
        f.write(disk.data(rng, 50000))
    assert check(view, disk.view()) >= 50000


def moved(fs, kind):
    """The file system moves data about meanwhile."""
    rng = random.Random(4)
    disk = Disk(fs, kind).make(rng)
    base = disk.view()
    disk.write(rng)
    view = disk.view()
    tool = (["btrfs", "balance", "start", "--full-balance", str(fs.top)]
            if kind.startswith("btrfs") else ["xfs_fsr", str(path_of(base))])
    try:
        with subprocess.Popen(tool, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as mover:
            while mover.poll() is None:
                check(base, view)
    except FileNotFoundError:
        return f"no {tool[0]}"
    check(base, view)
    return None


def doubtful(fs, kind):
    """Views that are not what they were."""
    rng = random.Random(5)
    disk = Disk(fs, kind).make(rng)
    base = disk.view()
    disk.write(rng)
    view = disk.view()
    a, b = path_of(base), path_of(view)
    refused(base, base, "of the same instant")
    os.chmod(a, 0o600)
    refused(base, view, "no longer read-only")
    refused(view, base, "no longer read-only")
    os.chmod(a, 0o400)
    check(base, view)
    os.setxattr(b, "user.xensnap.generation", b"another")
    refused(base, view, "is not ours")
    subprocess.run(["cp", "--preserve=all", "--reflink=never", str(a),
                    str(a) + ".new"], check=True)
    os.rename(str(a) + ".new", a)
    refused(base, view, "another file has its name")
    os.unlink(a)
    refused(base, view, "its file is gone")
    other = Disk(fs, kind).make(rng)
    refused(disk.view(), other.view(), "is not the one of which the older")


def simulated():
    """Simulated disks tell exactly what differs, so that simulated backups can
    rely on it."""
    for name in ("vg0/root", "thin0/logs"):
        with Host() as host:
            host.disk(name)
            path = host.world / "disks" / name
            env = {"XENSNAP_SIM": str(host.world)}
            refs = [host.dir / "ref1", host.dir / "ref2"]
            assert probe("view", path, "a", refs[0], **env)[0] == 0
            with open(path, "r+b") as f:
                f.seek(BLOCK + 5)
                f.write(b"another")
            assert probe("view", path, "b", refs[1], **env)[0] == 0
            status, out, _ = probe("changes", *refs, **env)
            assert status == 0 and out.splitlines()[1:] == [
                f"{BLOCK} {BLOCK}"], out
            (host.world / "faults" / "changes").write_text("")
            status, out, says = probe("changes", *refs, **env)
            assert status == 1 and "no table of" in says, (out, says)


def on(mounted, kind, function):
    """A case, on the file system of @kind if there is one."""
    fs = mounted[kind.split()[0]]
    return fs if isinstance(fs, str) else function(fs, kind)


def main():
    if not PROBE.exists():
        print(f"1..0 # SKIP no {PROBE}")
        return
    mounted, cases = {}, [("simulated disks", simulated)]
    file_systems = [FileSystem("xfs"), FileSystem("btrfs")]
    try:
        for fs in file_systems:
            try:
                mounted[fs.kind] = fs.__enter__()
            except NoMount as e:
                mounted[fs.kind] = str(e)
        for kind in KINDS:
            for what, function in (("views in any order", rounds),
                                   ("many extents", many),
                                   ("nothing has changed", unchanged),
                                   ("another size", resized),
                                   ("reserved room", reserved),
                                   ("data that is moved", moved),
                                   ("what is refused", doubtful)):
                cases.append((f"{kind}: {what}",
                              functools.partial(on, mounted, kind, function)))
        run_cases(cases, workers=1)
    finally:
        for fs in file_systems:
            if not isinstance(mounted.get(fs.kind), (str, type(None))):
                fs.__exit__(None, None, None)


main()
