# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fields, keys and ciphers of a repository, from doc/format.md alone."""
import hashlib
import hmac
import pathlib
import re
from types import SimpleNamespace as Thing

import zstandard
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

CIPHERS = {1: aead.AESGCM, 2: aead.ChaCha20Poly1305}
NUMBERS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
MAX_WINDOW = 1 << 20


class Bad(ValueError):
    """Something is not as the page says, and what."""


# All that it means when something cannot be read.
WRONG = (ValueError, OSError, InvalidTag, InvalidSignature, CryptoError,
         zstandard.ZstdError)


def must(fine, what):
    """What a reader has to refuse."""
    if not fine:
        raise Bad(what)


class Fields:
    """Bytes that are read from front to back; all of them, in `with`."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        must(error or self.at == len(self.data), "bytes are left over")

    def take(self, n):
        """The next @n bytes."""
        must(n <= len(self.data) - self.at, "it is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def rest(self):
        return self.take(len(self.data) - self.at)

    def get(self, kind):
        """A number ("u8" to "u64"), a "text", or so many bytes ("32")."""
        if kind in NUMBERS:
            return int.from_bytes(self.take(NUMBERS[kind]), "little")
        if kind != "text":
            return self.take(int(kind))
        n = self.get("u16")
        must(n <= 1024, "a text is too long")
        data = self.take(n)
        must(all(c >= 0x20 and c != 0x7f for c in data), "a text has controls")
        return data.decode()

    def read(self, spec, magic=b""):
        """Things by name: "host:16 name:text<80 purpose:u8=1-2"; what is behind
        the = are the values that there are, behind the < what is too long.  A
        @magic and the version before it."""
        if magic:
            must(self.take(8) == magic, f"it is no {magic.decode()}")
            spec = "version:u16=1-1 " + spec
        thing = Thing()
        for name, kind, limit, low, high in re.findall(
                r"(\w+):(\w+)(?:<(\d+))?(?:=(\d+)-(\d+))?", spec):
            value = self.get(kind)
            must(not limit or len(value.encode()) < int(limit),
                 f"{name} is too long")
            must(not low or int(low) <= value <= int(high), f"{name}: {value}")
            setattr(thing, name, value)
        return thing

    def many(self, spec, count="u32"):
        """A number, and so many things."""
        return [self.read(spec) for _ in range(self.get(count))]


def hkdf(ikm, salt, info, n):
    return HKDF(hashes.SHA256(), n, salt, info).derive(ikm)


def le(number, size):
    return number.to_bytes(size, "little")


def aead_open(suite, key, nonce, more, sealed):
    """What was sealed, by the cipher of @suite."""
    must(len(sealed) >= 16, "it is shorter than a tag")
    return CIPHERS[suite](key).decrypt(nonce, sealed, more)


def unpress(payload, raw_bytes):
    """The content of one Zstandard frame, if it is of just so many bytes."""
    must(payload[:4] == b"\x28\xb5\x2f\xfd", "it is no Zstandard frame")
    frame = zstandard.get_frame_parameters(payload)
    must(frame.window_size <= MAX_WINDOW, "a frame's window is too large")
    must(frame.dict_id == 0, "a frame wants a dictionary")
    must(frame.content_size == raw_bytes, "a frame is not of raw_bytes")
    press = zstandard.ZstdDecompressor(
        max_window_size=MAX_WINDOW).decompressobj()
    data = press.decompress(payload)
    must(press.eof and not press.unused_data, "it is not just one frame")
    must(len(data) == raw_bytes, "a frame is not of raw_bytes")
    return data


def read_key_file(path):
    """The 32 bytes of a key file."""
    m = re.fullmatch(rb"xensnap-key-1 ((?:[0-9a-f]{8}-){8}[0-9a-f]{8})\n",
                     pathlib.Path(path).read_bytes())
    must(m, f"{path}: no key file")
    data = bytes.fromhex(m[1].decode().replace("-", ""))
    must(hashlib.sha256(data[:32]).digest()[:4] == data[32:],
         f"{path}: its digits are mistyped")
    return data[:32]


def open_slot(name, data, kdf, secret):
    """(repo_id, MK) of keys/ID-N if @secret opens it, None if another does."""
    with Fields(data) as f:
        s = f.read("kind:u8=1-2 kdf:u8=1-2 repo_id:16 id:16 t:u32 m_kib:u32 "
                   "salt:16", b"xsnapkey")
        checked = data[:f.at]
        check, nonce, n = f.get("32"), f.get("24"), f.get("u16")
        more, sealed = data[:f.at], f.take(n)
    must(f"keys/{s.id.hex()}-" == name[:-1], "its id is not in its name")
    must(1 <= s.t <= 64 and 8192 <= s.m_kib <= 4194304 if s.kdf == 1
         else s.t == s.m_kib == 0, "its t or m_kib is out of bounds")
    if kdf != s.kdf:
        return None
    kek = sodium.crypto_pwhash_alg(
        32, secret, s.salt, s.t, s.m_kib << 10,
        sodium.crypto_pwhash_ALG_ARGON2ID13) if kdf == 1 else hkdf(
            secret, s.salt, b"xensnap 1 key file", 32)
    if check != hashlib.blake2b(b"xensnap 1 check" + checked, key=kek,
                                digest_size=32).digest():
        return None
    must(s.kind == 1, "it is a put-only key, which reads no packs")
    with Fields(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, more, nonce, kek)) as f:
        return s.repo_id, f.read("mk:32 label:text<64").mk


class Keys:
    """MK, and all that comes of it."""

    def __init__(self, repo_id, mk):
        self.repo_id, self.mk = repo_id, mk
        self.read_sk = x25519.X25519PrivateKey.from_private_bytes(
            self.derive(mk, "read"))
        self.read_pk = self.read_sk.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw)
        self.sign_pk = ed25519.Ed25519PrivateKey.from_private_bytes(
            self.derive(mk, "sign")).public_key()
        self.head = self.derive(mk, "head")

    def derive(self, key, label, context=b"", n=32):
        return hkdf(key, self.repo_id,
                    b"xensnap 1 " + label.encode() + b"\0" + context, n)

    def of_realm(self, realm, label):
        """K_name or K_meta of a realm."""
        return self.derive(self.derive(self.mk, "realm", le(realm, 4)), label)

    def piece_id(self, realm, kind, data):
        """The id of a piece: zeros for what is all zero."""
        return hmac.digest(self.of_realm(realm, "name"), le(kind, 1)
                           + le(len(data), 8) + data, "sha256") if any(data) \
            else bytes(32)

    def check_signature(self, name, body, signature):
        """The signature of a head or a forget."""
        self.sign_pk.verify(signature, b"xensnap 1 signed" + self.repo_id
                            + name.encode() + b"\0" + body)

    def pack_key(self, h):
        """key | commit of a pack, by its header."""
        shared = self.read_sk.exchange(
            x25519.X25519PublicKey.from_public_bytes(h.eph_pk))
        return hkdf(shared, h.salt, b"xensnap 1 pack\0" + self.repo_id
                    + le(h.suite, 1) + le(h.realm, 4) + h.eph_pk
                    + self.read_pk, 64)
