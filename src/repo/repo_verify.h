/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_verify.h - is all there, and what it was?
 *
 * Quick: every map of every backup is walked, and every pack that is needed is
 * there with its length.  With data: every such pack is read, its sum is its
 * name, and each piece in it has the id by which it is called.
 */
#ifndef XENSNAP_REPO_VERIFY_H
#define XENSNAP_REPO_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "err.h"
#include "repo.h"

struct verify_how {
	bool data;
	/* A thing that is wrong, or a backup that is hurt by it: one line. */
	void (*problem)(const char *text, void *ctx);
	void *problem_ctx;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct verify_report {
	uint32_t n_backups;
	uint32_t n_hurt; /* of them */
	uint32_t n_packs;
	uint32_t n_bad;         /* of them */
	uint32_t n_bad_objects; /* that are no packs */
	uint64_t read_bytes;
};

/*
 * repo_verify() - look at all of @r, which was loaded.  Damage is no failure:
 * it is in the report, and told by @how->problem.  -1 with ERR_DENIED (a put-
 * only key cannot read), ERR_CANCELLED, ERR_NOMEM or the store's errors.
 */
int repo_verify(struct repo *r, const struct verify_how *how,
		struct verify_report *ret, struct err *err);

#endif
