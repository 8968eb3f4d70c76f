# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with holes: their data, and whether two of them are the same."""

import os

MIB = 1 << 20


def data_ranges(fd):
    """What of the file is not a hole: (offset, end), one after the other."""
    end = 0
    while True:
        try:
            offset = os.lseek(fd, end, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(fd, offset, os.SEEK_HOLE)
        yield offset, end


def pieces(fd):
    """The data in pieces of at most 1 MiB: (offset, bytes)."""
    for offset, end in data_ranges(fd):
        while offset < end:
            piece = os.pread(fd, min(MIB, end - offset), offset)
            yield offset, piece
            offset += len(piece)


def warm(path):
    """Bring the image's data into the page cache, for all alike."""
    with open(path, "rb", buffering=0) as f:
        for _ in pieces(f.fileno()):
            pass


def same(one, two):
    """Whether two files have the same bytes: where both have holes they do."""
    with open(one, "rb") as f, open(two, "rb") as g:
        a, b = f.fileno(), g.fileno()
        return (os.fstat(a).st_size == os.fstat(b).st_size
                and all(os.pread(b, len(piece), offset) == piece
                        for offset, piece in pieces(a))
                and all(os.pread(a, len(piece), offset) == piece
                        for offset, piece in pieces(b)))


def become(path, image):
    """Make the file @path what @image is, writing only what differs, in
    pieces of 4 KiB, and what is zeros by then as zeros."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with open(image, "rb") as f, open(fd, "r+b", buffering=0) as to:
        size = os.fstat(f.fileno()).st_size
        os.ftruncate(fd, size)
        # What has become a hole, or what is new: either has data somewhere.
        for source in (fd, f.fileno()):
            for offset, _piece in list(pieces(source)):
                want = os.pread(f.fileno(), MIB, offset)
                have = os.pread(fd, MIB, offset)
                if want != have:
                    write_differing(to, offset, want, have)
        os.fsync(fd)


def write_differing(to, offset, want, have):
    """Those 4 KiB of @want that @have does not have."""
    for at in range(0, len(want), 4096):
        if want[at:at + 4096] != have[at:at + 4096]:
            os.pwrite(to.fileno(), want[at:at + 4096], offset + at)
