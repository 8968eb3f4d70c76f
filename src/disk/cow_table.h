/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cow_table.h - the table of exceptions in the copy-on-write area of a
 * dm-snapshot: which chunks of its disk were written since.
 *
 * Chunk 0 is a header: magic "SnAp", valid, version 1, chunk size in sectors,
 * 32 bits each.  Chunk 1 is a table of chunk size / 16 exceptions, then come as
 * many chunks of data, the next table, and so on.  An exception is two 64-bit
 * numbers, the chunk of the disk and the chunk that holds what was there; one
 * whose second number is 0 is the end.  All little-endian.  The kernel zeroes
 * the next table before it fills one.
 *
 * Nothing that is read is trusted: pure code over a callback.
 */
#ifndef XENSNAP_COW_TABLE_H
#define XENSNAP_COW_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "changes.h"
#include "err.h"

#define COW_TABLE_ALIGN 4096u

/* An area that can be read. */
struct cow_source {
	/* @offset, @len and @p are aligned to COW_TABLE_ALIGN; all of @len */
	int (*read)(void *ctx, uint64_t offset, void *p, size_t len,
		    struct err *err);
	void *ctx;
	uint64_t bytes;
};

struct cow_table {
	uint64_t chunk_bytes;
	uint64_t exceptions;
	uint64_t tables; /* with the one that has the end */
};

/*
 * cow_table_read() - add all exceptions in @src, the area of a snapshot of a
 * disk of @disk_bytes, to @changes.  The kernel may be adding some meanwhile:
 * those that were complete before are all there.  -1 with ERR_CORRUPT when it
 * is no valid table, ERR_NOMEM, or what read() says; @changes is then of no
 * use.
 */
int cow_table_read(const struct cow_source *src, uint64_t disk_bytes,
		   struct changes *changes, struct cow_table *ret,
		   struct err *err);

#endif
