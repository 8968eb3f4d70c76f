/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_lv.h - what the two LVM drivers share.
 *
 * Both make their view with LVM while the domain runs, long before the
 * instant, and set it to the instant later by device-mapper alone: LVM takes
 * tenths of a second for what device-mapper does in a millisecond, and what
 * LVM's metadata says is true before and after.  Classic and thin differ in
 * how a view that is there already is made to show a later moment.
 */
#ifndef XENSNAP_DISK_LV_H
#define XENSNAP_DISK_LV_H

#include <stdbool.h>

#include "disk.h"
#include "dm.h"
#include "err.h"
#include "lvm.h"
#include "view_name.h"

/* Drivers embed this as their first member. */
struct lv_disk {
	struct disk disk;
	struct dm_dev dev;  /* the disk's device */
	struct lvm_lv lv;   /* the disk, as LVM has it */
	struct lvm_lv pool; /* of a thin one; without a uuid: there is none */
	struct lvm_lv made; /* the view, once prepared */
	char view[VIEW_NAME_MAX + 1];
	struct view_tags tags;
	bool held;
};

/*
 * lv_claims() - is @path a whole logical volume that is active?  1 with its
 * device and table, 0, or -1 with ERR_NOTFOUND, ERR_DENIED, ERR_IO.
 */
int lv_claims(const char *path, struct dm_dev *ret, struct dm_target *ret_table,
	      struct err *err);

/*
 * lv_open() - fill @d (zeroed by the caller, d->disk.ops set) for the volume
 * at @path, and of a thin one d->pool, in one report.  Changes nothing.
 */
int lv_open(const char *path, struct lv_disk *d, struct err *err);

/* lv_check_group() - can new volumes be made in the group of @lv?  -1 with
 * ERR_STATE, ERR_UNSUPPORTED (shared between hosts) or ERR_NOSPC. */
int lv_check_group(const struct lvm_lv *lv, struct err *err);

/*
 * lv_plan() - choose the view's name and tags, and check what can be wrong
 * with any volume.  Changes nothing.
 */
int lv_plan(struct lv_disk *d, const struct disk_owner *owner, struct err *err);

/*
 * lv_create() - let LVM make the view; @how: more words for lvcreate,
 * NULL-terminated.  With @test it only says whether it would.  Seconds.
 * Else fills d->made and d->disk.ref.  On failure nothing is left.
 */
int lv_create(struct lv_disk *d, const char *const how[], bool test,
	      struct err *err);

/* lv_hold() - see disk_hold(). */
int lv_hold(struct lv_disk *d, struct err *err);

/* lv_release() - see disk_release(). */
int lv_release(struct disk *disk, struct err *err);

/* lv_close() - see disk_close(). */
void lv_close(struct disk *disk);

/* lv_dev() - the device of @lv; *@ret tells whether it exists. */
int lv_dev(const struct lvm_lv *lv, struct dm_dev *ret, struct err *err);

/* lv_read_open() - open the device @dev for reading; a descriptor, or -1. */
int lv_read_open(const struct dm_dev *dev, struct err *err);

/*
 * lv_open_dev() - the device that is open as @fd, the view of @ref.  LVM can
 * neither remove nor replace it as long as it is, so what device-mapper says of
 * it is all there is to know: what became of a view while it was read needs no
 * command of LVM's.  -1 with ERR_STATE (it is no such device), ERR_IO.
 */
int lv_open_dev(const struct disk_view_ref *ref, int fd, struct dm_dev *ret,
		struct err *err);

/*
 * lv_dev_of_fd() - the device that is open as @fd, which must be the view of
 * @ref, and read-only.  -1 with ERR_STATE when it isn't, or ERR_IO.
 */
int lv_dev_of_fd(const struct disk_view_ref *ref, int fd, struct dm_dev *ret,
		 struct err *err);

/*
 * lv_source_dev() - the device of the disk of @ref, whose view's device is
 * @view; *@ret tells whether it exists.
 */
int lv_source_dev(const struct disk_view_ref *ref, const struct dm_dev *view,
		  struct dm_dev *ret, struct err *err);

/* lv_view_drop() - see disk_view_drop(). */
int lv_view_drop(const struct disk_view_ref *ref, struct err *err);

/* lv_find_views() - see disk_find_views(). */
int lv_find_views(struct disk_view_ref **ret, char ***ret_owners,
		  unsigned int *ret_n, struct err *err);

/* lv_release_device() - see disk_release_device(). */
int lv_release_device(const char *device, bool *ret_resumed, struct err *err);

#endif
