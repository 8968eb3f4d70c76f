/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_part.h - the body of an index part (doc/format.md), read and believed
 * in nothing.
 */
#ifndef XENSNAP_INDEX_PART_H
#define XENSNAP_INDEX_PART_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "index_run.h"

/* What each takes in it. */
#define INDEX_PART_HEAD 8
#define INDEX_PART_PACK 40
#define INDEX_PART_ENTRY 28

struct index_part {
	uint32_t n_packs, n;
	const uint8_t *packs, *entries; /* in the body */
};

/*
 * index_part_take() - the part whose body is the @len bytes at @p, which must
 * outlive it: all of it is checked.  -1 with ERR_CORRUPT.
 */
int index_part_take(const uint8_t *p, size_t len, struct index_part *ret,
		    struct err *err);

/* index_part_pack() - the sum and the length of its pack @i. */
const uint8_t *index_part_pack(const struct index_part *part, uint32_t i,
			       uint64_t *ret_bytes);

/* index_part_entry() - entry @i; its pack is a number of the part's own. */
void index_part_entry(const struct index_part *part, uint32_t i,
		      struct index_entry *ret);

#endif
