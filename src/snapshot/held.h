/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* held.h - a snapshot that nobody can delete while it is in use. */
#ifndef XENSNAP_HELD_H
#define XENSNAP_HELD_H

#include <stdbool.h>

#include "err.h"
#include "snapshot.h"

struct held {
	struct snapshot s;
	int folder; /* its, open */
};

/*
 * held_open() - the snapshot @domain@@name; for held_close() in any case.  -1
 * as snapshot_use() and snapshot_load().
 */
int held_open(struct held *ret, const char *domain, const char *name,
	      struct err *err);

/*
 * held_mark_shared() - write down, durably, that clones of @h are to share
 * volumes: only where that is written does `delete` look for any.  -1 with
 * ERR_IO, ERR_NOSPC.
 */
int held_mark_shared(const struct held *h, struct err *err);

/* held_is_shared() - is it written in the snapshot's folder @folder? */
bool held_is_shared(int folder);

/* held_close() - let go of it. */
void held_close(struct held *h);

/*
 * held_open_memory() - the memory of @s, in its folder, open for reading.
 * Memory goes on only with the disks of its own instant: is the file that is
 * there the one that was kept (memory_sum.h)?  A descriptor, or -1 with
 * ERR_CORRUPT (it is not), ERR_IO.
 */
int held_open_memory(int folder, const struct snapshot *s, struct err *err);

/* held_check_memory() - the same, only asked.  -1 as above. */
int held_check_memory(const struct held *h, struct err *err);

#endif
