/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_cow.c - the copy-on-write area of a classic snapshot: its header (16
 * bytes), how many chunks it has (u16), how many exceptions it begins with that
 * are as they should be (u16), then exceptions of the fuzzer's own.  All of
 * them, one table after the other, in an area that exists as far as it is read.
 *
 * If it is believed, each exception up to the end is for a chunk of the disk,
 * and among the changes.
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cow_table.h"
#include "fuzz.h"
#include "take.h"

#define DISK_BYTES ((1ull << 30) + 5)
#define FILL_MAX 1024

struct area {
	uint8_t header[16];
	uint64_t chunk_bytes, chunks, per_table;
	struct buf e; /* exceptions */
};

/* Exceptions of table @n, from byte @at of it on. */
static void
read_table(const struct area *a, uint64_t n, uint64_t at, uint8_t *p,
	   size_t len)
{
	uint64_t from = n * a->per_table * 16 + at;

	memset(p, 0, len);
	if (from < a->e.len)
		memcpy(p, a->e.data + from,
		       a->e.len - from < len ? a->e.len - from : len);
}

static int
read_area(void *ctx, uint64_t offset, void *p, size_t len, struct err *err)
{
	const struct area *a = ctx;
	uint64_t chunk;

	(void)err;
	must(offset % COW_TABLE_ALIGN == 0 && len % COW_TABLE_ALIGN == 0);
	must((uintptr_t)p % COW_TABLE_ALIGN == 0);
	must(offset + len <= a->chunks * a->chunk_bytes);
	if (offset == 0) {
		memset(p, 0, len);
		memcpy(p, a->header, sizeof(a->header));
		return 0;
	}
	chunk = offset / a->chunk_bytes;
	must((chunk - 1) % (a->per_table + 1) == 0);
	read_table(a, (chunk - 1) / (a->per_table + 1), offset % a->chunk_bytes,
		   p, len);
	return 0;
}

static void
take_area(struct take *t, struct area *a)
{
	uint16_t fill;

	take_bytes(t, a->header, sizeof(a->header));
	a->chunk_bytes = (uint64_t)le32_at(a->header + 12) * 512;
	if (a->chunk_bytes < 4096 || a->chunk_bytes > 1u << 20)
		a->chunk_bytes = 4096;
	a->chunks = take_u16(t);
	a->per_table = a->chunk_bytes / 16;
	fill = take_u16(t) % FILL_MAX;
	for (uint64_t i = 0; i < fill; i++) {
		put_u64(&a->e, i % (DISK_BYTES / a->chunk_bytes));
		put_u64(&a->e, 2 + i + i / a->per_table);
	}
	put_bytes(&a->e, t->at, t->left);
	put_zeros(&a->e, 16 - t->left % 16);
	must(!a->e.no_room);
}

/* Are @bytes from @offset on among the changes, which are settled? */
static bool
covers(const struct changes *c, uint64_t offset, uint64_t bytes)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->e[mid].offset + c->e[mid].bytes <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n && c->e[low].offset <= offset &&
	       offset + bytes <= c->e[low].offset + c->e[low].bytes;
}

static void
check(const struct area *a, struct changes *c, const struct cow_table *table)
{
	uint64_t at, bytes;

	must(table->chunk_bytes == a->chunk_bytes);
	must(table->tables == table->exceptions / a->per_table + 1);
	changes_settle(c, 1);
	for (uint64_t i = 0; i < table->exceptions; i++) {
		const uint8_t *e = a->e.data + i * 16;

		must((i + 1) * 16 <= a->e.len && le64_at(e + 8));
		must(le64_at(e + 8) < a->chunks);
		at = le64_at(e) * a->chunk_bytes;
		bytes = a->chunk_bytes;
		must(at < DISK_BYTES);
		if (bytes > DISK_BYTES - at)
			bytes = DISK_BYTES - at;
		must(covers(c, at, bytes));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct take t = take_from(p, len);
	struct area a = { .e = BUF_INIT };
	struct cow_source src = { read_area, &a, 0 };
	struct err err = ERR_INIT;
	struct cow_table table;
	struct changes c;

	if (len < 20)
		return 0;
	take_area(&t, &a);
	src.bytes = a.chunks * a.chunk_bytes;
	changes_init(&c, DISK_BYTES);
	if (cow_table_read(&src, DISK_BYTES, &c, &table, &err) == 0)
		check(&a, &c, &table);
	else
		fuzz_refused(&err, CORRUPT);
	changes_done(&c);
	buf_done(&a.e);
	return 0;
}
