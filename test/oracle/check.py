# SPDX-License-Identifier: LGPL-2.1-or-later
"""All in a repository that was not needed to read its backups: what its
objects say of each other."""
from formats import Fields, must, sha256
from sealed import CONFIG, HEADER, ZERO, read_record, shape_of

TRAILER = "blobs:u32[offset:u32 sealed:u32 pieces:u16=1-256[shape:u32 id:32]]"


def check(r):
    """What is wrong goes to the problems of @r."""
    sessions = r.all("sessions/", read_record)
    trailers = r.all("packs/", lambda *of: check_pack(r, *of))
    for part, x in r.parts.items():
        with r.named(f"index/{part}"):
            check_part(r, part, x, trailers)
    for session, o in r.outcomes.items():
        with r.named(f"outcomes/{session}"):
            check_outcome(r, session, o, sessions.get(session, o))
    for session, digest in r.head.known.items():
        with r.named(f"outcomes/{session}"):
            must(sum_of(r, "outcomes", session) == digest,
                 "it is not the one that the head knows")
    for name, h in r.heads.items():
        with r.named(f"heads/{name}"):
            check_head(r, h)
    for name, slot in r.slots.items():
        twin = name[:-1] + "21"[int(name[-1]) - 1]
        with r.named(f"keys/{name}"):
            must(r.slots.get(twin) == slot or twin in r.slots and
                 r.opened.get(name) and not r.opened.get(twin),
                 f"it is not the same as {twin}, or that is missing")


def sum_of(r, folder, name):
    return sha256((r.top / folder / name).read_bytes())


def check_head(r, h):
    """Its sessions, and the head before it."""
    must(h.order == sorted(set(h.order)), "the sessions known are not in order")
    must(not h.removed & set(h.known), "a session is known and removed")
    must((h.number == 1) == (h.previous == ZERO), "its previous is wrong")
    before = f"{h.number - 1:016x}"
    must(before not in r.heads or h.previous == sum_of(r, "heads", before),
         "its previous is wrong")


def check_pack(r, _, path, data):
    """Each of its blobs, and what its trailer says."""
    name, pack = path[9:], r.pack(path[9:])
    must(sha256(data).hex() == name, "its name is not its sum")
    blobs = trailer(pack)
    for offset, (sealed, said) in blobs.items():
        pieces = pack.blob(offset, sealed)
        must([((kind, len(data)), r.keys.piece_id(pack.realm, kind, data))
              for kind, data in pieces] == said,
             f"the blob at {offset} is not what the trailer says")
        must(all(ident != ZERO for _, ident in said), "it has zeros")
    return pack.realm, len(data), blobs


def trailer(pack):
    """{offset: (sealed length, [((type, length), id), ...])}."""
    end = Fields(pack.data[-16:]).all("offset:u32 length:u32 end:8")
    zeros = pack.data[end.offset + end.length:-16]
    must(end.end == b"xsnapend" and len(zeros) < 4096 and not any(zeros),
         "its end is wrong")
    blobs, at = {}, HEADER
    for b in Fields(pack.body(end.offset, end.length)).all(TRAILER).blobs:
        must(b.offset == at, "its blobs do not follow one another")
        blobs[at] = b.sealed, [(shape_of(x), x.id) for x in b.pieces]
        at += b.sealed
    must(at == end.offset, "its trailer does not follow its blobs")
    return blobs


def check_part(r, part, x, trailers):
    """An index part against the trailers of its packs."""
    for p in x.packs:
        name = p.name.hex()
        must(name in trailers or part not in r.counted
             or name in r.head.condemned, f"its pack {name} is missing or bad")
        must(trailers.get(name, (x.realm, p.length))[:2]
             == (x.realm, p.length), f"{name} has another length or realm")
    for e in x.entries:
        if e.pack in trailers:
            sealed, said = trailers[e.pack][2].get(e.offset, (0, ()))
            must(sealed == e.sealed and e.place < len(said)
                 and said[e.place][1][:16] == e.id,
                 f"entry {e.id.hex()} is not as pack {e.pack} says")


def check_outcome(r, session, o, s):
    """Against its session @s, and the one before; all that it holds."""
    if o.what == 2:
        return
    must((s.realm, s.host, s.host_name, s.purpose)
         == (o.realm, o.host, o.host_name, o.purpose),
         "its realm, host or purpose is not its session's")
    others = {b.sequence: name for name, b in r.outcomes.items()
              if b.what == 1 and b.host == o.host and b is not o}
    must(o.sequence not in others, "another has the same sequence")
    before = others.get(o.sequence - 1)
    must(before or o.sequence == 1 or r.head.removed,
         "the commit before it is missing")
    must(not before or o.previous == sum_of(r, "outcomes", before),
         "its previous is wrong")
    if session in r.backups:
        b = o.backup
        r.piece(o.realm, b.config, CONFIG, b.config_bytes)
        for d in b.disks:
            for _ in r.chunks(o.realm, d):
                pass
