/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h - which part of a disk is to be read next: all of it, or what may
 * have changed, in pieces of whole chunks, holes apart.  For one thread.
 */
#ifndef XENSNAP_SCAN_H
#define XENSNAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "err.h"
#include "map.h"
#include "reader.h"

struct scan {
	const struct reader *from;
	uint64_t bytes;
	uint32_t chunk;
	uint32_t max;                   /* bytes of a slab */
	const struct map_range *ranges; /* in order; NULL: all of it */
	size_t n_ranges;
	/* ours: */
	size_t range;      /* the next */
	uint64_t at, end;  /* in the one before */
	uint64_t data_end; /* of the data at @at */
};

/* Neighbouring bytes from a chunk's beginning on. */
struct slab {
	uint64_t offset;
	uint64_t len; /* at most @max, but of a hole */
	bool hole;
};

/* scan_next() - 1: the next slab is *@ret; 0: there is none; -1 with ERR_IO. */
int scan_next(struct scan *s, struct slab *ret, struct err *err);

/*
 * scan_ranges() - the chunks of which the @n extents at @e touch some byte, in
 * order as those are, malloc()ed for the caller.  NULL with ERR_NOMEM.
 */
struct map_range *scan_ranges(const struct disk_extent *e, size_t n,
			      uint32_t chunk, size_t *ret_n, struct err *err);

#endif
