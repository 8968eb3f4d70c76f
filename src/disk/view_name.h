/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view_name.h - what a view on LVM is called, and the tags it carries.
 *
 * Pure: text in, text out.  A view is called "<disk>.xs-<snapshot>", so that
 * it is recognised in any list; where LVM or device-mapper cannot take that,
 * the disk's name is cut and a hash of both takes the snapshot's place.  What
 * must be read back exactly is in the tags, never in the name.
 */
#ifndef XENSNAP_VIEW_NAME_H
#define XENSNAP_VIEW_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "disk.h"
#include "err.h"

#define VIEW_NAME_MAX 127 /* bytes, of a volume group's or volume's name */
#define VIEW_TAG "xensnap"
#define VIEW_TAGS_MAX 5
#define VIEW_TAG_LEN 200

struct view_tags {
	unsigned int n;
	char tag[VIEW_TAGS_MAX][VIEW_TAG_LEN];
};

/* What a volume's tags say; "" for what they don't. */
struct view_owner {
	bool ours; /* it carries our tag */
	char domain[VIEW_TAG_LEN];
	char snapshot[VIEW_TAG_LEN];
	char generation[VIEW_TAG_LEN];
	char vdev[VIEW_TAG_LEN];
};

/*
 * view_name_make() - the name of the view of volume @lv in group @vg for the
 * snapshot @snapshot, in @ret (VIEW_NAME_MAX + 1 bytes).  The same for the
 * same words, different for different ones.  -1 with ERR_INVALID when not
 * even a cut name fits.
 */
int view_name_make(const char *vg, const char *lv, const char *snapshot,
		   char *ret, struct err *err);

/*
 * view_name_dm() - the name that LVM gives the device of @vg/@lv: hyphens are
 * doubled.  @suffix: "", "-cow", "-real".  -1 with ERR_INVALID when it is
 * longer than device-mapper takes; @ret has VIEW_NAME_MAX + 1 bytes.
 */
int view_name_dm(const char *vg, const char *lv, const char *suffix, char *ret,
		 struct err *err);

/*
 * view_tags_make() - the tags for a view of @owner.  -1 with ERR_INVALID when
 * a word has a character that LVM does not take in a tag, or is too long.
 */
int view_tags_make(const struct disk_owner *owner, struct view_tags *ret,
		   struct err *err);

/* view_tags_read() - read @tags, separated by commas as LVM shows them. */
void view_tags_read(const char *tags, struct view_owner *ret);

#endif
