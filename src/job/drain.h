/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drain.h - the bytes of one disk out of a repository: the reverse of fill.h.
 * Every piece is checked before it is written.
 */
#ifndef XENSNAP_DRAIN_H
#define XENSNAP_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "err.h"
#include "index.h"
#include "outcome.h"
#include "reader.h"
#include "repo.h"

/* Takes the next @len bytes, in sequence.  -1: give up. */
typedef int drain_sink(void *ctx, const uint8_t *p, size_t len,
		       struct err *err);

struct drain {
	struct repo *r;
	struct index *ix; /* of the realm that the backup is of */
	uint32_t realm;
	const struct backup_disk *disk;
	const char *what; /* for progress and errors */
	int to;           /* a file or device of at least the disk's size */
	bool in_place;    /* it holds something: read it, write what differs */
	bool stream;      /* it is written in sequence, zeros and all */
	drain_sink *sink; /* with stream: it takes it, not @to; or NULL */
	void *sink_ctx;
	const struct reader *compare; /* nothing is written: this is compared
				       * to the disk; or NULL */
	copy_progress *progress;      /* or NULL */
	void *progress_ctx;
};

struct drain_count {
	uint64_t written_bytes;
	uint64_t kept_bytes;  /* that were right already */
	uint64_t other_bytes; /* with compare: chunks that are not the same */
	uint64_t first_other; /* where the first of them begins */
};

/*
 * drain_disk() - the disk @d->disk of a backup into @d->to.  Without in_place
 * it must be a new file, all holes; with stream it is a pipe or
 * the like.  Nothing is fsynced.  -1 with ERR_CORRUPT
 * (the pack is named), ERR_IO, ERR_NOSPC, ERR_CANCELLED; then a part is
 * written.
 */
int drain_disk(const struct drain *d, struct drain_count *ret, struct err *err);

#endif
