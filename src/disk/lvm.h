/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lvm.h - LVM's metadata, by its own command.
 *
 * /sbin/lvm with a fixed list of words, never a shell; reports as JSON.  Each
 * call starts a program, reads the metadata of all volume groups and may wait
 * for the lock of one: tenths of a second and more.  So none of this is used
 * while a domain stands still or a disk is held.  A command gets five
 * minutes: nobody stands still for it, and LVM in the middle of a change is
 * best left alone.
 */
#ifndef XENSNAP_LVM_H
#define XENSNAP_LVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define LVM_NAME_LEN 128
#define LVM_UUID_LEN 40
#define LVM_DM_UUID_LEN 96

/* A logical volume as LVM's metadata has it; "" and 0 for what it lacks. */
struct lvm_lv {
	char vg[LVM_NAME_LEN];
	char name[LVM_NAME_LEN];
	char uuid[LVM_UUID_LEN];
	char vg_uuid[LVM_UUID_LEN];
	char origin[LVM_NAME_LEN];
	char origin_uuid[LVM_UUID_LEN];
	char pool[LVM_NAME_LEN];
	char pool_uuid[LVM_UUID_LEN];
	char layout[80]; /* "linear", "raid,raid1", "thin,sparse" */
	char role[96];   /* "public", "public,snapshot,thinsnapshot" */
	char attr[16];
	char tags[1300]; /* ours, separated by commas */
	char locked[24]; /* a pvmove is at work on it */
	char permissions[24];
	char vg_permissions[24];
	char vg_lock_type[24];
	char vg_exported[16];
	char vg_partial[16];
	uint64_t bytes;
	uint64_t thin_id;
	uint64_t transaction_id; /* of a thin pool */
	uint64_t extent_bytes;
	uint64_t vg_bytes;
	uint64_t vg_free_bytes;
	uint64_t vg_max_lv; /* 0: no limit */
	uint64_t vg_lv_count;
};

/*
 * lvm_find() - all logical volumes of which @field of LVM's reports is @value,
 * hidden ones too; malloc()ed for the caller, NULL when there are none.  -1
 * with ERR_NOTFOUND (no LVM on this host), ERR_IO, ERR_TIMEOUT, ERR_CORRUPT.
 */
int lvm_find(const char *field, const char *value, struct lvm_lv **ret,
	     unsigned int *ret_n, struct err *err);

/*
 * lvm_find_any() - the same, of which one of the @n (at most LVM_ANY_MAX)
 * fields in @any is its value: one call of LVM.
 */
#define LVM_ANY_MAX 2
struct lvm_field {
	const char *field, *value;
};
int lvm_find_any(const struct lvm_field *any, unsigned int n,
		 struct lvm_lv **ret, unsigned int *ret_n, struct err *err);

/*
 * lvm_find_lv() - the volume with the uuid @uuid; or else the one that is
 * called @vg/@name.  What isn't known is "".  1, 0 when there is none, or -1
 * as above.
 */
int lvm_find_lv(const char *uuid, const char *vg, const char *name,
		struct lvm_lv *ret, struct err *err);

/*
 * lvm_find_vg() - the volume group @vg: of @ret only what is of the group is
 * set.  1, 0 when there is none, or -1 as lvm_find().
 */
int lvm_find_vg(const char *vg, struct lvm_lv *ret, struct err *err);

/* What is known of a volume; "" for what isn't. */
struct lvm_name {
	const char *uuid;
	const char *vg;
	const char *name;
};

/*
 * lvm_find_named() - all volumes that have the uuid or the name of one of the
 * @n in @want (at most LVM_NAMED_MAX), in one report; with @pools all thin
 * pools too.  malloc()ed for the caller, NULL when there are none.  -1 as
 * above.
 */
#define LVM_NAMED_MAX 2
int lvm_find_named(const struct lvm_name *want, unsigned int n, bool pools,
		   struct lvm_lv **ret, unsigned int *ret_n, struct err *err);

/* lvm_find_all() - all volumes of this host, as lvm_find(). */
int lvm_find_all(struct lvm_lv **ret, unsigned int *ret_n, struct err *err);

/*
 * lvm_run() - run the LVM command @args, NULL-terminated, e.g. "lvremove",
 * "-y", "vg/lv"; what it says of success is for the debug log.  -1 with the
 * line in which it says why: ERR_NOSPC, ERR_EXISTS, ERR_BUSY, ERR_DENIED,
 * ERR_NOTFOUND (no LVM), ERR_TIMEOUT, or ERR_IO.  How far it came is then not
 * known.
 */
int lvm_run(const char *const args[], struct err *err);

/*
 * lvm_ask() - the same, and what it prints: *@ret, NUL-terminated, is the
 * caller's to free(); *@ret_len (or NULL) is its length.  On failure *@ret is
 * NULL.
 */
int lvm_ask(const char *const args[], char **ret, size_t *ret_len,
	    struct err *err);

/* lvm_dm_uuid() - device-mapper's uuid of @lv, in @ret (LVM_DM_UUID_LEN
 * bytes). */
void lvm_dm_uuid(const struct lvm_lv *lv, char *ret);

/*
 * lvm_split_dm_uuid() - the other way: LVM's uuids of the group and of the
 * volume (LVM_UUID_LEN each) whose device has the uuid @dm_uuid.  0, or -1
 * when it is not that of a whole logical volume.
 */
int lvm_split_dm_uuid(const char *dm_uuid, char *vg_uuid, char *lv_uuid);

/* lvm_set_alive_fd() - see disk_set_alive_fd(). */
void lvm_set_alive_fd(int fd);

#endif
