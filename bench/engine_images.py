# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk images of bench/engine, made once and kept.

Each is a folder with two files of the same name, day1/disk.img and
day2/disk.img (of an image that does not change the same file), and a stamp
that says of which recipe it is; without its stamp a folder is made anew.

Everything is drawn from one seed, so the same Debian packages give the same
image.  No root is needed, nothing is mounted: packages are unpacked into a
folder, mke2fs makes a file system of that, and debugfs changes it.
"""

import os
import pathlib
import random
import shutil
import subprocess

import lib
from sparse import MIB

GIB = 1 << 30
SEED = 20101017
TIME = "1700000000"     # of all files and superblocks
# To be raised when images come out different from before.
RECIPE = "1"
PACKAGES = ["apt", "build-essential", "git", "linux-image-amd64", "nginx",
            "openssh-server", "perl", "postgresql", "python3", "rsyslog",
            "systemd", "vim"]
LINE = b"Nov 26 09:00:00 web1 daemon[%d]: request %d took %d ms\n"


def cache():
    """Where images are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or \
        os.path.join(os.environ.get("HOME") or "/root", ".cache")
    return pathlib.Path(base).absolute() / "xensnap-bench"


def run(argv, **keywords):
    """A program that has to succeed."""
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=TIME, LC_ALL="C",
               DEBIAN_FRONTEND="noninteractive")
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, env=env, **keywords)
    except FileNotFoundError as e:
        raise lib.Failed(f"{argv[0]} is not there: ./dev setup") from e
    if done.returncode:
        raise lib.Failed(f"{argv[0]}: "
                         + done.stdout.decode(errors="replace")[-400:].strip())
    return done.stdout.decode(errors="replace")


# ---- a file system with a Debian in it ----

def download(folder):
    """PACKAGES and all that they need, by apt, as if nothing was installed."""
    debs = folder / "debs"
    (debs / "partial").mkdir(parents=True)
    status = folder / "status"
    status.touch()
    run(["apt-get", "-y", "-qq", "--no-install-recommends", "--download-only",
         "-o", f"Dir::State::status={status}", "-o", "Debug::NoLocking=1",
         "-o", f"Dir::Cache::archives={debs}",
         "-o", "APT::Sandbox::User=root", "install", *PACKAGES],
        stdin=subprocess.DEVNULL)
    return sorted(debs.glob("*.deb"))


def debian_tree(folder):
    """A Debian root, unpacked and never set up."""
    tree = folder / "tree"
    lib.say("getting Debian packages")
    debs = download(folder)
    lib.say(f"unpacking {len(debs)} packages")
    for deb in debs:
        run(["dpkg-deb", "-x", str(deb), str(tree)])
    return tree


def tiny_tree(folder):
    """Our own source twice, and some bytes that nothing compresses."""
    rnd = random.Random(SEED)
    tree = folder / "tree"
    for name in "src", "copy":
        shutil.copytree(lib.TOP / "src", tree / name)
    for n in range(40):
        (tree / f"random{n}").write_bytes(rnd.randbytes(rnd.randrange(200000)))
    return tree


def add_logs(tree, rnd, size):
    """Logs, which the next day's lines are added to."""
    folder = tree / "var/log/app"
    folder.mkdir(parents=True)
    for n in range(8):
        (folder / f"log{n}").write_bytes(log_lines(rnd, size))


def log_lines(rnd, size):
    """About @size bytes of a log."""
    lines, length = [], 0
    while length < size:
        lines.append(LINE % (rnd.randrange(30000), rnd.getrandbits(40),
                             rnd.randrange(2000)))
        length += len(lines[-1])
    return b"".join(lines)


def make_ext4(tree, image, size):
    """A file system with all that is in @tree."""
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (int(TIME), int(TIME)), follow_symlinks=False)
    with open(image, "xb") as f:
        f.truncate(size)
    run(["mke2fs", "-q", "-t", "ext4", "-F", "-d", str(tree),
         "-U", "0b5c35a2-6a05-4d6d-8ab2-9b3b2d2b7c11",
         "-E", "hash_seed=3f0e7a46-0f3c-4b6e-9f53-5f6f0d8a2c77,root_owner",
         str(image)])


def other_bytes(rnd, data):
    """What a newer version of a file has: as long, as easy to compress, but
    in no place what it was."""
    lines = [data[i:i + 512] for i in range(0, len(data), 512)]
    rnd.shuffle(lines)
    return b"".join(lines)


