/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_list.h - what is in a pack that is stored, by its own list of blobs; the
 * blobs themselves are not read. */
#ifndef XENSNAP_PACK_LIST_H
#define XENSNAP_PACK_LIST_H

#include <stdint.h>

#include "err.h"
#include "pack.h"
#include "repo.h"

struct pack_list;

/*
 * pack_list_open() - of the pack with @sum, in *@ret for pack_list_close().  -1
 * with ERR_NOTFOUND, ERR_CORRUPT, ERR_DENIED (a put-only key), ERR_UNSUPPORTED,
 * ERR_NOMEM or the store's errors.
 */
int pack_list_open(struct repo *r, const uint8_t sum[SHA256_BYTES],
		   struct pack_list **ret, struct err *err);

/* pack_list_realm() - whose pieces are in it. */
uint32_t pack_list_realm(const struct pack_list *l);

/* pack_list_bytes() - how long the pack is. */
uint64_t pack_list_bytes(const struct pack_list *l);

/* pack_list_each() - @fn for each blob, as pack_in_each(). */
int pack_list_each(const struct pack_list *l, pack_blob_fn *fn, void *ctx,
		   struct err *err);

/* pack_list_close() - NULL is allowed. */
void pack_list_close(struct pack_list *l);

#endif
