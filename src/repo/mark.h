/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mark.h - which packs the backups of a repository need: every map is walked,
 * subtrees that were seen once are not walked again.
 */
#ifndef XENSNAP_MARK_H
#define XENSNAP_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "err.h"
#include "index.h"
#include "repo.h"

struct mark;

struct mark_how {
	const struct repo_commit *only; /* one backup; NULL: all that count */
	/* Packs that count only for what is in no other; or NULL. */
	bool (*avoid)(const uint8_t sum[SHA256_BYTES], void *ctx);
	void *avoid_ctx;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

/*
 * mark_backups() - what they need, in *@ret for mark_free().  Of a piece in
 * several packs one that is there and is not condemned counts.  -1 with
 * ERR_CORRUPT when something that a backup needs is in no pack, or damaged (the
 * text names the backup): nothing may be deleted then.
 */
int mark_backups(struct repo *r, const struct mark_how *how, struct mark **ret,
		 struct err *err);

/* mark_needs() - how many pieces of the pack with @sum are needed. */
uint32_t mark_needs(const struct mark *m, const uint8_t sum[SHA256_BYTES]);

/*
 * mark_needs_piece() - is the pack with @sum needed for piece @id?  1, 0, or -1
 * as index_find().
 */
int mark_needs_piece(struct mark *m, const uint8_t sum[SHA256_BYTES],
		     const uint8_t id[NAME_BYTES], struct err *err);

/*
 * mark_each() - @fn for each pack that is in the store and of which something
 * is needed: its sum, and of how many pieces.  -1 with @fn's error.
 */
typedef int mark_pack_fn(const uint8_t sum[SHA256_BYTES], uint32_t needed,
			 void *ctx, struct err *err);
int mark_each(const struct mark *m, mark_pack_fn *fn, void *ctx,
	      struct err *err);

/* mark_lost() - is the pack with @sum known, and not in the store? */
bool mark_lost(const struct mark *m, const uint8_t sum[SHA256_BYTES]);

/* mark_free() - NULL is allowed. */
void mark_free(struct mark *m);

#endif
