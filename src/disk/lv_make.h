/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lv_make.h - new logical volumes, for disks that come out of a repository.
 *
 * Until lv_make_keep() a volume carries the tag LV_MAKE_TAG, by which it can be
 * told from one that is whole; whoever is killed leaves it so.
 *
 * What a new volume holds is not known: a linear one has what was there before,
 * a thin one zeros, unless its pool was told not to care.
 */
#ifndef XENSNAP_LV_MAKE_H
#define XENSNAP_LV_MAKE_H

#include <limits.h>
#include <stdint.h>

#include "err.h"

#define LV_MAKE_TAG "xensnap-restoring"
#define LV_MAKE_NAME 128 /* as LVM_NAME_LEN */

struct lv_want {
	char vg[LV_MAKE_NAME];
	char pool[LV_MAKE_NAME]; /* of thin volumes; "": linear */
	char name[LV_MAKE_NAME];
	uint64_t bytes; /* at least; rounded up to whole extents */
	char tag[64];   /* of the caller's, which it keeps; "": none */
	char uuid[40];  /* lv_make()'s */
};

/*
 * lv_make_check() - could all @n of @want be made, all in one volume group?
 * Changes nothing.  -1 with ERR_NOTFOUND (no such group or pool), ERR_EXISTS (a
 * name is taken), ERR_INVALID (or is none), ERR_NOSPC, ERR_STATE,
 * ERR_UNSUPPORTED (a build without LVM), ERR_IO.  That a pool has less room
 * than the volumes may come to need is told as a notice.
 */
int lv_make_check(const struct lv_want *want, unsigned int n, struct err *err);

/* lv_make_path() - where it is, or will be: "/dev/vg/name" in @ret. */
void lv_make_path(const struct lv_want *w, char ret[PATH_MAX]);

/*
 * lv_make() - make it, active and with our tag.  Fills @w->uuid.  -1 with
 * ERR_EXISTS, ERR_NOSPC, ERR_IO: it is not there, or the error says so.
 */
int lv_make(struct lv_want *w, struct err *err);

/* lv_make_keep() - it is whole: take our tag away.  -1 with ERR_IO: it has it
 * still. */
int lv_make_keep(const struct lv_want *w, struct err *err);

/*
 * lv_make_undo() - remove it again.  Only the one that lv_make() made, and only
 * if it still has our tag.  Gone counts as success.  -1 with ERR_BUSY, ERR_IO.
 */
int lv_make_undo(const struct lv_want *w, struct err *err);

#endif
