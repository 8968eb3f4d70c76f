/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm_report.h - what LVM says, read.  Pure. */
#ifndef XENSNAP_LVM_REPORT_H
#define XENSNAP_LVM_REPORT_H

#include <stddef.h>

#include "err.h"
#include "lvm.h"

/* The columns for `lvs -o` from which a struct lvm_lv is made. */
#define LVM_REPORT_FIELDS                                                      \
	"vg_name,lv_name,lv_uuid,vg_uuid,origin,origin_uuid,pool_lv,"          \
	"pool_lv_uuid,lv_layout,lv_role,lv_attr,lv_tags,lv_allocation_locked," \
	"lv_permissions,vg_permissions,vg_lock_type,vg_exported,vg_partial,"   \
	"lv_size,thin_id,transaction_id,vg_extent_size,vg_size,vg_free,"       \
	"max_lv,lv_count"

/* The columns for `vgs -o` from which its part of the group is made. */
#define LVM_REPORT_VG_FIELDS                                       \
	"vg_name,vg_uuid,vg_permissions,vg_lock_type,vg_exported," \
	"vg_partial,vg_extent_size,vg_size,vg_free,max_lv,lv_count"

/* lvm_report_read_vg() - the group in the JSON report @text: 1, 0 when there is
 * none, -1 as lvm_report_read(). */
int lvm_report_read_vg(const char *text, size_t len, struct lvm_lv *ret,
		       struct err *err);

/*
 * lvm_report_read() - the volumes in the JSON report @text (@len bytes);
 * malloc()ed for the caller, NULL when there are none.  -1 with ERR_CORRUPT
 * when it is no such report, or a text in it is longer than LVM can make it;
 * ERR_NOMEM.
 */
int lvm_report_read(const char *text, size_t len, struct lvm_lv **ret,
		    unsigned int *ret_n, struct err *err);

#endif
