/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repack.h - packs of which little is needed any more: what is needed of them
 * is put into new ones, so that a prune can take them away
 * (doc/decisions/0008-prune.md, "Repack").
 */
#ifndef XENSNAP_REPACK_H
#define XENSNAP_REPACK_H

#include <stdint.h>

#include "buf.h"
#include "copy.h"
#include "err.h"
#include "mark.h"
#include "repo.h"

struct repack_how {
	unsigned int percent;    /* less than that of its pieces is needed */
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct repack_done {
	struct buf old; /* sums of the packs that need not stay, in order */
	uint64_t bytes; /* that were stored for them */
};

/*
 * repack() - by @m, which was made of @r just now with no prune under way.  As
 * a writer, in a session for each realm; all of it is committed and durable
 * afterwards, and known to the next repo_load().  @ret->old is the caller's, to
 * buf_done() in any case; after a failure what it says still holds.  -1 with
 * ERR_BUSY (a prune has begun meanwhile), ERR_NOSPC, ERR_CORRUPT, ERR_NOTFOUND
 * or the store's errors: the packs stay.
 */
int repack(struct repo *r, struct mark *m, const struct repack_how *how,
	   struct repack_done *ret, struct err *err);

#endif
