/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_packs.h - the packs that an index knows, by number and by sum, and
 * which of them do not count.
 *
 * No locks: index.c has one.
 */
#ifndef XENSNAP_INDEX_PACKS_H
#define XENSNAP_INDEX_PACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "sha256.h"

struct known_pack {
	uint8_t sum[SHA256_BYTES];
	uint64_t bytes;
	bool named;
};

struct pack_table {
	struct buf packs;     /* struct known_pack, by number */
	struct buf condemned; /* a byte for each */
	uint32_t *by_sum;     /* numbers + 1, hashed by sum */
	uint32_t sum_slots;
};

/* pack_table_n() - how many have numbers. */
uint32_t pack_table_n(const struct pack_table *t);

/* pack_table_at() - number @pack. */
struct known_pack *pack_table_at(const struct pack_table *t, uint32_t pack);

/*
 * pack_table_new() - a number for one without a name yet; pack_table_name() -
 * its name and length.  -1 with ERR_NOMEM.
 */
int pack_table_new(struct pack_table *t, uint32_t *ret, struct err *err);
void pack_table_name(struct pack_table *t, uint32_t pack,
		     const uint8_t sum[SHA256_BYTES], uint64_t bytes);

/* pack_table_has() - is the one with @sum known?  Its number in *@ret then. */
bool pack_table_has(const struct pack_table *t, const uint8_t sum[SHA256_BYTES],
		    uint32_t *ret);

/* pack_table_add() - the number of the one with @sum, the same for the same
 * sum.  -1 with ERR_NOMEM. */
int pack_table_add(struct pack_table *t, const uint8_t sum[SHA256_BYTES],
		   uint64_t bytes, uint32_t *ret, struct err *err);

/* pack_table_done() - free what @t holds. */
void pack_table_done(struct pack_table *t);

#endif
