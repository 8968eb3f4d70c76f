/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lv_health.h - what is wrong with the view of a logical volume, by what LVM
 * and device-mapper say of it.  Pure.
 */
#ifndef XENSNAP_LV_HEALTH_H
#define XENSNAP_LV_HEALTH_H

#include "disk.h"
#include "dm.h"
#include "lvm.h"

/*
 * lv_health_split() - "/dev/vg/lv" into its two names (LVM_NAME_LEN each).
 * -1 when it is no such path.
 */
int lv_health_split(const char *path, char *vg, char *lv);

/*
 * lv_health_judge() - by LVM's metadata: of @lvs (@n of them), all that have
 * the uuid or the name of the view of @ref or of its disk.  The view if it is
 * there and ours, else NULL and @h is GONE or FOREIGN.
 */
const struct lvm_lv *lv_health_judge(const struct disk_view_ref *ref,
				     const struct lvm_lv *lvs, unsigned int n,
				     struct disk_view_health *h);

/*
 * lv_health_snapshot() - by @status, that of the device of a classic view.  -1
 * with ERR_IO when it makes no sense.
 */
int lv_health_snapshot(const struct disk_view_ref *ref,
		       const struct dm_target *status,
		       struct disk_view_health *h, struct err *err);

/* lv_health_thin() - by @status, that of the device of a thin view. */
void lv_health_thin(const struct disk_view_ref *ref,
		    const struct dm_target *status, struct disk_view_health *h);

/*
 * lv_health_pool() - by @status, that of the pool @name ("vg/pool") in which a
 * thin view lies.  -1 with ERR_IO when it makes no sense.
 */
int lv_health_pool(const char *name, const struct dm_target *status,
		   struct disk_view_health *h, struct err *err);

/*
 * lv_health_pool_fault() - "has failed", "is read-only: ..." of the pool with
 * the status @s, or NULL when it is in order.
 */
const char *lv_health_pool_fault(const struct dm_pool_status *s);

#endif
