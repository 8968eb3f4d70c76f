# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in each object of a repository, from doc/format.md alone."""
import hashlib
import hmac

from sealed import Fields, aead_open, must, unpress

SESSION, OUTCOME, HEAD, FORGET, INDEX = range(1, 6)
CHUNK, CONFIG, NODE = 1, 3, 16  # a node of level l is NODE + l
ZERO = bytes(32)
NO_REALM = 0xffffffff
HEADER = 128


def read_config(data, keys):
    with Fields(data) as f:
        c = f.read("fanout_log2:u16=4-10 chunk_bytes:u32=4096-1048576 "
                   "repo_id:16 created:u64 flags:u32=0-0 reserved:u32=0-0",
                   b"xsnaprep")
        must(c.chunk_bytes & (c.chunk_bytes - 1) == 0, "odd chunk_bytes")
        must(c.repo_id == keys.repo_id, "it is of another repository")
        must(hmac.digest(keys.derive(keys.head, "config"), data[:f.at],
                         "sha256") == f.get("32"), "its mac is wrong")
    c.fanout = 1 << c.fanout_log2
    return c


def open_record(keys, name, data, kind):
    """(realm, body) of a sealed record."""
    f = Fields(data)
    h = f.read(f"kind:u8={kind}-{kind} suite:u8=1-2 realm:u32 repo_id:16 "
               "salt:32", b"xsnaprec")
    must((h.realm == NO_REALM) == (kind in (HEAD, FORGET)), "a wrong realm")
    must(h.repo_id == keys.repo_id, "it is of another repository")
    key = keys.head if kind in (HEAD, FORGET) else keys.of_realm(h.realm,
                                                                 "meta")
    both = keys.derive(key, "record", h.salt, 64)
    more = data[:f.at] + (b"index/" if kind == INDEX else name.encode())
    must(both[32:] == f.get("32"), "its commit is wrong")
    body = aead_open(h.suite, both[:32], bytes(12), more, f.rest())
    if kind in (HEAD, FORGET):
        must(len(body) >= 64, "it is too short")
        keys.check_signature(name, body[:-64], body[-64:])
        body = body[:-64]
    return h.realm, Fields(body)


def read_session(keys, name, data):
    realm, f = open_record(keys, name, data, SESSION)
    with f:
        s = f.read("host:16 host_name:text<256 started:u64 purpose:u8=1-2")
    s.realm = realm
    return s


def read_outcome(keys, name, data, config):
    """A commit or a break; .backup is None where there is none."""
    realm, f = open_record(keys, name, data, OUTCOME)
    with f:
        o = f.read("what:u8=1-2")
        if o.what == 1:
            o = f.read("purpose:u8=1-2 host:16 host_name:text<256 sequence:u64 "
                       "previous:32 ended:u64")
            o.what, o.parts = 1, [x.name.hex() for x in f.many("name:32")]
            o.new_bytes, o.stored_bytes = f.get("u64"), f.get("u64")
            must(len(o.parts) <= 1 << 20, "it has too many index parts")
            must(o.sequence and (o.sequence == 1) == (o.previous == ZERO),
                 "no commit has this sequence and this previous")
        o.backup = o.what == 1 and o.purpose == 1 and read_backup(f, config)
    o.realm = realm
    return o


