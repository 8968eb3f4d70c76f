/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_sim_tags.h - what says of a simulated view, or clone's disk, whose it
 * is: one line in the file NAME.tags beside it.
 *
 * The tags come first and go last, so whatever there is of a view can be
 * found by them: LVM makes a volume and its tags in one.
 */
#ifndef XENSNAP_DISK_SIM_TAGS_H
#define XENSNAP_DISK_SIM_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "err.h"
#include "sim_world.h"

#define DISK_SIM_TAGS ".tags"

/* The state of a clone's disk, which is no view. */
#define DISK_SIM_CLONE "clone"

struct sim_tags {
	char owner[160];
	char generation[40]; /* of a clone's disk: its token */
	char state[8];       /* "cow", it is prepared only; "view"; "clone" */
	uint64_t cow_bytes;
	char source[SIM_PATH_MAX];
};

/* disk_sim_tags() - those of @view; false when it has none.  This and the next
 * two with the world locked. */
bool disk_sim_tags(const char *view, struct sim_tags *ret);

/* disk_sim_put_tags() - write the tags of the view @ref.  -1 with ERR_IO. */
int disk_sim_put_tags(const struct disk_view_ref *ref, const char *owner,
		      const char *state, struct err *err);

/*
 * disk_sim_area() - how large is the area of the view @view?  With @set, make
 * it so large.  -1 with ERR_NOTFOUND, ERR_IO.
 */
int disk_sim_area(const char *view, uint64_t set, uint64_t *ret,
		  struct err *err);

#endif
