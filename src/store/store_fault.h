/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store_fault.h - a store in front of another one that goes wrong on demand,
 * for tests (builds with -Dsim=true).
 *
 *	for (n = 1;; n++) {
 *		s = store_fault_new(store_mem_new());
 *		store_fault_set(s, &(struct store_fault){ .at = n });
 *		...
 *		if (store_fault_calls(s) < n)
 *			break;	(it was never reached: all have been tried)
 */
#ifndef XENSNAP_STORE_FAULT_H
#define XENSNAP_STORE_FAULT_H

#include "store.h"

enum store_op {
	STORE_PUT = 1,
	STORE_GET = 2,
	STORE_SIZE = 4,
	STORE_LIST = 8,
	STORE_DROP = 16,
	STORE_SYNC = 32,
	STORE_HARDEN = 64,
	STORE_TIDY = 128,
};

enum store_fault_kind {
	STORE_FAULT_FAIL, /* it fails, and nothing was done */
	/*
	 * It fails, but it was done: an answer that was lost.  Of a list: it
	 * fails behind the first object.
	 */
	STORE_FAULT_LOST,
	STORE_FAULT_CUT,  /* a get succeeds with half of what there is */
	STORE_FAULT_FLIP, /* a get succeeds, the lowest bit in the middle of
			   * what it read is wrong */
};

struct store_fault {
	unsigned int ops; /* of enum store_op: which are counted; 0: all */
	uint64_t at;      /* which call goes wrong, from 1; 0: none */
	bool onwards;     /* and so do all that follow */
	enum store_fault_kind kind;
	enum err_code code; /* ERR_NONE: ERR_IO */
};

/*
 * What is called before each call is passed on, with no lock held: to look, to
 * wait, or to do something else first.  @name is "" for a sync or a tidy.  -1
 * with @err: the call fails so, and nothing was done.
 */
typedef int store_fault_fn(enum store_op op, const char *name, void *ctx,
			   struct err *err);

/*
 * store_fault_new() - a store in front of @inner, which is closed with it (and
 * at once if there is no memory: NULL).
 */
struct store *store_fault_new(struct store *inner);

/* store_fault_set() - what shall go wrong from here on (NULL: nothing); the
 * count of calls begins anew. */
void store_fault_set(struct store *s, const struct store_fault *fault);

/* store_fault_calls() - how many calls were counted since then. */
uint64_t store_fault_calls(struct store *s);

/* store_fault_before() - call @fn before each call; NULL: no more. */
void store_fault_before(struct store *s, store_fault_fn *fn, void *ctx);

/* store_fault_inner() - the store behind it, still its own. */
struct store *store_fault_inner(struct store *s);

#endif
