/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_own.h - what a session stored and has not written down yet: a hash
 * table with linear probing.  Ids are as random as a hash could make them.
 *
 * No locks: index.c has one.
 */
#ifndef XENSNAP_INDEX_OWN_H
#define XENSNAP_INDEX_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "index_run.h"

struct index_own {
	struct index_entry *at;
	bool *used;
	uint32_t slots; /* a power of two */
	uint32_t n;     /* used ones */
};

/* index_own_find() - 1: the entry with @id is in *@ret; 0: it is not here, or
 * only claimed. */
int index_own_find(const struct index_own *o, const uint8_t id[INDEX_ID],
		   struct index_entry *ret);

/* index_own_claim() - 1: @id is here already; 0: it is claimed now; -1 with
 * ERR_NOMEM. */
int index_own_claim(struct index_own *o, const uint8_t id[INDEX_ID],
		    struct err *err);

/* index_own_fill() - where what was claimed is. */
void index_own_fill(struct index_own *o, const struct index_entry *e);

/*
 * index_own_take() - take out all whose pack is @ready: malloc()ed, sorted by
 * id, *@ret_n of them.  NULL with ERR_NOMEM: then they may be lost.
 */
typedef bool index_ready_fn(uint32_t pack, void *ctx);
struct index_entry *index_own_take(struct index_own *o, index_ready_fn *ready,
				   void *ctx, uint32_t *ret_n, struct err *err);

/* index_own_done() - free what @o holds. */
void index_own_done(struct index_own *o);

#endif
