/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_check.h - one whole pack, read and believed in nothing. */
#ifndef XENSNAP_PACK_CHECK_H
#define XENSNAP_PACK_CHECK_H

#include <stdint.h>

#include "err.h"
#include "press.h"
#include "repo.h"

struct pack_checker; /* for one thread; some MiB, and a pack */

/* pack_checker_new() - NULL with ERR_NOMEM.  For pack_checker_free(). */
struct pack_checker *pack_checker_new(struct repo *r, struct err *err);
void pack_checker_free(struct pack_checker *c);

/*
 * pack_check() - the pack with @sum: its sum, its list of blobs, each blob,
 * each piece's id.  *@ret_bytes: how long it is.  -1 with ERR_CORRUPT or
 * ERR_NOTFOUND, which say what is wrong without naming the pack, or the
 * store's errors.
 */
int pack_check(struct pack_checker *c, const uint8_t sum[SHA256_BYTES],
	       uint64_t *ret_bytes, struct err *err);

#endif
