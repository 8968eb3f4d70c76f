# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one can write into a repository who has its key, from doc/format.md:
everything is sealed and named as it has to be, and says what its writer likes.

By Debian's own Python, which has the libraries of the oracle.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "oracle"))
# pylint: disable=wrong-import-position
import oracle  # noqa: E402
from formats import FORMATS, NUMBERS, TOKEN, le, sha256  # noqa: E402
from nacl import bindings as sodium  # noqa: E402
from sealed import (CHUNK, CIPHERS, KINDS, NODE, NO_REALM,  # noqa: E402
                    ZERO, hkdf, open_record, read_key_file)


def text(data):
    """A text, of whatever bytes."""
    return le(len(data), 2) + data


def shape(kind, length):
    return le(length & 0xffffff, 3) + le(kind, 1)


def blob_body(pieces, payload=None, codec=0, raw=None):
    """Of [(type, bytes), ...]; @payload and @raw in place of what is true."""
    true = b"".join(data for _, data in pieces)
    return (le(codec, 1) + b"\0" + le(len(pieces) & 0xffff, 2)
            + le(len(true) if raw is None else raw, 4)
            + b"".join(shape(kind, len(data)) for kind, data in pieces)
            + (true if payload is None else payload))


def numbers(what, data):
    """(name, offset, size) of each number in @data, which is of that format;
    and what is behind it."""
    found = []

    def walk(what, at):
        seen = {}
        for name, kind, _, _, _, each in TOKEN.findall(
                FORMATS.get(what, what)):
            if not kind:
                found.append((name, at + 8, 2))
                at += 10
                continue
            if kind in seen:
                value = seen[kind]
            elif kind in NUMBERS:
                found.append((name, at, NUMBERS[kind]))
                value = int.from_bytes(data[at:at + NUMBERS[kind]], "little")
                at += NUMBERS[kind]
            elif kind == "text":
                found.append((name, at, 2))
                value = None
                at += 2 + int.from_bytes(data[at:at + 2], "little")
            else:
                value, at = None, at + int(kind)
            seen[name] = value
            for _ in range(value if each else 0):
                at = walk(each, at)
        return at
    end = walk(what, 0)
    return found, end


