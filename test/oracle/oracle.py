#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An independent reader of repositories, written from doc/format.md alone.

It believes nothing: what is not as the page says goes to stderr, with the name
of the object, and makes the status 1.  Debian's python3 has what it needs.
"""
import argparse
import contextlib
import functools
import json
import mmap
import pathlib
import re
import sys

import sealed
from check import check
from sealed import CHUNK, NODE, WRONG, ZERO, Pack, must

NAMES = re.compile(r"config|keys/[0-9a-f]{32}-[12]|index/[0-9a-f]{64}"
                   r"|(?:sessions|outcomes|forgets)/[0-9a-f]{32}"
                   r"|packs/([0-9a-f]{2})/\1[0-9a-f]{62}"
                   r"|heads/(?!0{16})[0-9a-f]{16}")


def told(error):
    """What is wrong; ciphers say it by their exceptions' names."""
    return str(error) or type(error).__name__


class Repository:
    """A repository.  All but its packs is read at once; what is wrong is told
    in .problems, but without a key or `config` there is nothing to go on."""

    def __init__(self, top, kdf, secret):
        self.top, self.problems = pathlib.Path(top), []
        files = (str(p.relative_to(top)) for p in self.top.rglob("*")
                 if p.is_file())
        self.names = sorted(filter(NAMES.fullmatch, files))
        self.pack = functools.lru_cache(None)(self.open_pack)
        self.blob = functools.lru_cache(32)(
            lambda pack, *where: self.pack(pack).blob(*where))
        self.keys = self.open_keys(kdf, secret)
        self.config = self.all("config", sealed.read_config).get("config")
        self.heads = self.all("heads/", sealed.read_head)
        must(self.config and self.heads,
             "\n".join(self.problems) or "config or heads: it is missing")
        self.head = self.heads[max(self.heads)]
        self.forgets = self.all("forgets/", sealed.read_record)
        self.outcomes = self.all("outcomes/", functools.partial(
            sealed.read_outcome, config=self.config))
        self.parts = self.all("index/", sealed.read_index)
        there = {s: o for s, o in self.outcomes.items()
                 if o.what == 1 and s not in self.head.removed}
        self.backups = {s: o for s, o in there.items()
                        if o.backup and s not in self.forgets}
        self.counted = dict(self.head.base)  # {index part: its realm}
        for session in there.keys() - self.head.known.keys():
            o = there[session]
            self.counted.update((part, o.realm) for part in o.parts)
        self.index = {}
        for part, realm in self.counted.items():
            with self.named(f"index/{part}"):
                must(part in self.parts, "it counts, and is missing or bad")
                must(self.parts[part].realm == realm, "it is of another realm")
                for e in self.parts[part].entries:
                    self.index.setdefault((realm, e.id), []).append(e)

    @contextlib.contextmanager
    def named(self, name):
        """What is wrong in here is wrong with the object of that name."""
        try:
            yield
        except WRONG as e:
            self.problems.append(f"{name}: {told(e)}")

    def all(self, folder, reader):
        """{last part of the name: what it holds}, of all that are good."""
        found = {}
        for name in self.names:
            if name.startswith(folder):
                with self.named(name):
                    found[name[name.rfind("/") + 1:]] = reader(
                        self.keys, name, (self.top / name).read_bytes())
        return found

    def open_keys(self, kdf, secret):
        """Every slot is looked at; the keys, by those that @secret opens."""
        self.keys = None
        # Not twice what is the same: a passphrase takes its time.
        open_slot = functools.lru_cache(None)(sealed.open_slot)
        self.slots = self.all("keys/", lambda _, name, slot: slot)
        self.opened = self.all("keys/", lambda _, name, slot: open_slot(
            name[5:-2], slot, kdf, secret))
        good = set(self.opened.values()) - {None}
        must(len(good) == 1, "\n".join(self.problems)
             or f"keys: this opens {len(good)} repositories")
        return sealed.Keys(*good.pop())

    def open_pack(self, name):
        with open(self.top / "packs" / name[:2] / name, "rb") as f:
            return Pack(self.keys, mmap.mmap(f.fileno(), 0,
                                             access=mmap.ACCESS_READ))

    def piece(self, realm, ident, kind, length):
        """A piece, by its id, which is computed again."""
        if ident == ZERO:
            return bytes(length)
        why = "it is in no index part that counts"
        for e in sorted(self.index.get((realm, ident[:16]), ()),
                        key=lambda e: e.pack in self.head.condemned):
            try:
                must(self.pack(e.pack).realm == realm, "another realm's")
                blob = self.blob(e.pack, e.offset, e.sealed)
                must(e.place < len(blob), "there are less in its blob")
                found, data = blob[e.place]
                must(found == kind and len(data) == length
                     and self.keys.piece_id(realm, kind, data) == ident,
                     "it has another type, length or id")
                return data
            except WRONG as error:
                why = f"packs/{e.pack[:2]}/{e.pack}: {told(error)}"
        raise ValueError(f"piece {ident.hex()}: {why}")

    def chunks(self, realm, disk, node=None):
        """(number, bytes) of each chunk that is not zero, from a node down."""
        level, number, ident = node or (disk.levels, 0, disk.root)
        size, fanout = self.config.chunk_bytes, self.config.fanout
        if ident != ZERO and level == 0:
            yield number, self.piece(realm, ident, CHUNK, min(
                size, disk.bytes - number * size))
        elif ident != ZERO:
            first = number * fanout
            n = min(fanout, -(-disk.chunks // fanout ** (level - 1)) - first)
            ids = self.piece(realm, ident, NODE + level, 32 * n)
            for i in range(n):
                yield from self.chunks(realm, disk, (
                    level - 1, first + i, ids[32 * i:32 * i + 32]))

    def list(self):
        """Each backup that is there."""
        hidden = "levels", "root", "chunks"
        for session, o in sorted(self.backups.items(), key=lambda x: (
                x[1].backup.instant, x[1].sequence)):
            b = o.backup
            yield {"backup": b.name, "session": session, "instant": b.instant,
                   "host": o.host_name, "new_bytes": o.new_bytes,
                   "stored_bytes": o.stored_bytes,
                   "bytes": sum(d.bytes for d in b.disks),
                   "disks": [{name: value for name, value in vars(d).items()
                              if name not in hidden} for d in b.disks]}

    def extract(self, backup, vdev, out):
        """Write a disk of a backup, named or by its session, to a file."""
        found = [(o, d) for session, o in self.backups.items()
                 for d in o.backup.disks
                 if backup in (session, o.backup.name) and d.vdev == vdev]
        must(len(found) == 1, f"{len(found)} disks are {vdev} of {backup}")
        o, disk = found[0]
        with open(out, "wb") as f:
            f.truncate(disk.bytes)
            for number, data in self.chunks(o.realm, disk):
                f.seek(number * self.config.chunk_bytes)
                f.write(data)


def main(argv):
    """The exit status."""
    p = argparse.ArgumentParser(prog="oracle.py")
    p.add_argument("repo")
    secret = p.add_mutually_exclusive_group(required=True)
    secret.add_argument("--key-file")
    secret.add_argument("--passphrase-file")
    p.add_argument("command", choices=("list", "extract", "check"))
    p.add_argument("what", nargs="*", metavar="BACKUP VDEV OUT")
    args = p.parse_args(argv)
    try:
        if args.key_file:
            opener = 2, sealed.read_key_file(args.key_file)
        else:
            lines = pathlib.Path(args.passphrase_file).read_bytes()
            opener = 1, lines.split(b"\n")[0]
        repo = Repository(args.repo, *opener)
        problems = repo.problems
        if args.command == "list":
            print(json.dumps(list(repo.list()), indent=2))
        elif args.command == "extract":
            repo.extract(*args.what)
        else:
            check(repo)
    except WRONG as e:
        problems = [told(e)]
    print(*problems, sep="\n", end="\n" * bool(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
