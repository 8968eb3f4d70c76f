/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm_host.h - what LVM says of itself and of all of this host, read.  Pure. */
#ifndef XENSNAP_LVM_HOST_H
#define XENSNAP_LVM_HOST_H

#include <stddef.h>

#include "disk_host.h"
#include "err.h"

/* The columns for `vgs -o` and `lvs -o` from which groups and pools are made.
 */
#define LVM_HOST_GROUP_FIELDS \
	"vg_name,vg_size,vg_free,vg_missing_pv_count,vg_exported,vg_permissions"
#define LVM_HOST_POOL_FIELDS                                       \
	"vg_name,lv_name,lv_active,data_percent,metadata_percent," \
	"lv_health_status,seg_monitor"

/*
 * lvm_read_version() - "2.03.16" out of what `lvm version` prints, in @ret.  -1
 * with ERR_CORRUPT.
 */
int lvm_read_version(const char *text, char *ret, size_t len, struct err *err);

/*
 * lvm_read_settings() - the lines NAME=VALUE of `lvmconfig --type full`, all of
 * those that struct disk_lvm_settings has.  -1 with ERR_CORRUPT when one is
 * missing or no number.
 */
int lvm_read_settings(const char *text, struct disk_lvm_settings *ret,
		      struct err *err);

/*
 * lvm_read_groups() - the volume groups in a JSON report; malloc()ed for the
 * caller, NULL when there are none.  -1 with ERR_CORRUPT, ERR_NOMEM.
 */
int lvm_read_groups(const char *text, size_t len, struct disk_group **ret,
		    unsigned int *ret_n, struct err *err);

/* lvm_read_pools() - the same of thin pools. */
int lvm_read_pools(const char *text, size_t len, struct disk_pool **ret,
		   unsigned int *ret_n, struct err *err);

#endif