def read_backup(f, config):
    b = f.read("name:text<160 domain:text<80 uuid:16 generation:16 mode:u8=0-5 "
               "instant:u64 of:u8=1-3 config:32 config_bytes:u32 parent:16")
    must((b.config == ZERO) == (b.config_bytes == 0), "half a configuration")
    b.disks = f.many("vdev:text<32 source:text format:text<16 bytes:u64 "
                     "levels:u8 root:32 how:u8=1-3 why:text<256 read_bytes:u64 "
                     "changed_bytes:u64", "u16")
    f.read("memory:u8=0-0")
    must(len(b.disks) <= 64, "it has too many disks")
    must(len({d.vdev for d in b.disks}) == len(b.disks),
         "two disks have one name")
    for d in b.disks:
        d.chunks = -(-d.bytes // config.chunk_bytes)
        levels, room = min(d.chunks, 1), config.fanout
        while room < d.chunks:
            levels, room = levels + 1, room * config.fanout
        must(d.levels == levels, f"{d.vdev} has {d.levels} levels of {levels}")
        must(d.chunks or d.root == ZERO, f"{d.vdev} is empty, and has a root")
    return b


def read_index(keys, name, data):
    """An index part: .packs, .entries."""
    must(len(data) <= 8 << 20, "it is too large")
    must(name == "index/" + hashlib.sha256(data).hexdigest(),
         "its name is not its sum")
    realm, f = open_record(keys, name, data, INDEX)
    with f:
        x = f.read("n_packs:u32 n_entries:u32")
        x.realm = realm
        x.packs = [f.read("name:32 length:u64") for _ in range(x.n_packs)]
        x.entries = [f.read("id:16 pack:u32 offset:u32 both:u32")
                     for _ in range(x.n_entries)]
    must(x.entries == sorted(x.entries, key=lambda e: e.id), "it is not sorted")
    for e in x.entries:
        must(e.pack < x.n_packs, "an entry is of a pack that it does not name")
        e.place, e.sealed = divmod(e.both, 1 << 24)
        must(HEADER <= e.offset
             and e.offset + e.sealed <= x.packs[e.pack].length,
             "an entry lies outside its pack")
        e.pack = x.packs[e.pack].name.hex()
    return x


def read_head(keys, name, data):
    with open_record(keys, name, data, HEAD)[1] as f:
        h = f.read("number:u64 previous:32 phase:u8=0-2 time:u64")
        h.condemned = {(x.kind, x.name.hex())
                       for x in f.many("kind:u8=1-2 name:32")}
        h.base = {x.name.hex(): x.realm for x in f.many("realm:u32 name:32")}
        known = f.many("session:16 sha256:32")
        removed = [x.session.hex() for x in f.many("session:16")]
    must(name == f"heads/{h.number:016x}", "its number is not in its name")
    must((h.number == 1) == (h.previous == ZERO),
         "it has a previous, or none, against its number")
    must(h.phase or not h.condemned, "it condemns outside of a prune")
    h.known = {x.session.hex(): x.sha256 for x in known}
    must(list(h.known) == sorted(h.known) and len(h.known) == len(known),
         "the sessions known are not in order")
    must(len(removed) <= 65536, "too many sessions are removed")
    must(not set(removed) & set(h.known), "a session is known and removed")
    h.removed = set(removed)
    return h


def read_forget(keys, name, data):
    with open_record(keys, name, data, FORGET)[1] as f:
        g = f.read("session:16 host:16 time:u64")
    must(name == f"forgets/{g.session.hex()}", "its session is not in its name")
    return g


class Pack:
    """A pack; @data may be a file that is mapped."""

    def __init__(self, keys, data):
        self.data = data
        must(0 < len(data) <= 64 << 20 and len(data) % 4096 == 0, "its length")
        with Fields(data[:HEADER]) as f:
            h = f.read("suite:u8=1-2 reserved:u8=0-0 realm:u32 repo_id:16 "
                       "salt:32 eph_pk:32 commit:32", b"xsnappck")
        must(h.realm != NO_REALM, "it is of no realm")
        must(h.repo_id == keys.repo_id, "it is of another repository")
        both = keys.pack_key(h)
        must(both[32:] == h.commit, "its commit is wrong")
        self.suite, self.realm, self.key = h.suite, h.realm, both[:32]

    def body(self, offset, length):
        """What is sealed there."""
        must(HEADER <= offset and offset + length <= len(self.data) - 16,
             "a blob lies outside the pack")
        at = offset.to_bytes(8, "little")
        return aead_open(self.suite, self.key, at + bytes(4),
                         self.data[:HEADER] + at,
                         self.data[offset:offset + length])

    def blob(self, offset, length):
        """Its pieces: [(type, bytes), ...]."""
        f = Fields(self.body(offset, length))
        b = f.read("codec:u8=0-1 reserved:u8=0-0 n:u16=1-256 raw:u32=0-1048576")
        shape = [shape_of(f) for _ in range(b.n)]
        must(sum(x[1] for x in shape) == b.raw, "raw_bytes is not the sum")
        with Fields(unpress(f.rest(), b.raw) if b.codec else f.rest()) as f:
            return [(kind, f.take(length)) for kind, length in shape]

    def trailer(self):
        """{offset: (sealed length, [((type, length), id), ...])}."""
        f = Fields(self.data[-16:])
        end, length = f.get("u32"), f.get("u32")
        must(f.rest() == b"xsnapend", "it does not end in xsnapend")
        zeros = self.data[end + length:-16]
        must(len(zeros) < 4096 and not any(zeros), "it has no zeros at the end")
        blobs, at = {}, HEADER
        with Fields(self.body(end, length)) as f:
            for _ in range(f.get("u32")):
                b = f.read("offset:u32 sealed:u32 n:u16=1-256")
                must(b.offset == at, "its blobs do not follow one another")
                blobs[at] = b.sealed, [(shape_of(f), f.get("32"))
                                       for _ in range(b.n)]
                at += b.sealed
        must(at == end, "its trailer does not follow its blobs")
        return blobs


def shape_of(f):
    """(type, length) of a piece."""
    kind, length = divmod(f.get("u32"), 1 << 24)
    must(kind in (CHUNK, CONFIG) or NODE < kind <= NODE + 13,
         f"there is no type {kind}")
    must(length > 0, "a piece is empty")
    return kind, length
