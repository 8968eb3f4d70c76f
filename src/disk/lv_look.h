/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lv_look.h - what LVM's metadata says of a view: asked for each, or once for
 * all of them.
 */
#ifndef XENSNAP_LV_LOOK_H
#define XENSNAP_LV_LOOK_H

#include "disk.h"
#include "err.h"
#include "lvm.h"

/* lv_look_begin(), lv_look_end() - see disk_look_begin(). */
void lv_look_begin(void);
void lv_look_end(void);

/*
 * lv_look() - look for the view of @ref, by its uuid or else by its name, and
 * judge it by LVM's metadata.  1 when it is there and ours: @ret is the volume,
 * and @h what is wrong with it, if anything is; @ret_pool (or NULL) its thin
 * pool, without a uuid when it has none.  0 when @h says that it is GONE or
 * FOREIGN; -1 with @err.
 */
int lv_look(const struct disk_view_ref *ref, struct lvm_lv *ret,
	    struct lvm_lv *ret_pool, struct disk_view_health *h,
	    struct err *err);

/*
 * lv_look_disk() - the volume with LVM's uuid @uuid, and in the same report the
 * one with @pool ("": none), its thin pool.  What there isn't has no uuid.
 */
int lv_look_disk(const char *uuid, const char *pool, struct lvm_lv *ret,
		 struct lvm_lv *ret_pool, struct err *err);

#endif
