/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_active.h - thin views that are active while they are read.
 *
 * LVM makes them so that they are not.  Which of them this process has
 * activated, and how many readers they have, is counted: the last one puts them
 * back as they were.  All but the two of the lock itself under the lock.
 */
#ifndef XENSNAP_THIN_ACTIVE_H
#define XENSNAP_THIN_ACTIVE_H

#include "disk.h"
#include "dm.h"
#include "err.h"
#include "lvm.h"

/* thin_active_lock(), thin_active_unlock() - of this process's threads. */
void thin_active_lock(void);
void thin_active_unlock(void);

/*
 * thin_activate() - one reader more of @lv, the view of @ref in @pool (without
 * a uuid: not known), which LVM has told in one report; *@ret is its device.
 * -1 with ERR_BUSY (too many are open), ERR_STATE (it does not become active),
 * or as lvm_run().
 */
int thin_activate(const struct disk_view_ref *ref, const struct lvm_lv *lv,
		  const struct lvm_lv *pool, struct dm_dev *ret,
		  struct err *err);

/*
 * thin_deactivate() - one reader less of @dev, which thin_activate() has told.
 * That it stays active when others read it is no failure.
 */
void thin_deactivate(const struct dm_dev *dev);

#endif
