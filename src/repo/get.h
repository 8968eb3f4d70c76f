/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * get.h - pieces out of a repository, each checked against its id, so that what
 * is returned is what was put, or nothing is.
 */
#ifndef XENSNAP_GET_H
#define XENSNAP_GET_H

#include <stdint.h>

#include "blob.h"
#include "err.h"
#include "index.h"
#include "name.h"
#include "repo.h"

struct getter; /* for one thread; some MiB */

/*
 * getter_new() - reads pieces of realm @realm of @r, found by @ix; both must
 * outlive it.  NULL with ERR_DENIED (a put-only key), ERR_NOMEM or ERR_IO.  For
 * getter_free().
 */
struct getter *getter_new(struct repo *r, struct index *ix, uint32_t realm,
			  struct err *err);
void getter_free(struct getter *g);

/*
 * getter_get() - the piece of @type with @id, which is not zero: *@ret points
 * to it until the next call; its length in *@ret_len.  What one pack lacks is
 * taken out of another that has it.  -1 with ERR_NOTFOUND
 * (in no pack that is known), ERR_CORRUPT (the pack or what is in it is
 * damaged: the text names the pack and the offset) or the store's errors.
 */
int getter_get(struct getter *g, uint8_t type, const uint8_t id[NAME_BYTES],
	       const uint8_t **ret, uint32_t *ret_len, struct err *err);

#endif
