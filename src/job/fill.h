/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fill.h - the bytes of one disk into a repository: read, cut, named, stored by
 * several threads at once, each from its own part of the disk.
 *
 * Only readers, descriptors, numbers and names come in here (copy.h says why).
 */
#ifndef XENSNAP_FILL_H
#define XENSNAP_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "disk.h"
#include "err.h"
#include "map.h"
#include "put.h"
#include "reader.h"

/*
 * What is not in @changes is as in a backup of the same disk, of the same size,
 * that is in the repository, or zero.  Nothing in that backup may be condemned
 * (doc/decisions/0008-prune.md).
 */
struct fill_base {
	uint32_t realm;      /* the session's */
	const uint8_t *root; /* NULL: zeros all over */
	uint8_t levels;
	const struct disk_extent *changes; /* in order, apart */
	size_t n_changes;
};

struct fill {
	struct repo *r;
	struct put *put;           /* the session */
	const char *what;          /* for progress and errors */
	const struct reader *from; /* or NULL: @stream is read */
	int stream; /* in sequence until it ends; @bytes is not known */
	uint64_t bytes;
	const struct fill_base *base; /* or NULL: all of it is read */
	copy_progress *progress;      /* or NULL */
	void *progress_ctx;
};

/* What became of it. */
struct filled {
	uint64_t bytes;
	uint8_t root[NAME_BYTES];
	uint8_t levels;
	uint64_t read_bytes;
	bool holes;       /* some were left out */
	bool base_is_bad; /* why it failed: a part of its map is missing */
};

/*
 * fill_disk() - all of @f->from into the session.  -1 with ERR_IO,
 * ERR_CANCELLED, or the store's errors: then the session is of no use any more.
 * ERR_NOTFOUND or ERR_CORRUPT with a base: of its map something is missing.
 */
int fill_disk(const struct fill *f, struct filled *ret, struct err *err);

#endif
