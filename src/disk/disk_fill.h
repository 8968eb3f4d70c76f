/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_fill.h - what our views and clones can fill up, how full it is, and
 * making it larger.
 *
 * disk_fill_find() asks LVM once: tenths of a second, and it may wait for
 * LVM's locks.  disk_fill_read() asks device-mapper alone: microseconds, so
 * it may be done as often as one likes.
 */
#ifndef XENSNAP_DISK_FILL_H
#define XENSNAP_DISK_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "disk_clone.h"
#include "err.h"

enum disk_fill_kind {
	DISK_FILL_VIEW,          /* a classic view's copy-on-write area */
	DISK_FILL_CLONE,         /* that of a clone's disk: full, it is lost */
	DISK_FILL_POOL_DATA,     /* of a thin pool in which views lie */
	DISK_FILL_POOL_METADATA, /* its */
};

enum disk_fill_state {
	DISK_FILL_GOOD,
	DISK_FILL_IDLE, /* not active, or not yet set to its instant: nobody
			 * can fill it */
	DISK_FILL_FULL, /* of a pool: writes to it wait, or fail */
	DISK_FILL_LOST, /* overflowed, failed: a larger one would not help */
};

struct disk_fill {
	enum disk_fill_kind kind;
	char what[DISK_SPACE_LEN]; /* "vg0/web1-root.xs-a", "vg0/pool" */
	char group[128];           /* the volume group */
	char device[DISK_DEVICE_LEN];
	char uuid[64];        /* LVM's, of the volume */
	unsigned int ref;     /* the view, or clone; of a pool the first view */
	unsigned int n_views; /* that live in it */
	uint64_t max_bytes;   /* larger is never of use; 0: no such limit */
	uint64_t extent_bytes;
	uint64_t group_bytes, group_free; /* when it was found */
	/* disk_fill_read() fills these: */
	enum disk_fill_state state;
	bool open; /* somebody has the view's device open */
	uint64_t bytes, used;
	char why[120]; /* not GOOD, and why */
};

/* Of what. */
struct disk_fill_want {
	const struct disk_view_ref *views;
	unsigned int n_views;
	const struct disk_clone *clones; /* disks of clones */
	unsigned int n_clones;
};

/*
 * disk_fill_find() - what the views and clones of @w can fill up: each classic
 * view, and each clone of one, has an area of its own; thin ones share pools,
 * and a clone lies in that of its view.  What is gone, or no clone's any more,
 * is left out.  *@ret (*@ret_n of them, not read yet) is malloc()ed for the
 * caller, NULL when there are none.  -1 with what LVM says.
 */
int disk_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
		   unsigned int *ret_n, struct err *err);

/*
 * disk_fill_read() - how full is it now?  -1 with ERR_IO, ERR_DENIED; then it
 * is as it was read before.
 */
int disk_fill_read(struct disk_fill *f, struct err *err);

/*
 * disk_fill_clone() - how full is the area of the clone's disk @c?  Without
 * LVM, so what only that knows of it is not in @ret.  1; 0 when it has none, or
 * is not there; -1 as above.
 */
int disk_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
		    struct err *err);

/*
 * disk_fill_extend() - let it be at least @to bytes large, or as large as the
 * group allows when @reserve bytes of it shall stay free.  That somebody else
 * made it so meanwhile counts as success.  Seconds; the disk's writes wait for
 * some milliseconds of that.  @f is read anew.  -1 with ERR_NOSPC (not one
 * extent is to be had), ERR_NOTFOUND (it is gone), ERR_TIMEOUT, ERR_IO; then
 * it is as it was.
 */
int disk_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
		     struct err *err);

/* disk_fill_is_area() - an area that is one's own, no pool's? */
bool disk_fill_is_area(const struct disk_fill *f);

/* disk_fill_kind_name() - "view", "clone", "pool-data", "pool-metadata". */
const char *disk_fill_kind_name(enum disk_fill_kind kind);

/* disk_fill_state_name() - "good", "idle", "full", "lost". */
const char *disk_fill_state_name(enum disk_fill_state state);

#endif
