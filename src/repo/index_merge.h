/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_merge.h - one run of several. */
#ifndef XENSNAP_INDEX_MERGE_H
#define XENSNAP_INDEX_MERGE_H

#include "err.h"
#include "index_run.h"

#define INDEX_MERGE_MAX 64

/* A run, and what becomes of its packs. */
struct merge_from {
	const struct index_run *run;
	/* What to call its pack, or slot, i: entries of RUN_NOWHERE are left
	 * out.  NULL: as it is. */
	const uint32_t *becomes;
	uint32_t n;
};

/*
 * index_merge() - one run of the @n at @from, at most INDEX_MERGE_MAX, in a
 * file without a name in folder @dirfd; @about is told of it (or NULL).  NULL
 * with ERR_IO, ERR_NOSPC, ERR_NOMEM or ERR_CORRUPT; the runs stay.
 */
struct index_run *index_merge(int dirfd, const struct merge_from *from,
			      unsigned int n, const struct run_about *about,
			      struct err *err);

#endif
