/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_prune.h - take away what no backup needs, beside hosts that add.
 *
 * The protocol is doc/decisions' page on prune; safety comes from objects that
 * are created once, never from a clock or a lock.
 */
#ifndef XENSNAP_REPO_PRUNE_H
#define XENSNAP_REPO_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "err.h"
#include "repo.h"

/*
 * repo_forget() - the backup of session @id is no longer wanted.  Again is as
 * good. -1 with ERR_DENIED (not a full key) or the store's errors.
 */
int repo_forget(struct repo *r, const uint8_t id[SESSION_ID], struct err *err);

/* repo_may_prune() - 0, or -1 with ERR_DENIED: it is not a full key. */
int repo_may_prune(const struct repo *r, struct err *err);

struct prune_how {
	unsigned int wait_s;     /* for sessions that are at work */
	uint64_t break_s;        /* so old ones are taken for dead; 0: none */
	unsigned int repack;     /* percent: repack.h; 0: none is */
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct prune_report {
	uint32_t n_packs;   /* that are there */
	uint32_t n_deleted; /* packs */
	uint64_t deleted_bytes;
	uint32_t n_repacked; /* packs of which the needed part was put anew */
	uint64_t repacked_bytes;
	uint32_t n_waiting; /* sessions at work: nothing was deleted */
	uint32_t n_broken;  /* sessions that were taken for dead */
	uint32_t n_tidied;  /* files that killed puts had left */
	bool adopted;       /* another prune's work was finished first */
};

/*
 * repo_prune() - what no backup needs that counts now (repo_load() was called
 * after what was forgotten).  When sessions are at work too long, what is not
 * needed stays condemned, and the next prune goes on.  -1 with ERR_DENIED (not
 * a full key), ERR_CORRUPT (a backup lacks something: nothing is deleted),
 * ERR_BUSY (another prune was faster) or the store's errors; it can be run
 * again at any time.  When packs cannot be repacked they stay, and why is
 * warned of: most often there is no room, which the rest makes.
 */
int repo_prune(struct repo *r, const struct prune_how *how,
	       struct prune_report *ret, struct err *err);

#endif
