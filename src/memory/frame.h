/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.h - all of a save file but its pages, as one image (doc/format.md,
 * "Memory"): what stands before the pages, what stands behind them, and which
 * pages there are.
 *
 *	0      "xs-frame", u32 version, u32 0
 *	16     u64 bytes before the pages, u64 bytes behind them
 *	32     u64 how many pages' numbers there are; zeros up to 4096
 *	4096   the bytes before, the bytes behind; zeros up to a multiple of
 *	       4096
 *	then   a byte for each number: 0, no such page, or its type + 1
 *
 * The types come last and begin at a round place: they change least.
 */
#ifndef XENSNAP_FRAME_H
#define XENSNAP_FRAME_H

#include <stdint.h>

#include "err.h"

#define FRAME_HEADER 4096u

struct frame {
	uint64_t before; /* bytes before the pages */
	uint64_t behind;
	uint64_t n_pfns;
};

/* frame_types() - where the types begin. */
uint64_t frame_types(const struct frame *f);

/* frame_bytes() - how large the image is. */
uint64_t frame_bytes(const struct frame *f);

/* frame_encode() - the header, in @ret. */
void frame_encode(const struct frame *f, uint8_t ret[FRAME_HEADER]);

/*
 * frame_decode() - of an image of @bytes the header, which is at @p.  -1 with
 * ERR_CORRUPT, or ERR_UNSUPPORTED (of a later xensnap).
 */
int frame_decode(const uint8_t p[FRAME_HEADER], uint64_t bytes,
		 struct frame *ret, struct err *err);

#endif
