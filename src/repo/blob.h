/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * blob.h - some pieces, compressed together: the body of a blob, before it is
 * sealed and after it was opened (doc/format.md, "Packs").
 *
 * Neighbours are compressed together, since 64 KiB alone leave a compressor
 * little to find; whoever wants one of them expands all, a MiB at most.
 */
#ifndef XENSNAP_BLOB_H
#define XENSNAP_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "press.h"

#define BLOB_PIECES_MAX 256
#define BLOB_RAW_MAX (1u << 20)

/* A body never is longer than this: header, lengths, pieces as they are. */
#define BLOB_BODY_MAX (8 + 4 * BLOB_PIECES_MAX + BLOB_RAW_MAX)

struct blob_piece {
	uint8_t type;
	uint32_t len;
	const uint8_t *p;
};

/*
 * blob_encode() - @n pieces, at most BLOB_RAW_MAX bytes together, into @ret of
 * BLOB_BODY_MAX bytes; they must lie one after the other in memory, from
 * @pieces[0].p on.  Returns the length, or -1 with ERR_IO when the compressor
 * fails.
 */
long blob_encode(struct press *c, const struct blob_piece *pieces,
		 unsigned int n, uint8_t *ret, struct err *err);

/*
 * blob_decode() - the pieces of the body at @p, which nobody may trust yet:
 * what they are is known only when their ids were computed.  Their bytes go to
 * @raw, BLOB_RAW_MAX bytes, into which @ret, BLOB_PIECES_MAX of them, points.
 * Returns how many there are, or -1 with ERR_CORRUPT.
 */
int blob_decode(struct press *c, const uint8_t *p, size_t len, uint8_t *raw,
		struct blob_piece *ret, struct err *err);

#endif