def changes(tree, rnd, total):
    """("rm" or "write", path, bytes): a day's changes, of @total bytes: 10
    percent deleted, 20 appended to logs, the others replaced."""
    files = sorted(p for p in tree.rglob("*")
                   if p.is_file() and not p.is_symlink()
                   and 0 < p.stat().st_size < total // 10
                   and p.parent.name != "app" and " " not in str(p))
    rnd.shuffle(files)
    for what, share in ("rm", total // 10), ("write", total * 7 // 10):
        while share > 0 and files:
            path = files.pop()
            data = path.read_bytes()
            share -= len(data)
            yield what, path, other_bytes(rnd, data)
    logs = sorted((tree / "var/log/app").iterdir())
    for path in logs:
        # debugfs cannot add to a file: the old lines are written once more,
        # to where they were, as far as the allocator goes along.
        more = log_lines(rnd, total // 5 // len(logs))
        yield "write", path, path.read_bytes() + more


def change_ext4(tree, image, folder, total):
    """The next day of the file system in @image."""
    rnd = random.Random(SEED + 1)
    orders = [f"set_current_time {TIME}"]
    news = folder / "news"
    news.mkdir()
    for n, (what, path, data) in enumerate(changes(tree, rnd, total)):
        inside = "/" + str(path.relative_to(tree))
        orders.append(f"rm {inside}")
        if what == "write":
            (news / str(n)).write_bytes(data)
            orders.append(f"write {news / str(n)} {inside}")
    script = folder / "orders"
    script.write_text("\n".join(orders) + "\n")
    said = run(["debugfs", "-w", "-f", str(script), str(image)])
    for line in said.splitlines():
        if line.strip() and not line.startswith(("debugfs", "Allocated",
                                "Setting current time")):
            raise lib.Failed(f"debugfs: {line}")
    lib.say(f"  the next day: {len(orders) - 1} orders to debugfs")


def copy_sparse(image, to):
    run(["cp", "--sparse=always", "--reflink=auto", str(image), str(to)])


def ext4(folder, tiny):
    """A Debian, and its next day."""
    tree = tiny_tree(folder) if tiny else debian_tree(folder)
    rnd = random.Random(SEED)
    add_logs(tree, rnd, 20_000 if tiny else 5 * MIB)
    one, two = (folder / f"day{n}/disk.img" for n in (1, 2))
    make_ext4(tree, one, 64 * MIB if tiny else 8 * GIB)
    copy_sparse(one, two)
    change_ext4(tree, two, folder, MIB if tiny else 250 * MIB)
    run(["e2fsck", "-f", "-n", str(two)])


# ---- images of no file system ----

def fill(f, rnd, size):
    """@size random bytes from where @f is."""
    while size:
        n = min(MIB, size)
        f.write(rnd.randbytes(n))
        size -= n


def random_image(folder, tiny):
    """Nothing in it compresses, or is there twice."""
    with open(folder / "day1/disk.img", "xb") as f:
        fill(f, random.Random(SEED + 2), 4 * MIB if tiny else 2 * GIB)
    os.link(folder / "day1/disk.img", folder / "day2/disk.img")


def sparse_image(folder, tiny):
    """Data in many places of a disk that is a hundred times as large."""
    rnd = random.Random(SEED + 3)
    size, places = (400 * MIB, 16) if tiny else (200 * GIB, 2048)
    data = size // 100 // places // 4096 * 4096
    with open(folder / "day1/disk.img", "xb") as f:
        f.truncate(size)
        for n in range(places):
            room = size // places - data
            f.seek(n * (size // places) + rnd.randrange(0, room, 4096))
            fill(f, rnd, data)
    os.link(folder / "day1/disk.img", folder / "day2/disk.img")


MAKERS = {"ext4": ext4, "random": random_image, "sparse": sparse_image}


def made(name, tiny=False):
    """The folder of an image, which is made if it is not there."""
    folder = cache() / ("tiny-" + name if tiny else name)
    stamp = folder / "stamp"
    if stamp.exists() and stamp.read_text() == RECIPE:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for day in "day1", "day2":
        (folder / day).mkdir(parents=True)
    lib.say(f"making the image {folder.name}, once: in {folder}")
    try:
        MAKERS[name](folder, tiny)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for left in folder.iterdir():
        if left.name in ("day1", "day2"):
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    stamp.write_text(RECIPE)
    return folder
