/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * differ.h - where two disks have other bytes, found by reading both; and the
 * one made like the other there.
 */
#ifndef XENSNAP_DIFFER_H
#define XENSNAP_DIFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "err.h"
#include "job.h"

/* What differs is told in blocks, from multiples of it on. */
#define DIFFER_BLOCK 4096u

struct differ {
	const char *what; /* "xvda", for progress and errors */
	int a, b;         /* both by offset */
	uint64_t bytes;   /* of both */
	/* Where to look, in order and apart; NULL: everywhere. */
	const struct disk_extent *ranges;
	size_t n_ranges;
	bool mend;         /* write to @b what @a has there */
	bool steady;       /* whoever asks us to stop is not heard */
	diff_range *range; /* told in order, neighbours in one; or NULL */
	void *range_ctx;
	job_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct differ_count {
	uint64_t n;     /* ranges */
	uint64_t bytes; /* of them */
	uint64_t read;  /* bytes that were looked at, of each */
};

/*
 * differ_run() - find them.  Where both have a hole nothing is read.  -1 with
 * ERR_NOMEM, ERR_IO (also when one is shorter than @d->bytes), ERR_NOSPC,
 * ERR_CANCELLED, or what @d->range said; mended is then what comes before, and
 * never durable until the caller sees to that.
 */
int differ_run(const struct differ *d, struct differ_count *ret,
	       struct err *err);

#endif
