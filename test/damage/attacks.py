# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks on a repository, by who can write to its store, and by who has its
key too: each names itself, changes the repository, and says what has to come
of it.  A seed makes them the same again.

What an attack asks for (see Attack.want):
  refused   the backup that is attacked does not come back
  damage    verify finds it; what comes back is right
  exact     nothing else than what was saved comes back, if anything does
  right     all is as if nothing had happened
"""
import os
import pathlib
import random
import shutil
import stat
from dataclasses import dataclass, field

import zstandard
from check import TRAILER
from forge import blob_body, numbers
from formats import le
from sealed import CHUNK, HEADER, NODE, ZERO, sha256

VALUES = (0, 1, 2, 255, 1 << 15, 1 << 31, (1 << 32) - 1, 1 << 63,
          (1 << 64) - 1)
NAMES = (b"../x", b"../../../../tmp/xensnap-escaped", b"/abs", b"a/b", b"..",
         b".", b"", b"-rf", b"--to", b"a\0b", b"a\nb", b"\x1b[2J", b"\x9b2J",
         b"\xff\xfe", b"\xed\xa0\x80", b"x" * 31, b"x" * 255, b"x" * 1024,
         b"x" * 4096, b"%s%n", b"$(id)", "\u202exe".encode(),
         "\u0430".encode(), b"a\x7f", b"\xc2\x85", b"'", b'"', b"\\", b"*",
         b" ", b"snapshot.json", b"domain.cfg")


@dataclass
class Attack:
    """One attack; apply(world) makes it, and may say which backup is to be
    restored, instead of "a"."""
    family: str
    name: str
    apply: callable = field(repr=False)
    want: str = "exact"


def patched(data, at, size, value):
    return data[:at] + le(value % (1 << 8 * size), size) + data[at + size:]


def write(top, name, data):
    """Whatever is there gives way."""
    path = pathlib.Path(top) / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# ---- S1: in each other's place ----

def swaps(w):
    mine = {f: (w.repo / f).read_bytes() for f in w.files()}
    theirs = {f: (w.other / f).read_bytes() for f in w.files(w.other)}
    for file, data in mine.items():
        for source, objects in (("own", mine), ("another repository's",
                                                theirs)):
            for name, other in objects.items():
                if other != data and (source == "own") == (name != file or
                                                           source == "own"):
                    yield Attack("S1", f"{file} is {source} {name}",
                                 lambda w, f=file, d=other: write(
                                     w.repo, f, d))
    packs = [f for f in mine if f.startswith("packs/")]
    rng = random.Random("S1")
    for i in range(300):
        one, two = rng.sample(packs, 2)
        a, b = mine[one], mine[two]
        n = rng.choice((16, 64, 128, 300, 1024))
        at = rng.randrange(min(len(a), len(b)) - n)
        if a[at:at + n] != b[at:at + n]:
            yield Attack("S1", f"{n} bytes at {at} of {one} and {two}, {i}",
                         lambda w, one=one, two=two, a=a, b=b, at=at, n=n: (
                             write(w.repo, one, a[:at] + b[at:at + n]
                                   + a[at + n:]),
                             write(w.repo, two, b[:at] + a[at:at + n]
                                   + b[at + n:])) and None, "damage")


# ---- S2: set back ----

def set_back(w):
    newest = {f for f in w.files() if f not in w.files(w.older)}
    for i in range(1, 1 << len(newest)):
        gone = [f for k, f in enumerate(sorted(newest)) if i >> k & 1]
        told = any(f.startswith("outcomes/") for f in gone)

        def apply(w, gone=gone):
            for f in gone:
                (w.repo / f).unlink()
            return "a"
        yield Attack("S2", f"without {gone}", apply,
                     "refused" if told else "exact")

    def older(w):
        shutil.rmtree(w.repo)
        shutil.copytree(w.older, w.repo)
    yield Attack("S2", "all of it as it was before", older, "refused")

    def fork(w):
        (w.repo / w.last("outcomes")).unlink()
        w.forger.put_outcome([], [], session=bytes.fromhex(
            w.last("outcomes")[9:]))
    yield Attack("S2", "the newest outcome is another one", fork, "refused")
    for n in (0, 1, 2, 255, (1 << 63) - 1, (1 << 64) - 1):
        def head(w, n=n):
            write(w.repo, f"heads/{n:016x}",
                  (w.repo / w.last("heads")).read_bytes())
        yield Attack("S2", f"an old head as head {n}", head)


# ---- S3: what a guest made ----

def guest_made(w):
    """Its disk holds what repositories are made of."""
    for file in w.files():
        folder = file.split("/")[0]
        if folder in ("config", "keys"):
            continue
        data = (w.repo / file).read_bytes()
        plain = b"" if folder == "packs" else w.forger.body(file)
        for what, content in (("sealed", data), ("plain", plain)):
            for to in ("outcomes", "forgets", "sessions", "index", "heads"):
                name = f"{to}/{sha256(content).hex()[:32]}"
                if to == "index":
                    name = f"index/{sha256(content).hex()}"
                if to == "heads":
                    name = "heads/0000000000000002"
                yield Attack("S3", f"{what} {file} is {name}",
                             lambda w, n=name, c=content: write(w.repo, n, c))
    size = w.forger.repo.config.chunk_bytes
    for kind in (CHUNK, 3, NODE + 1, NODE + 2):
        def as_root(w, kind=kind):
            f = w.forger
            data = b"".join(f.keys.piece_id(0, CHUNK, bytes([i]) * size)
                            for i in (1, 2))
            root = f.keys.piece_id(0, kind, data)
            pieces = [(CHUNK, bytes([i]) * size) for i in (1, 2)]
            return f.put_backup([*pieces, (kind, data)], 2 * size, root)
        yield Attack("S3", f"a root that is a piece of type {kind}", as_root,
                     "right" if kind == NODE + 1 else "refused")


# ---- S4: compression ----

def frames(data):
    """Payloads that say that they are @data, but one."""
    z = zstandard.ZstdCompressor(level=3)
    good = z.compress(data)
    n = len(data)
    skip = b"\x50\x2a\x4d\x18" + le(8, 4) + bytes(8)
    yield "good", good, n
    yield "a skippable frame first", skip + good, n
    yield "a skippable frame behind", good + skip, n
    yield "two frames", z.compress(data[:n // 2]) + z.compress(
        data[n // 2:]), n
    yield "twice", good + good, n
    yield "an empty frame behind", good + z.compress(b""), n
    yield "only skippable", skip, n
    yield "empty", b"", n
    for log in (10, 20, 21, 24, 27, 30, 31):
        c = zstandard.ZstdCompressor(
            compression_params=zstandard.ZstdCompressionParameters(
                window_log=log, compression_level=3))
        stream = c.compressobj()  # it does not know the size: a window
        yield f"a window of 2^{log}, no size", stream.compress(data) + \
            stream.flush(), n
        # A descriptor with 4 bytes of size, and a window of that exponent.
        yield f"a window of 2^{log} and a size", b"\x28\xb5\x2f\xfd\x80" + \
            le(log - 10 << 3, 1) + le(n, 4) + le(n << 3 | 1, 3) + data, n
    for size in (0, 1, n - 1, n + 1, 1 << 20, 1 << 30, (1 << 32) - 1):
        yield f"a single segment of {size}", b"\x28\xb5\x2f\xfd\xa0" + \
            le(size, 4) + le(n << 3 | 1, 3) + data, n
    for mib in (1, 16, 256):
        big = z.compress(bytes(mib << 20))
        yield f"{mib} MiB of zeros", big, n
        yield f"{mib} MiB of zeros as 1 MiB", big, 1 << 20
    many = b"\x28\xb5\x2f\xfd\xa0" + le(n, 4)
    yield "10000 empty blocks", many + le(0, 3) * 10000 + le(
        n << 3 | 1, 3) + data, n
    yield "RLE blocks of 128 KiB", many + (le(0x20000 << 3 | 2, 3) + b"x"
                                           ) * 1000 + le(1, 3), n
    for i in range(5, 14):
        yield f"byte {i} flipped", good[:i] + bytes([good[i] ^ 0x55]) \
            + good[i + 1:], n
    for cut in range(1, min(len(good), 60)):
        yield f"cut by {cut}", good[:-cut], n
    for bit in range(8):
        yield f"descriptor bit {bit}", good[:4] + bytes(
            [good[4] ^ 1 << bit]) + good[5:], n


def bombs(w):
    data = (b"some words " * 100)[:1000]
    for name, payload, raw in frames(data):
        def apply(w, payload=payload, raw=raw):
            pieces, root = w.forger.tree(data)
            # The node is in a blob of its own: what is tried is the chunk.
            return w.one_by_one(pieces, len(data), root, {
                0: blob_body(pieces[:1], payload, 1, raw)})
        yield Attack("S4", name, apply, "right" if name == "good" else "exact")


# ---- S5: numbers ----

def lies(what, body):
    """(name, body) with each number of @body, of that format, another one."""
    found, _ = numbers(what, body)
    for name, at, size in found:
        true = int.from_bytes(body[at:at + size], "little")
        for value in {v % (1 << 8 * size) for v in VALUES + (
                true - 1, true + 1, true ^ 1 << 8 * size - 1)} - {true}:
            yield f"{name} at {at} is {value}", patched(body, at, size, value)


def wrong_numbers(w):
    for file in w.files():
        folder = file.split("/")[0]
        if folder == "outcomes":
            body = w.forger.body(file)
            what = "what:u8 " + w.formats["commit"] + " " + w.formats["backup"]
        elif folder in w.formats and folder not in ("config", "index"):
            what, body = folder, w.forger.body(file)
        else:
            continue
        for name, new in lies(what, body):
            yield Attack("S5", f"{file}: {name}",
                         lambda w, f=file, b=new: w.put_record(f, b))
    yield from wrong_backups(w)
    for size in (1 << 40, 1 << 44, 1 << 50, 1 << 62, (1 << 63) - 1, 1 << 63,
                 (1 << 64) - 1):
        for root in (ZERO, b"\1" * 32):
            yield Attack("S5", f"a disk of {size}, root {root[:1].hex()}",
                         lambda w, s=size, r=root: w.forger.put_outcome(
                             [w.forger.disk(s, r)], []))
    for n in (0, 1, 64, 65, 1000, 65535):
        yield Attack("S5", f"{n} disks", lambda w, n=n: w.forger.put_outcome(
            [w.forger.disk(0, ZERO, vdev=b"d%d" % i) for i in range(n)], []))
    for n in (1, 1000, 100000):
        yield Attack("S5", f"{n} index parts that are not there",
                     lambda w, n=n: w.forger.put_outcome(
                         [w.forger.disk(0, ZERO)],
                         [os.urandom(32) for _ in range(n)]))
    for levels in range(2, 7):
        yield Attack("S5", f"a map of {levels} levels",
                     lambda w, n=levels: deep(w, n), "exact")


def deep(w, levels):
    """One chunk below so many nodes, each of which is full of the same."""
    f, size = w.forger, w.forger.repo.config.chunk_bytes
    fanout = f.repo.config.fanout
    chunk = b"x" * size
    pieces, ident = [(CHUNK, chunk)], f.keys.piece_id(0, CHUNK, chunk)
    for level in range(1, levels + 1):
        node = ident + bytes(32 * (fanout - 1))
        pieces.append((NODE + level, node))
        ident = f.keys.piece_id(0, NODE + level, node)
    return f.put_backup(pieces, size * fanout ** levels, ident)


def wrong_backups(w):
    """The numbers of blobs, trailers, footers and index parts, of a backup
    that is else well made."""
    data = b"y" * 4096 + b"z" * 1000
    pieces, root = w.forger.tree(data)
    body = blob_body(pieces)
    for name, new in lies("blob", body):
        yield Attack("S5", f"blob: {name}", lambda w, b=new: w.forger.put_backup(
            pieces, len(data), root, b))
    listed = w.forger.listing([pieces])([(HEADER, len(body) + 16)])
    for name, new in lies(TRAILER, listed):
        yield Attack("S5", f"trailer: {name}", lambda w, t=new: w.made(
            data, trailer=t))
    foot = le(HEADER + len(body) + 16, 4) + le(len(listed) + 16, 4)
    for name, new in lies("offset:u32 length:u32", foot):
        yield Attack("S5", f"footer: {name}", lambda w, t=new: w.made(
            data, footer=t + b"xsnapend"))
    ids = [(w.forger.keys.piece_id(0, k, d), HEADER, len(body) + 16, i)
           for i, (k, d) in enumerate(pieces)]
    part = w.forger.part_body(bytes(32), 4096, ids)
    for name, new in lies("index", part):
        yield Attack("S5", f"index part: {name}", lambda w, p=new: w.made(
            data, part=p))


# ---- S6: names ----

def hostile_names(w):
    for name in NAMES:
        for where in ("name", "domain", "host"):
            yield Attack("S6", f"{where} {name[:40]}",
                         lambda w, n=name, k=where: w.forger.put_outcome(
                             [w.forger.disk(0, ZERO)], [], **{k: n}))
        for where in ("vdev", "source", "format", "why"):
            yield Attack("S6", f"{where} {name[:40]}",
                         lambda w, n=name, k=where: w.forger.put_outcome(
                             [w.forger.disk(0, ZERO, **{k: n})], []))
        if b"\0" not in name and len(name) < 250 and name not in (
                b"", b".", b"..") and b"/" not in name:
            for folder in ("keys", "outcomes", "heads", "index", "packs"):
                yield Attack("S6", f"a file {folder}/{name[:40]}",
                             lambda w, n=name, k=folder: open(
                                 os.path.join(os.fsencode(w.repo / k), n),
                                 "wb").close())


# ---- S7: what is no plain file ----

def no_files(w):
    def become(w, file, make):
        path = w.repo / file
        data = path.read_bytes()
        outside = w.top / "outside"
        outside.write_bytes(data)
        path.unlink()
        make(path, outside, data)

    def huge(path, _outside, data):
        path.write_bytes(data)
        os.truncate(path, 1 << 40)
    kinds = {
        "a link to the same": lambda p, o, d: p.symlink_to(o),
        "a link to /etc/passwd": lambda p, o, d: p.symlink_to("/etc/passwd"),
        "a link to itself": lambda p, o, d: p.symlink_to(p),
        "a link to nothing": lambda p, o, d: p.symlink_to("/nowhere"),
        "a hard link": lambda p, o, d: os.link(o, p),
        "a FIFO": lambda p, o, d: os.mkfifo(p),
        "a socket": lambda p, o, d: os.mknod(p, stat.S_IFSOCK | 0o600),
        "a folder": lambda p, o, d: p.mkdir(),
        "1 TiB": huge,
    }
    if os.geteuid() == 0:
        kinds["/dev/zero"] = lambda p, o, d: os.mknod(
            p, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    for file in w.files():
        for kind, make in kinds.items():
            yield Attack("S7", f"{file} is {kind}",
                         lambda w, f=file, m=make: become(w, f, m))
    for folder in sorted({f.rsplit("/", 1)[0] for f in w.files()
                          if "/" in f}):
        def linked(w, folder=folder):
            (w.repo / folder).rename(w.top / "outside")
            (w.repo / folder).symlink_to(w.top / "outside")
        yield Attack("S7", f"{folder} is a link", linked)


# ---- S8: key slots ----

def slots(w):
    good = (w.repo / next(f for f in w.files() if f[:5] == "keys/")
            ).read_bytes()
    for i, (name, bad) in enumerate(lies("slot", good)):
        ident = sha256(b"%d" % i)[:16]
        yield Attack("S8", f"one more slot: {name}",
                     lambda w, d=bad, n=ident: write(
                         w.repo, f"keys/{n.hex()}-1", d[:28] + n + d[44:]))
        yield Attack("S8", f"a slot: {name}", lambda w, d=bad: write(
            w.repo, next(f for f in w.files() if f[:5] == "keys/"), d))
    for n in range(0, len(good), 3):
        yield Attack("S8", f"slots cut at {n}", lambda w, n=n: [write(
            w.repo, f, good[:n]) for f in w.files() if f[:5] == "keys/"]
            and None, "refused")

    def many(w, n):
        for i in range(n):
            ident = sha256(b"%d" % i)[:16]
            (w.repo / f"keys/{ident.hex()}-1").write_bytes(
                good[:28] + ident + good[44:68] + os.urandom(len(good) - 68))
    for n in (10, 100, 2000):
        yield Attack("S8", f"{n} slots that nobody opens",
                     lambda w, n=n: many(w, n))

    def of_another(w):
        for f in w.files(w.other):
            if f.startswith("keys/"):
                shutil.copy(w.other / f, w.repo / f)
    yield Attack("S8", "the slots of another repository too", of_another)


# ---- S10: versions, suites, flags ----

def downgrades(w):
    for file in w.files():
        data = (w.repo / file).read_bytes()
        for at in (8, 9, 10, 11):
            for value in (0, 1, 2, 3, 127, 255):
                if data[at] != value:
                    yield Attack("S10", f"{file}: byte {at} is {value}",
                                 lambda w, f=file, d=patched(
                                     data, at, 1, value): write(w.repo, f, d))
        folder = file.split("/")[0]
        if folder in ("config", "keys", "packs", "index"):
            continue
        for how in ({"version": 0}, {"version": 2}, {"version": 65535},
                    {"suite": 0}, {"suite": 2}, {"suite": 3}, {"suite": 255},
                    {"kind": 1}, {"kind": 2}, {"kind": 4}, {"kind": 6},
                    {"magic": b"xsnaprep"}, {"repo_id": bytes(16)}):
            yield Attack("S10", f"{file}, sealed anew: {how}",
                         lambda w, f=file, h=how: w.put_record(
                             f, w.forger.body(f), **h))
    config = (w.repo / "config").read_bytes()[:-32]
    # A disk of one node is the same by any number of children that may be.
    fine = ("created", "fanout_log2 at 10 is 7", "fanout_log2 at 10 is 9")
    for name, new in lies("config", config):
        yield Attack("S10", f"config, its mac right: {name}",
                     lambda w, c=new: write(w.repo, "config", w.with_mac(c)),
                     "exact" if name.startswith(fine) else "refused")


# ---- S11: the configuration ----

def configurations(w):
    deep_json = b'{"a":' * 20000 + b"1" + b"}" * 20000
    for i, piece in enumerate((
            b"", b"\0", b"{}\0", b"{}\0{}", b"{}\0\0\0", b"[]\0[]",
            b"x" * 70000 + b"\0", deep_json + b"\0" + deep_json,
            b'{"name":"../../x","domain":"/etc"}\0name = "../../x"\n',
            b"\xff\xfe\0\xff\xfe", b"{}\0disk = [ 'phy:/dev/sda,xvda,w' ]\n",
            b"{}\0name = 'x'\ndisk = [ 'script=/bin/sh,x,xvda,w' ]\n",
            b"{}\0" + b"x = [" * 50000, b"{}\0kernel = '" + b"A" * 100000)):
        for mode in range(6):
            yield Attack("S11", f"configuration {i}, mode {mode}",
                         lambda w, p=piece, m=mode: w.configured(p, m))


KINDS = {"S1": swaps, "S2": set_back, "S3": guest_made, "S4": bombs,
         "S5": wrong_numbers, "S6": hostile_names, "S7": no_files,
         "S8": slots, "S10": downgrades, "S11": configurations}
