/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lv_fill.h - disk_fill.h of LVM's volumes. */
#ifndef XENSNAP_LV_FILL_H
#define XENSNAP_LV_FILL_H

#include "disk_fill.h"
#include "lvm.h"

/* lv_fill_find() - see disk_fill_find(). */
int lv_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
		 unsigned int *ret_n, struct err *err);

/*
 * lv_fill_among() - those of @w that are among the @n volumes @lvs, at @all,
 * which has room for two of each view and one of each clone.  Pure.  How many,
 * or -1 with ERR_INVALID (a device's name would be too long).
 */
int lv_fill_among(const struct disk_fill_want *w, const struct lvm_lv *lvs,
		  unsigned int n, struct disk_fill *all, struct err *err);

/* lv_fill_read() - see disk_fill_read(). */
int lv_fill_read(struct disk_fill *f, struct err *err);

/* lv_fill_clone() - see disk_fill_clone(). */
int lv_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
		  struct err *err);

/* lv_fill_extend() - see disk_fill_extend(). */
int lv_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
		   struct err *err);

#endif
