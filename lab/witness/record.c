/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.c - one record: a 4 KiB block that says what it is.
 */
#include <stddef.h>
#include <string.h>

#include "crc32c.h"
#include "record.h"

struct record_block {
	char magic[8];
	uint64_t instance;
	uint64_t number;
	uint32_t stream;
	uint32_t disk;
	uint32_t slot;
	uint32_t disks;
	uint32_t slots;
	uint32_t crc;
	uint64_t fill[506];
};

_Static_assert(sizeof(struct record_block) == RECORD_SIZE, "record layout");
_Static_assert(offsetof(struct record_block, crc) == 44, "record layout");

static const char record_magic[8] = { 'X', 'W', 'I', 'T', 'R', 'E', 'C', '1' };

void
record_make(const struct record *r, void *block)
{
	struct record_block *b = block;
	uint64_t x;

	memcpy(b->magic, record_magic, sizeof(record_magic));
	b->instance = r->instance;
	b->number = r->number;
	b->stream = r->stream;
	b->disk = r->disk;
	b->slot = r->slot;
	b->disks = r->disks;
	b->slots = r->slots;
	b->crc = 0;

	x = r->instance ^ (r->number * 0x9e3779b97f4a7c15u) ^
	    ((uint64_t)r->disk << 40) ^ ((uint64_t)r->stream << 56);
	for (size_t i = 0; i < sizeof(b->fill) / sizeof(b->fill[0]); i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		b->fill[i] = x;
	}
	b->crc = crc32c(b, sizeof(*b));
}

int
record_read(const void *block, struct record *ret)
{
	/* The checksum is taken over a copy of the head with crc zero. */
	struct record_block b;
	uint32_t crc;

	memcpy(&b, block, sizeof(b));
	crc = b.crc;
	b.crc = 0;
	ret->instance = b.instance;
	ret->number = b.number;
	ret->stream = b.stream;
	ret->disk = b.disk;
	ret->slot = b.slot;
	ret->disks = b.disks;
	ret->slots = b.slots;
	return memcmp(b.magic, record_magic, sizeof(record_magic)) == 0 &&
	       crc32c(&b, sizeof(b)) == crc;
}

const char *
record_stream_name(uint32_t stream)
{
	static const char *const name[] = { "ordered", "load", "file" };

	return stream < 3 ? name[stream] : "unknown";
}
