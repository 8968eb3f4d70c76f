/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pack_pool.h - the packs that are being filled or written out: a few, whose
 * memory goes from hand to hand.  So it does not grow with the threads.
 */
#ifndef XENSNAP_PACK_POOL_H
#define XENSNAP_PACK_POOL_H

#include "err.h"
#include "pack.h"

#define PACK_POOL_MAX 4

struct pack_pool;

/* pack_pool_new() - NULL with ERR_NOMEM.  For pack_pool_free(). */
struct pack_pool *pack_pool_new(struct err *err);

/* pack_pool_free() - all that were taken are given back; NULL is allowed. */
void pack_pool_free(struct pack_pool *pool);

/*
 * pack_pool_take() - one that nobody has, for pack_pool_give(), waiting for it
 * if need be: who has one must not wait for who takes.  NULL with ERR_NOMEM.
 */
struct pack_out *pack_pool_take(struct pack_pool *pool, struct err *err);

/* pack_pool_give() - @o is not needed any more; NULL is allowed. */
void pack_pool_give(struct pack_pool *pool, struct pack_out *o);

#endif
