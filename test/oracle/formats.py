# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of formats of doc/format.md, and bytes that are read by it.

A word alone is a magic, and the version 1 behind it.  name:kind is a field: a
number u8 to u64, so many bytes, a text; behind < is the length that is too
long, behind = are the values that there are.  [...] is what there is so many
times; the number may have come earlier, by its name.
"""
import hashlib
import re
from types import SimpleNamespace as Thing

DISK = """vdev:text<32 source:text format:text<16 bytes:u64 levels:u8 root:32
        how:u8=1-3 why:text<256 read_bytes:u64 changed_bytes:u64"""
FORMATS = {
    "config": """xsnaprep fanout_log2:u16=4-10 chunk_bytes:u32=4096-1048576
        repo_id:16 created:u64 flags:u32=0 reserved:u32=0""",
    "slot": """xsnapkey kind:u8=1-2 kdf:u8=1-2 repo_id:16 id:16 t:u32 m_kib:u32
        salt:16""",
    "record": """xsnaprec kind:u8=1-5 suite:u8=1-2 realm:u32 repo_id:16
        salt:32""",
    "sessions": "host:16 host_name:text<256 started:u64 purpose:u8=1-2",
    "commit": """purpose:u8=1-2 host:16 host_name:text<256 sequence:u64
        previous:32 ended:u64 parts:u32=0-1048576[name:32] new_bytes:u64
        stored_bytes:u64""",
    "backup": f"""name:text<160 domain:text<80 uuid:16 generation:16 mode:u8=0-5
        instant:u64 of:u8=1-3 config:32 config_bytes:u32 parent:16
        disks:u16=0-64[{DISK}] memory:u8=0-2[{DISK}]""",
    "index": """n_packs:u32 n_entries:u32 packs:n_packs[name:32 length:u64]
        entries:n_entries[id:16 pack:u32 offset:u32 both:u32]""",
    "heads": """number:u64 previous:32 phase:u8=0-2 time:u64
        condemned:u32[kind:u8=1-2 name:32] base:u32[realm:u32 name:32]
        known:u32[session:16 sha256:32] removed:u32=0-65536[session:16]""",
    "forgets": "session:16 host:16 time:u64",
    "pack": """xsnappck suite:u8=1-2 reserved:u8=0 realm:u32 repo_id:16 salt:32
        eph_pk:32 commit:32""",
    "blob": """codec:u8=0-1 reserved:u8=0 n:u16=1-256 raw:u32=0-1048576
        pieces:n[shape:u32]""",
}
NUMBERS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
TOKEN = re.compile(r"(\w+)(?::(\w+)(?:<(\d+))?(?:=(\d+)(?:-(\d+))?)?"
                   r"(?:\[((?:[^][]|\[[^]]*\])*)\])?)?")


def sha256(data):
    return hashlib.sha256(data).digest()


def le(number, size):
    return number.to_bytes(size, "little")


def must(fine, what):
    """What a reader has to refuse."""
    if not fine:
        raise ValueError(what)


class Fields:
    """Bytes that are read from front to back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        must(n <= len(self.data) - self.at, "it is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def rest(self):
        return self.take(len(self.data) - self.at)

    def get(self, kind):
        if kind in NUMBERS:
            return int.from_bytes(self.take(NUMBERS[kind]), "little")
        if kind != "text":
            return self.take(int(kind))
        data = self.take(self.get("u16"))
        must(len(data) <= 1024, "a text is too long")
        must(all(c >= 0x20 and c != 0x7f for c in data), "a text has controls")
        return data.decode()

    def read(self, what):
        """What has that name in FORMATS, or is so described there."""
        thing = Thing()
        for name, kind, limit, low, high, each in TOKEN.findall(
                FORMATS.get(what, what)):
            if not kind:
                must(self.take(8) == name.encode() and self.get("u16") == 1,
                     f"it is no {name} of version 1")
                continue
            known = vars(thing)
            value = known[kind] if kind in known else self.get(kind)
            must(not limit or len(value.encode()) < int(limit),
                 f"{name} is too long")
            must(not low or int(low) <= value <= int(high or low),
                 f"{name}: {value}")
            known[name] = value if not each else [
                self.read(each) for _ in range(value)]
        return thing

    def all(self, what=""):
        """The same, and nothing is left over."""
        thing = self.read(what)
        must(self.at == len(self.data), "bytes are left over")
        return thing
