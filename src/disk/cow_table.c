/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cow_table.c - see cow_table.h. */
#include "cow_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define MAGIC 0x70416e53u
#define VERSION 1u
#define SECTOR 512u
#define EXCEPTION 16u
#define CHUNK_MIN COW_TABLE_ALIGN /* LVM's limits: 4 to 512 KiB */
#define CHUNK_MAX (1u << 20)

/* How often a table is read that the kernel may be writing just now. */
#define TORN_TRIES 5

struct reader {
	const struct cow_source *src;
	struct changes *changes;
	uint64_t chunk_bytes;
	uint64_t chunks;      /* in the area */
	uint64_t disk_chunks; /* in the disk, the last one may be less */
	uint64_t per_table;
	uint64_t number; /* of the table in hand */
	uint8_t *table;
};

static int
read_header(const struct cow_source *src, uint64_t *ret_chunk_bytes,
	    uint8_t *block, struct err *err)
{
	uint64_t bytes;

	if (src->bytes < COW_TABLE_ALIGN)
		return err_set(err, ERR_CORRUPT, 0,
			       "an area of only %" PRIu64 " bytes", src->bytes);
	if (src->read(src->ctx, 0, block, COW_TABLE_ALIGN, err))
		return -1;
	if (le32_at(block) != MAGIC)
		return err_set(err, ERR_CORRUPT, 0, "it has no header");
	if (le32_at(block + 4) != 1)
		return err_set(err, ERR_CORRUPT, 0, "it is marked as invalid");
	if (le32_at(block + 8) != VERSION)
		return err_set(err, ERR_CORRUPT, 0, "it is of version %u",
			       le32_at(block + 8));
	bytes = (uint64_t)le32_at(block + 12) * SECTOR;
	if (bytes < CHUNK_MIN || bytes > CHUNK_MAX || (bytes & (bytes - 1)))
		return err_set(err, ERR_CORRUPT, 0,
			       "it has chunks of %" PRIu64 " bytes", bytes);
	*ret_chunk_bytes = bytes;
	return 0;
}

/* How many exceptions are in the table before the end; -1: some after it. */
static int64_t
count(const struct reader *r)
{
	uint64_t n = 0;

	while (n < r->per_table && le64_at(r->table + n * EXCEPTION + 8))
		n++;
	for (uint64_t i = n; i < r->per_table; i++)
		if (le64_at(r->table + i * EXCEPTION) ||
		    le64_at(r->table + i * EXCEPTION + 8))
			return -1;
	return (int64_t)n;
}

/* A table that the kernel is writing may be half old and half new. */
static int64_t
read_table(struct reader *r, struct err *err)
{
	uint64_t chunk = 1 + r->number * (r->per_table + 1);
	int64_t n;

	if (chunk >= r->chunks)
		return err_set(err, ERR_CORRUPT, 0, "its table has no end");
	for (int i = 0; i < TORN_TRIES; i++) {
		if (r->src->read(r->src->ctx, chunk * r->chunk_bytes, r->table,
				 r->chunk_bytes, err))
			return -1;
		n = count(r);
		if (n >= 0)
			return n;
	}
	return err_set(err, ERR_CORRUPT, 0,
		       "table %" PRIu64 " goes on after its end", r->number);
}

static int
take(struct reader *r, const uint8_t *exception, struct err *err)
{
	uint64_t old = le64_at(exception), new = le64_at(exception + 8);

	if (old >= r->disk_chunks)
		return err_set(err, ERR_CORRUPT, 0,
			       "an exception for chunk %" PRIu64
			       " of a disk that has %" PRIu64,
			       old, r->disk_chunks);
	if (new < 2 || new >= r->chunks || (new - 1) % (r->per_table + 1) == 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "an exception in chunk %" PRIu64
			       ", which holds no data",
			       new);
	return changes_add(r->changes, old * r->chunk_bytes, r->chunk_bytes,
			   err);
}

static int
read_tables(struct reader *r, struct cow_table *ret, struct err *err)
{
	for (;; r->number++) {
		int64_t n = read_table(r, err);

		if (n < 0)
			return -1;
		for (int64_t i = 0; i < n; i++)
			if (take(r, r->table + i * EXCEPTION, err))
				return -1;
		ret->exceptions += (uint64_t)n;
		if ((uint64_t)n < r->per_table)
			break;
	}
	ret->tables = r->number + 1;
	return 0;
}

int
cow_table_read(const struct cow_source *src, uint64_t disk_bytes,
	       struct changes *changes, struct cow_table *ret, struct err *err)
{
	struct reader r = { .src = src, .changes = changes };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (posix_memalign((void **)&r.table, COW_TABLE_ALIGN, CHUNK_MAX))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (read_header(src, &r.chunk_bytes, r.table, err))
		goto out;
	r.chunks = src->bytes / r.chunk_bytes;
	r.disk_chunks =
		disk_bytes / r.chunk_bytes + (disk_bytes % r.chunk_bytes != 0);
	r.per_table = r.chunk_bytes / EXCEPTION;
	ret->chunk_bytes = r.chunk_bytes;
	rc = read_tables(&r, ret, err);
out:
	free(r.table);
	return rc;
}