class Forger:
    """All keys of a repository at @top, and what is in it."""

    def __init__(self, top, key_file):
        self.top = pathlib.Path(top)
        self.repo = oracle.Repository(top, 2, read_key_file(key_file))
        assert not self.repo.problems, self.repo.problems
        self.keys = self.repo.keys

    def backup(self, name):
        """(session, outcome) of a backup."""
        return next((s, o) for s, o in self.repo.backups.items()
                    if o.backup.name == name)

    def body(self, name):
        """What is sealed in a record."""
        return open_record(self.keys, name, (self.top / name).read_bytes()
                           )[1].data

    def key(self, realm, salt):
        """key | commit of a record."""
        k = self.keys
        return k.derive(k.head if realm == NO_REALM else
                        k.of_realm(realm, "meta"), "record", salt, 64)

    def seal(self, name, body, **how):
        """A record.  @how: kind, realm, suite, version, magic, seal_suite."""
        folder = name.split("/")[0]
        kind = how.get("kind", KINDS[folder])
        realm = how.get("realm", NO_REALM if kind in (3, 4) else 0)
        suite, salt = how.get("suite", 1), os.urandom(32)
        head = (how.get("magic", b"xsnaprec") + le(how.get("version", 1), 2)
                + le(kind, 1) + le(suite, 1) + le(realm, 4)
                + how.get("repo_id", self.keys.repo_id) + salt)
        if kind in (3, 4):
            body += sodium.crypto_sign(
                b"xensnap 1 signed" + self.keys.repo_id + name.encode()
                + b"\0" + body, self.keys.sign_sk)[:64]
        both = self.key(realm, salt)
        more = head + (b"index/" if kind == 5 else name.encode())
        return head + both[32:] + CIPHERS[how.get("seal_suite", 1)](
            both[:32]).encrypt(bytes(12), body, more)

    def put(self, name, data, to=None):
        """Write an object, into the repository or at @to."""
        path = (to or self.top) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.unlink()
        path.write_bytes(data)
        return name

    def put_record(self, name, body, **how):
        return self.put(name, self.seal(name, body, **how))

    def put_part(self, body, **how):
        """An index part; its sum."""
        data = self.seal("index/", body, kind=5, **how)
        self.put("index/" + sha256(data).hex(), data)
        return sha256(data)

    def pack(self, blobs, listed=None, footer=None, **how):
        """A pack of sealed bodies @blobs; [offset, length], and its bytes.
        @listed: the trailer's body."""
        k, suite, realm = self.keys, how.get("suite", 1), how.get("realm", 0)
        sk, salt = os.urandom(32), os.urandom(32)
        pk = sodium.crypto_scalarmult_base(sk)
        both = hkdf(sodium.crypto_scalarmult(sk, k.read_pk), salt,
                    b"xensnap 1 pack\0" + k.repo_id + le(suite, 1)
                    + le(realm, 4) + pk + k.read_pk, 64)
        data = (b"xsnappck" + le(how.get("version", 1), 2) + le(suite, 1)
                + b"\0" + le(realm, 4) + k.repo_id + salt + pk + both[32:])
        head, places = data, []

        def sealed(body):
            at = le(len(data), 8)
            return CIPHERS[how.get("seal_suite", 1)](both[:32]).encrypt(
                at + bytes(4), body, head + at)
        for body in blobs:
            places.append((len(data), len(body) + 16))
            data += sealed(body)
        if callable(listed):
            listed = listed(places)
        end = sealed(listed or le(0, 4))
        at = len(data)
        data += end + bytes(-(len(data) + len(end) + 16) % 4096)
        data += footer or le(at, 4) + le(len(end), 4) + b"xsnapend"
        return places, data

    def put_pack(self, blobs, listed=None, **how):
        places, data = self.pack(blobs, listed, **how)
        name = sha256(data).hex()
        self.put(f"packs/{name[:2]}/{name}", data)
        return places, sha256(data), len(data)

    def listing(self, blobs):
        """The body of a trailer, of [[(type, bytes), ...], ...]; by the places
        of its blobs."""
        def listed(places):
            return le(len(blobs), 4) + b"".join(
                le(at, 4) + le(n, 4) + le(len(pieces), 2) + b"".join(
                    shape(kind, len(d)) + self.keys.piece_id(0, kind, d)
                    for kind, d in pieces)
                for (at, n), pieces in zip(places, blobs))
        return listed

    def part_body(self, pack, length, entries):
        """Of one pack; entries: (id, offset, sealed, place)."""
        rows = sorted(entries, key=lambda e: e[0][:16])
        return (le(1, 4) + le(len(rows), 4) + pack + le(length, 8)
                + b"".join(i[:16] + le(0, 4) + le(at & 0xffffffff, 4)
                           + le(n, 3) + le(place, 1)
                           for i, at, n, place in rows))

    def put_outcome(self, disks, parts, **how):
        """A commit by a host of its own; its session.  @disks: of bytes."""
        session = how.get("session", os.urandom(16))
        name = f"outcomes/{session.hex()}"
        body = (b"\1\1" + os.urandom(16) + text(how.get("host", b"forger"))
                + le(1, 8) + ZERO + le(1, 8) + le(len(parts), 4)
                + b"".join(parts) + le(0, 8) + le(0, 8)
                + text(how.get("name", b"forged"))
                + text(how.get("domain", b"")) + bytes(32)
                + le(how.get("mode", 0), 1) + le(how.get("instant", 2), 8)
                + le(how.get("of", 3), 1) + how.get("config", ZERO)
                + le(how.get("config_bytes", 0), 4) + bytes(16)
                + le(len(disks), 2) + b"".join(disks) + b"\0")
        self.put_record(name, body, **how.get("seal", {}))
        return session.hex()

    def disk(self, size, root, **how):
        """One disk of an outcome."""
        fanout = self.repo.config.fanout
        chunks = -(-size // self.repo.config.chunk_bytes)
        levels, room = min(chunks, 1), fanout
        while room < chunks:
            levels, room = levels + 1, room * fanout
        return (text(how.get("vdev", b"disk"))
                + text(how.get("source", b"/d"))
                + text(how.get("format", b"raw")) + le(size, 8)
                + le(how.get("levels", levels), 1) + root + b"\1"
                + text(how.get("why", b"")) + le(0, 8) + le(0, 8))

    def put_backup(self, pieces, size, root, body=None, **how):
        """A backup of one disk, all of whose pieces are in one blob, with that
        @body in place of the true one; its session."""
        blob = body or blob_body(pieces)
        places, pack, length = self.put_pack(
            [blob], self.listing([pieces]), **how.get("pack", {}))
        (at, n), = places
        part = self.put_part(self.part_body(pack, length, [
            (self.keys.piece_id(0, kind, d), at, n, i)
            for i, (kind, d) in enumerate(pieces)]))
        return self.put_outcome([self.disk(size, root, **how.get("disk", {}))],
                                [part], **how)

    def tree(self, data):
        """(pieces, root) of a disk of up to a node's chunks."""
        size = self.repo.config.chunk_bytes
        chunks = [data[i:i + size] for i in range(0, len(data), size)]
        node = b"".join(self.keys.piece_id(0, CHUNK, c) for c in chunks)
        pieces = [(CHUNK, c) for c in chunks if any(c)] + [(NODE + 1, node)]
        return pieces, self.keys.piece_id(0, NODE + 1, node)
