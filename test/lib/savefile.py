# SPDX-License-Identifier: LGPL-2.1-or-later
"""A save file of xl's, read without any code of ours, and the one form that a
save of a domain which stands still would have had.

docs/specs/libxl-migration-stream.pandoc and libxc-migration-stream.pandoc of
Xen's; the order of pages is that of libxc's xg_sr_save.c.
"""
import struct

PAGE = 4096
BATCH = 1024
PAGE_DATA, VERIFY, END = 1, 0xd, 0


def has_data(kind):
    return kind < 0xd


class Save:
    """before, behind: bytes; pages: {number: (type, bytes or None)}."""

    def __init__(self, data):
        self.pages, self.before, self.behind = {}, b"", b""
        magic, _, flags, _, more = struct.unpack_from("<32s4I", data)
        assert magic == b"Xen saved domain, xl format\n \0 \r", magic
        assert flags == 3, flags
        at = 48 + more
        self.config = data[52:at].rstrip(b"\0")
        assert data[at:at + 16] == b"LibxlFmt" + struct.pack(">2I", 2, 0)
        at = self.libxl(data, at + 16)
        assert at == len(data), (at, len(data))

    def add(self, data):
        if self.pages:
            self.behind += data
        else:
            self.before += data

    def record(self, data, at):
        kind, size = struct.unpack_from("<2I", data, at)
        end = at + 8 + (size + 7 & ~7)
        assert end <= len(data), (at, kind, size)
        return kind, data[at + 8:at + 8 + size], end

    def libxl(self, data, at):
        self.add(data[:at])
        while True:
            kind, _, end = self.record(data, at)
            self.add(data[at:end])
            at = end
            if kind == 1:
                at = self.libxc(data, at)
            if kind == END:
                return at

    def libxc(self, data, at):
        assert data[at:at + 12] == b"\xff" * 8 + b"XENF"
        self.add(data[at:at + 40])
        at += 40
        verify = False
        while True:
            kind, body, end = self.record(data, at)
            verify |= kind == VERIFY
            if kind == PAGE_DATA and not verify:
                self.page_data(body)
            elif kind not in (PAGE_DATA, VERIFY):
                self.add(data[at:end])
            at = end
            if kind == END:
                return at

    def page_data(self, body):
        count, _ = struct.unpack_from("<2I", body)
        at = 8 + 8 * count
        for entry in struct.unpack_from(f"<{count}Q", body, 8):
            number, kind = entry & (1 << 52) - 1, entry >> 60
            page = None
            if has_data(kind):
                page, at = body[at:at + PAGE], at + PAGE
            self.pages[number] = kind, page
        assert at == len(body), (at, len(body))

    def canonical(self):
        """Each page once, in order."""
        out = [self.before]
        batches = {}
        for number in sorted(self.pages):
            batches.setdefault(number // BATCH, []).append(number)
        for numbers in batches.values():
            entries = struct.pack(f"<{len(numbers)}Q", *(
                n | self.pages[n][0] << 60 for n in numbers))
            data = b"".join(self.pages[n][1] or b"" for n in numbers)
            body = struct.pack("<2I", len(numbers), 0) + entries + data
            out += [struct.pack("<2I", PAGE_DATA, len(body)), body]
        return b"".join(out + [self.behind])
