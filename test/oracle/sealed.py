# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys, ciphers, and what they sealed, from doc/format.md alone."""
import hashlib
import hmac
import pathlib
import re

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import aead
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from formats import Fields, le, must, sha256

KINDS = {"sessions": 1, "outcomes": 2, "heads": 3, "forgets": 4, "index": 5}
CHUNK, CONFIG, NODE = 1, 3, 16  # a node of level l is NODE + l
ZERO, NO_REALM, HEADER = bytes(32), 0xffffffff, 128
CIPHERS = {1: aead.AESGCM, 2: aead.ChaCha20Poly1305}
MAX_WINDOW = 1 << 20
# All that it means when something cannot be read.
WRONG = (ValueError, OSError, InvalidTag, CryptoError, zstandard.ZstdError)


def hkdf(ikm, salt, info, n):
    key, block, out = hmac.digest(salt, ikm, "sha256"), b"", b""
    for i in range(1, -(-n // 32) + 1):
        block = hmac.digest(key, block + info + bytes([i]), "sha256")
        out += block
    return out[:n]


def unpress(payload, raw_bytes):
    """The content of one Zstandard frame, if it is of just so many bytes."""
    must(payload[:4] == b"\x28\xb5\x2f\xfd", "it is no Zstandard frame")
    frame = zstandard.get_frame_parameters(payload)
    must(frame.window_size <= MAX_WINDOW and frame.dict_id == 0
         and frame.content_size == raw_bytes, "a frame's header is wrong")
    press = zstandard.ZstdDecompressor(
        max_window_size=MAX_WINDOW).decompressobj()
    data = press.decompress(payload)
    must(press.eof and not press.unused_data and len(data) == raw_bytes,
         "it is not just one frame of raw_bytes")
    return data


def read_key_file(path):
    """The 32 bytes of a key file."""
    m = re.fullmatch(rb"xensnap-key-1 ((?:[0-9a-f]{8}-){8}[0-9a-f]{8})\n",
                     pathlib.Path(path).read_bytes())
    must(m, f"{path}: no key file")
    data = bytes.fromhex(m[1].decode().replace("-", ""))
    must(sha256(data[:32])[:4] == data[32:], f"{path}: a digit is mistyped")
    return data[:32]


def open_slot(ident, data, kdf, secret):
    """(repo_id, MK) of slot @ident if @secret opens it, None if another does."""
    f = Fields(data)
    s, checked = f.read("slot"), data[:f.at]
    check, nonce, n = f.get("32"), f.get("24"), f.get("u16")
    more, sealed = data[:f.at], f.rest()
    must(len(sealed) == n and s.id.hex() == ident,
         "its length or its id is wrong")
    must(1 <= s.t <= 64 and 8192 <= s.m_kib <= 4194304 if s.kdf == 1
         else s.t == s.m_kib == 0, "its t or m_kib is out of bounds")
    if kdf != s.kdf:
        return None
    kek = hkdf(secret, s.salt, b"xensnap 1 key file", 32) if kdf == 2 else \
        sodium.crypto_pwhash_alg(32, secret, s.salt, s.t, s.m_kib << 10,
                                 sodium.crypto_pwhash_ALG_ARGON2ID13)
    if check != hashlib.blake2b(b"xensnap 1 check" + checked, key=kek,
                                digest_size=32).digest():
        return None
    must(s.kind == 1, "it is a put-only key, which reads no packs")
    return s.repo_id, Fields(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        sealed, more, nonce, kek)).all("mk:32 label:text<64").mk


class Keys:
    """MK, and all that comes of it."""

    def __init__(self, repo_id, mk):
        self.repo_id, self.mk = repo_id, mk
        self.read_sk = self.derive(mk, "read")
        self.read_pk = sodium.crypto_scalarmult_base(self.read_sk)
        self.sign_pk, self.sign_sk = sodium.crypto_sign_seed_keypair(
            self.derive(mk, "sign"))
        self.head = self.derive(mk, "head")

    def derive(self, key, label, context=b"", n=32):
        return hkdf(key, self.repo_id,
                    b"xensnap 1 " + label.encode() + b"\0" + context, n)

    def of_realm(self, realm, label):
        return self.derive(self.derive(self.mk, "realm", le(realm, 4)), label)

    def piece_id(self, realm, kind, data):
        return hmac.digest(self.of_realm(realm, "name"), le(kind, 1)
                           + le(len(data), 8) + data, "sha256") if any(data) \
            else ZERO

    def record_key(self, h):
        """key | commit of a record, by its header."""
        key = self.head if h.realm == NO_REALM else \
            self.of_realm(h.realm, "meta")
        return self.derive(key, "record", h.salt, 64)

    def pack_key(self, h):
        """The same of a pack."""
        return hkdf(sodium.crypto_scalarmult(self.read_sk, h.eph_pk), h.salt,
                    b"xensnap 1 pack\0" + self.repo_id + le(h.suite, 1)
                    + le(h.realm, 4) + h.eph_pk + self.read_pk, 64)


def read_config(keys, _, data):
    c = Fields(data[:-32]).all("config")
    must(c.chunk_bytes & (c.chunk_bytes - 1) == 0, "odd chunk_bytes")
    must(c.repo_id == keys.repo_id and data[-32:] == hmac.digest(keys.derive(
        keys.head, "config"), data[:-32], "sha256"), "its id or mac is wrong")
    c.fanout = 1 << c.fanout_log2
    return c


def open_record(keys, name, data):
    """(realm, body) of a sealed record."""
    f, kind = Fields(data), KINDS[name.split("/")[0]]
    h, signed = f.read("record"), kind in (3, 4)
    must(h.kind == kind and (h.realm == NO_REALM) == signed
         and h.repo_id == keys.repo_id, "its kind, realm or id is wrong")
    more = data[:f.at] + (b"index/" if kind == 5 else name.encode())
    both = keys.record_key(h)
    must(both[32:] == f.get("32"), "its commit is wrong")
    body = CIPHERS[h.suite](both[:32]).decrypt(bytes(12), f.rest(), more)
    if signed:
        body, signature = body[:-64], body[-64:]
        sodium.crypto_sign_open(signature + b"xensnap 1 signed" + keys.repo_id
                                + name.encode() + b"\0" + body, keys.sign_pk)
    return h.realm, Fields(body)


def read_record(keys, name, data):
    """A session, a forget, a head, an index part, by the table."""
    folder, leaf = name.split("/")
    realm, f = open_record(keys, name, data)
    x = f.all(folder)
    x.realm = realm
    must(folder != "forgets" or leaf == x.session.hex(), "its name is wrong")
    return x


def read_head(keys, name, data):
    h = read_record(keys, name, data)
    must(name == f"heads/{h.number:016x}", "its number is not in its name")
    must(h.phase or not h.condemned, "it condemns outside of a prune")
    h.order = [x.session for x in h.known]
    h.removed = {x.session.hex() for x in h.removed}
    h.condemned = {x.name.hex() for x in h.condemned}
    h.base = {x.name.hex(): x.realm for x in h.base}
    h.known = {x.session.hex(): x.sha256 for x in h.known}
    return h


def read_outcome(keys, name, data, config):
    """A commit or a break; .backup is None where there is none."""
    realm, f = open_record(keys, name, data)
    what = f.read("what:u8=1-2").what
    o = f.read("commit" if what == 1 else "")
    o.what, o.realm, o.backup = what, realm, None
    if what == 1:
        o.parts = [x.name.hex() for x in o.parts]
        must(o.sequence and (o.sequence == 1) == (o.previous == ZERO),
             "no commit has this sequence and this previous")
        o.backup = read_backup(f, config) if o.purpose == 1 else None
    f.all()
    return o


def read_backup(f, config):
    b = f.read("backup")
    must((b.config == ZERO) == (b.config_bytes == 0), "half a configuration")
    must(len(b.memory) in (0, 2), "half a memory")
    b.disks += b.memory
    must(len({d.vdev for d in b.disks}) == len(b.disks), "one vdev twice")
    for d in b.disks:
        d.chunks = -(-d.bytes // config.chunk_bytes)
        levels, room = min(d.chunks, 1), config.fanout
        while room < d.chunks:
            levels, room = levels + 1, room * config.fanout
        must(d.levels == levels and (d.chunks or d.root == ZERO),
             f"{d.vdev} has {d.levels} levels of {levels}, or a root for none")
    return b


def read_index(keys, name, data):
    must(len(data) <= 8 << 20, "it is too large")
    must(name[6:] == sha256(data).hex(), "its name is not its sum")
    x = read_record(keys, name, data)
    must(x.entries == sorted(x.entries, key=lambda e: e.id), "it is not sorted")
    for e in x.entries:
        must(e.pack < x.n_packs, "an entry is of a pack that it does not name")
        e.place, e.sealed = divmod(e.both, 1 << 24)
        must(HEADER <= e.offset <= x.packs[e.pack].length - e.sealed,
             "an entry lies outside its pack")
        e.pack = x.packs[e.pack].name.hex()
    return x


class Pack:
    """A pack; @data may be a file that is mapped."""

    def __init__(self, keys, data):
        self.data = data
        must(0 < len(data) <= 64 << 20 and len(data) % 4096 == 0, "its length")
        h = Fields(data[:HEADER]).all("pack")
        must(h.realm != NO_REALM and h.repo_id == keys.repo_id,
             "its realm or id is wrong")
        both = keys.pack_key(h)
        must(both[32:] == h.commit, "its commit is wrong")
        self.suite, self.realm, self.key = h.suite, h.realm, both[:32]

    def body(self, offset, length):
        """What is sealed there."""
        must(HEADER <= offset and offset + length <= len(self.data) - 16,
             "a blob lies outside the pack")
        at = le(offset, 8)
        return CIPHERS[self.suite](self.key).decrypt(
            at + bytes(4), self.data[offset:offset + length],
            self.data[:HEADER] + at)

    def blob(self, offset, length):
        """Its pieces: [(type, bytes), ...]."""
        f = Fields(self.body(offset, length))
        b = f.read("blob")
        shape = [shape_of(x) for x in b.pieces]
        must(sum(x[1] for x in shape) == b.raw, "raw_bytes is not the sum")
        f = Fields(unpress(f.rest(), b.raw) if b.codec else f.rest())
        pieces = [(kind, f.take(length)) for kind, length in shape]
        f.all()
        return pieces


def shape_of(piece):
    """(type, length) of a piece."""
    kind, length = divmod(piece.shape, 1 << 24)
    must(kind in (CHUNK, CONFIG) or NODE < kind <= NODE + 13,
         f"there is no type {kind}")
    must(length > 0, "a piece is empty")
    return kind, length
