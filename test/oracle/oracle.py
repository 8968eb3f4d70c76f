#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An independent reader of repositories, written from doc/format.md alone.

It believes nothing: what is not as the page says goes to stderr, with the name
of the object, and makes the status 1.  Debian's python3 has what it needs.
"""
import argparse
import contextlib
import hashlib
import json
import mmap
import pathlib
import re
import sys

import objects
from objects import CHUNK, CONFIG, NODE, ZERO, Pack
from sealed import WRONG, Bad, Keys, must, open_slot, read_key_file

NAMES = re.compile(r"config|keys/[0-9a-f]{32}-[12]|index/[0-9a-f]{64}"
                   r"|(?:sessions|outcomes|forgets)/[0-9a-f]{32}"
                   r"|packs/([0-9a-f]{2})/\1[0-9a-f]{62}"
                   r"|heads/(?!0{16})[0-9a-f]{16}")


def sha256(data):
    return hashlib.sha256(data).digest()


def told(error):
    """What is wrong; ciphers say it by their exceptions' names."""
    return str(error) or type(error).__name__


class Repository:
    """A repository.  All but its packs is read at once; what is wrong is told
    in .problems, but without a key or `config` there is nothing to go on."""

    def __init__(self, top, kdf, secret):
        self.top, self.problems = pathlib.Path(top), []
        files = (p for p in self.top.rglob("*") if p.is_file())
        self.names = sorted(filter(NAMES.fullmatch, (
            str(p.relative_to(top)) for p in files)))
        self.packs, self.blobs, self.index = {}, {}, {}
        self.keys = self.open_keys(kdf, secret)
        self.config = self.all("config", lambda keys, name, data:
                               objects.read_config(data, keys)).get("config")
        must(self.config, "\n".join(self.problems) or "config: it is missing")
        self.heads = heads = self.all("heads/", objects.read_head)
        self.forgets = self.all("forgets/", objects.read_forget)
        self.sessions = self.all("sessions/", objects.read_session)
        self.outcomes = self.all("outcomes/", lambda *of: objects.read_outcome(
            *of, self.config))
        self.parts = self.all("index/", objects.read_index)
        must(heads, "\n".join(self.problems) or "heads: there is none")
        self.head = heads[max(heads)]
        self.condemned = {name for _, name in self.head.condemned}
        self.backups = {s: o for s, o in self.outcomes.items() if o.backup
                        and s not in self.forgets and s not in
                        self.head.removed}
        self.counted = dict(self.head.base)  # {index part: its realm}
        for session, o in self.outcomes.items():
            if o.what == 1 and session not in self.head.known and \
                    session not in self.head.removed:
                self.counted.update((part, o.realm) for part in o.parts)
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
        self.keys, data, found = None, {}, {}

        def look(_, name, slot):
            data[name], first = slot, name[:-1] + "1"
            # Not again if it is the same: a passphrase takes its time.
            found[name] = found[first] if data.get(first) == slot and \
                first in found else open_slot(name, slot, kdf, secret)
        self.all("keys/", look)
        good = set(found.values()) - {None}
        must(good, "\n".join(self.problems) or "keys: this opens none")
        must(len(good) == 1, "keys: two of them are of two repositories")
        for name, slot in data.items():
            twin = name[:-1] + "21"[int(name[-1]) - 1]
            with self.named(name):
                must(twin in data, "there is but one of it")
                must(data[twin] == slot or found.get(name) and
                     not found.get(twin), f"it is not the same as {twin}")
        return Keys(*good.pop())

    def pack(self, name):
        """A pack, which is left open."""
        if name not in self.packs:
            with open(self.top / "packs" / name[:2] / name, "rb") as f:
                self.packs[name] = Pack(self.keys, mmap.mmap(
                    f.fileno(), 0, access=mmap.ACCESS_READ))
        return self.packs[name]

    def blob(self, e):
        """The pieces of the blob of an entry; the last ones are kept."""
        where = e.pack, e.offset, e.sealed
        if where not in self.blobs:
            if len(self.blobs) >= 32:
                self.blobs.clear()
            self.blobs[where] = self.pack(e.pack).blob(e.offset, e.sealed)
        return self.blobs[where]

    def piece(self, realm, ident, kind, length):
        """A piece, by its id, which is computed again."""
        if ident == ZERO:
            return bytes(length)
        why = "it is in no index part that counts"
        for e in sorted(self.index.get((realm, ident[:16]), ()),
                        key=lambda e: e.pack in self.condemned):
            try:
                must(self.pack(e.pack).realm == realm, "another realm's")
                must(e.place < len(self.blob(e)), "there are less in its blob")
                found, data = self.blob(e)[e.place]
                must(found == kind and len(data) == length
                     and self.keys.piece_id(realm, kind, data) == ident,
                     "it has another type, length or id")
                return data
            except WRONG as error:
                why = f"packs/{e.pack[:2]}/{e.pack}: {told(error)}"
        raise Bad(f"piece {ident.hex()}: {why}")

    def chunks(self, realm, disk, node=None):
        """(number, bytes) of each chunk that is not zero, from a node down."""
        level, number, ident = node or (disk.levels, 0, disk.root)
        size, fanout = self.config.chunk_bytes, self.config.fanout
        if ident != ZERO and level == 0:
            yield number, self.piece(realm, ident, CHUNK, min(
                size, disk.bytes - number * size))
        elif ident != ZERO:
            below = -(-disk.chunks // fanout ** (level - 1))
            first = number * fanout
            n = min(fanout, below - first)
            ids = self.piece(realm, ident, NODE + level, 32 * n)
            for i in range(n):
                yield from self.chunks(realm, disk, (
                    level - 1, first + i, ids[32 * i:32 * i + 32]))

    # ---- check: all that was not needed to read the rest ----

    def check(self):
        trailers = self.all("packs/", self.check_pack)
        for part, x in self.parts.items():
            with self.named(f"index/{part}"):
                self.check_part(part, x, trailers)
        for session, o in self.outcomes.items():
            with self.named(f"outcomes/{session}"):
                self.check_outcome(session, o)
        for session, digest in self.head.known.items():
            with self.named(f"outcomes/{session}"):
                must(sha256((self.top / "outcomes" / session).read_bytes())
                     == digest, "it is not the one that the head knows")
        for name, h in self.heads.items():
            before = f"{h.number - 1:016x}"
            with self.named(f"heads/{name}"):
                must(before not in self.heads or h.previous == sha256(
                    (self.top / "heads" / before).read_bytes()),
                    "its previous is wrong")

    def check_pack(self, _, path, data):
        """Each of its blobs, and what its trailer says."""
        name, pack = path[9:], self.pack(path[9:])
        must(sha256(data).hex() == name, "its name is not its sum")
        blobs = pack.trailer()
        for offset, (sealed, said) in blobs.items():
            pieces = pack.blob(offset, sealed)
            must([((kind, len(data)), self.keys.piece_id(
                pack.realm, kind, data)) for kind, data in pieces] == said,
                f"the blob at {offset} is not what the trailer says")
            must(all(ident != ZERO for _, ident in said), "it has zeros")
        return pack.realm, len(data), blobs

    def check_part(self, part, x, trailers):
        """An index part against the trailers of its packs."""
        for p in x.packs:
            name = p.name.hex()
            must(name in trailers or (
                part not in self.counted or name in self.condemned),
                f"its pack {name} is missing or bad")
            must(trailers.get(name, (x.realm, p.length))[:2]
                 == (x.realm, p.length), f"{name} has another length or realm")
        for e in x.entries:
            if e.pack in trailers:
                sealed, said = trailers[e.pack][2].get(e.offset, (0, ()))
                must(sealed == e.sealed and e.place < len(said)
                     and said[e.place][1][:16] == e.id,
                     f"entry {e.id.hex()} is not as pack {e.pack} says")

    def check_outcome(self, session, o):
        """Against its session, and the one before; all that it holds."""
        if o.what == 2:
            return
        s = self.sessions.get(session, o)
        must((s.realm, s.host, s.host_name, s.purpose)
             == (o.realm, o.host, o.host_name, o.purpose),
             "its realm, host or purpose is not its session's")
        others = {b.sequence: name for name, b in self.outcomes.items()
                  if b.what == 1 and b.host == o.host and b is not o}
        must(o.sequence not in others, "another has the same sequence")
        before = others.get(o.sequence - 1)
        must(before or o.sequence == 1 or self.head.removed,
             "the commit before it is missing")
        must(not before or o.previous == sha256(
            (self.top / "outcomes" / before).read_bytes()),
            "its previous is wrong")
        if session in self.backups:
            b = o.backup
            self.piece(o.realm, b.config, CONFIG, b.config_bytes)
            for d in b.disks:
                for _ in self.chunks(o.realm, d):
                    pass

    # ---- list, extract ----

    def list(self):
        """Each backup that is there."""
        for session, o in sorted(self.backups.items(), key=lambda x: (
                x[1].backup.instant, x[1].sequence)):
            b = o.backup
            yield {"backup": b.name, "session": session, "instant": b.instant,
                   "host": o.host_name, "new_bytes": o.new_bytes,
                   "stored_bytes": o.stored_bytes,
                   "bytes": sum(d.bytes for d in b.disks),
                   "disks": [{name: value for name, value in vars(d).items()
                              if name not in ("levels", "root", "chunks")}
                             for d in b.disks]}

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
            repo = Repository(args.repo, 2, read_key_file(args.key_file))
        else:
            lines = pathlib.Path(args.passphrase_file).read_bytes()
            repo = Repository(args.repo, 1, lines.split(b"\n")[0])
        problems = repo.problems
        if args.command == "list":
            print(json.dumps(list(repo.list()), indent=2))
        elif args.command == "extract":
            repo.extract(*args.what)
        else:
            repo.check()
    except WRONG as e:
        problems = [told(e)]
    print(*problems, sep="\n", end="\n" * bool(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
