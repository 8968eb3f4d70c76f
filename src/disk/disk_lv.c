/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_lv.c - see disk_lv.h: opening, planning, making and holding. */
#include "disk_lv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "log.h"
#include "lv_look.h"

#define WORDS_MAX 40

/* A disk that does not answer must not keep the domain from running. */
#define HOLD_LIMIT_MS 10000u

/* A kernel that has no device-mapper cannot be asked about one. */
static bool
is_dm(dev_t dev)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev),
		 minor(dev));
	if (access(path, F_OK))
		return true;
	strcat(path, "/dm");
	return access(path, F_OK) == 0;
}

int
lv_claims(const char *path, struct dm_dev *ret, struct dm_target *ret_table,
	  struct err *err)
{
	char vg_uuid[LVM_UUID_LEN], lv_uuid[LVM_UUID_LEN];
	struct stat st;

	if (stat(path, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(err, ERR_NOTFOUND, 0,
				       "%s is not there (is the volume "
				       "active?)",
				       path);
		return err_set(err, errno == EACCES ? ERR_DENIED : ERR_IO,
			       errno, "%s", path);
	}
	if (!S_ISBLK(st.st_mode) || !is_dm(st.st_rdev))
		return 0;
	if (dm_find_number(major(st.st_rdev), minor(st.st_rdev), ret, err))
		return err->code == ERR_UNSUPPORTED ? 0 : -1;
	if (!ret->exists || lvm_split_dm_uuid(ret->uuid, vg_uuid, lv_uuid))
		return 0;
	if (dm_table(ret->name, ret_table, err))
		return -1;
	return 1;
}

/* LVM's uuid of the pool of the volume with @table; "" if it has none, or it is
 * not known. */
static void
pool_of(const struct dm_target *table, char ret[LVM_UUID_LEN])
{
	char vg_uuid[LVM_UUID_LEN], *suffix;
	struct err ignored = ERR_INIT;
	struct dm_thin_table thin;
	struct dm_dev dev;

	ret[0] = '\0';
	if (dm_thin_table(table, &thin, &ignored) ||
	    dm_find_number(thin.pool_major, thin.pool_minor, &dev, &ignored) ||
	    !dev.exists)
		return;
	suffix = strstr(dev.uuid, "-tpool");
	if (suffix)
		*suffix = '\0';
	if (lvm_split_dm_uuid(dev.uuid, vg_uuid, ret))
		ret[0] = '\0';
}

int
lv_open(const char *path, struct lv_disk *d, struct err *err)
{
	char vg_uuid[LVM_UUID_LEN], lv_uuid[LVM_UUID_LEN];
	char pool[LVM_UUID_LEN];
	struct disk_view_ref *ref = &d->disk.ref;
	struct dm_target table;
	int r;

	r = lv_claims(path, &d->dev, &table, err);
	if (r < 0)
		return -1;
	if (r == 0 || lvm_split_dm_uuid(d->dev.uuid, vg_uuid, lv_uuid))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is no logical volume", path);
	pool_of(&table, pool);
	if (lv_look_disk(lv_uuid, pool, &d->lv, &d->pool, err))
		return -1;
	if (strcmp(d->lv.vg_uuid, vg_uuid) != 0)
		return err_set(err, ERR_STATE, 0,
			       "%s: LVM does not know this volume", path);
	snprintf(d->disk.group, sizeof(d->disk.group), "%s", d->lv.vg);
	snprintf(d->disk.device, sizeof(d->disk.device), "%s", d->dev.name);
	snprintf(ref->driver, sizeof(ref->driver), "%s", d->disk.ops->name);
	snprintf(ref->source, sizeof(ref->source), "/dev/%s/%s", d->lv.vg,
		 d->lv.name);
	snprintf(ref->source_uuid, sizeof(ref->source_uuid), "%s", d->lv.uuid);
	ref->bytes = d->lv.bytes;
	return 0;
}

/* ---- plan ---- */

int
lv_check_group(const struct lvm_lv *lv, struct err *err)
{
	if (lv->vg_exported[0])
		return err_set(err, ERR_STATE, 0, "volume group %s is exported",
			       lv->vg);
	if (lv->vg_partial[0])
		return err_set(err, ERR_STATE, 0,
			       "volume group %s lacks a physical volume",
			       lv->vg);
	if (strcmp(lv->vg_permissions, "writeable") != 0)
		return err_set(err, ERR_STATE, 0, "volume group %s is %s",
			       lv->vg, lv->vg_permissions);
	if (lv->vg_lock_type[0] && strcmp(lv->vg_lock_type, "none") != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "volume group %s is shared between hosts (%s)",
			       lv->vg, lv->vg_lock_type);
	if (lv->vg_max_lv && lv->vg_lv_count >= lv->vg_max_lv)
		return err_set(err, ERR_NOSPC, 0,
			       "volume group %s has all %llu volumes that it "
			       "may have",
			       lv->vg, (unsigned long long)lv->vg_max_lv);
	return 0;
}

/* lv_attr's first character tells what lv_role and lv_layout don't. */
static int
check_volume(const struct lv_disk *d, struct err *err)
{
	const char *path = d->disk.ref.source;
	const struct lvm_lv *lv = &d->lv;

	if (lv->attr[0] == 'O')
		return err_set(err, ERR_STATE, 0,
			       "a snapshot is being merged into %s", path);
	if (lv->attr[0] == 'S')
		return err_set(err, ERR_STATE, 0,
			       "%s is being merged into its origin", path);
	if (lv->locked[0])
		return err_set(err, ERR_STATE, 0,
			       "%s is locked: a pvmove is at work on it", path);
	if (strstr(lv->role, "private"))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is a part of another volume", path);
	if (d->dev.suspended)
		return err_set(err, ERR_STATE, 0,
			       "%s is suspended, by another program or by one "
			       "that died; `dmsetup resume %s` lets it go on",
			       path, d->dev.name);
	return 0;
}

static int
choose_names(struct lv_disk *d, const struct disk_owner *owner, struct err *err)
{
	struct disk_view_ref *ref = &d->disk.ref;
	char dm_name[VIEW_NAME_MAX + 1];

	if (view_name_make(d->lv.vg, d->lv.name, owner->snapshot, d->view,
			   err) ||
	    view_name_dm(d->lv.vg, d->lv.name, "-real", dm_name, err) ||
	    view_tags_make(owner, &d->tags, err))
		return -1;
	snprintf(ref->view, sizeof(ref->view), "/dev/%s/%s", d->lv.vg, d->view);
	snprintf(ref->generation, sizeof(ref->generation), "%s",
		 owner->generation);
	return 0;
}

int
lv_plan(struct lv_disk *d, const struct disk_owner *owner, struct err *err)
{
	if (dm_find_name(d->disk.device, &d->dev, err))
		return -1;
	if (!d->dev.exists)
		return err_set(err, ERR_NOTFOUND, 0, "%s is no longer active",
			       d->disk.ref.source);
	if (lv_check_group(&d->lv, err) || check_volume(d, err))
		return -1;
	d->disk.free_bytes = d->lv.vg_free_bytes;
	return choose_names(d, owner, err);
}

/* ---- make ---- */

static int
find_made(struct lv_disk *d, struct err *err)
{
	struct disk_view_ref *ref = &d->disk.ref;
	struct view_owner owner;
	int r;

	r = lvm_find_lv("", d->lv.vg, d->view, &d->made, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_IO, 0,
			       "LVM made %s, and now it is not there",
			       ref->view);
	view_tags_read(d->made.tags, &owner);
	if (!owner.ours || strcmp(owner.generation, ref->generation) != 0 ||
	    strcmp(d->made.origin_uuid, d->lv.uuid) != 0)
		return err_set(err, ERR_IO, 0,
			       "%s is not the view that LVM was to make",
			       ref->view);
	snprintf(ref->view_uuid, sizeof(ref->view_uuid), "%s", d->made.uuid);
	return 0;
}

/*
 * No monitoring: dmeventd must not find a view in the middle of what we do to
 * it.  Of LVM's own safety nets (backup and archive of the metadata) none is
 * switched off: nobody waits here.
 */
int
lv_create(struct lv_disk *d, const char *const how[], bool test,
	  struct err *err)
{
	const char *words[WORDS_MAX] = { "lvcreate", "-y", "-s",
					 "-pr",      "-n", d->view };
	char origin[2 * LVM_NAME_LEN];
	struct err ignored = ERR_INIT;
	unsigned int n = 6;

	snprintf(origin, sizeof(origin), "%s/%s", d->lv.vg, d->lv.name);
	for (; *how; how++)
		words[n++] = *how;
	for (unsigned int i = 0; i < d->tags.n; i++) {
		words[n++] = "--addtag";
		words[n++] = d->tags.tag[i];
	}
	words[n++] = "--config";
	words[n++] = "activation{monitoring=0}";
	if (test)
		words[n++] = "--test";
	words[n++] = "--";
	words[n++] = origin;
	words[n] = NULL;

	if (lvm_run(words, err) == 0) {
		if (test)
			return 0;
		fail_here("disk.made");
		if (find_made(d, err) == 0)
			return 0;
	}
	if (err->code == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, 0,
			       "there is a volume %s already",
			       d->disk.ref.view);
	if (!test && lv_view_drop(&d->disk.ref, &ignored))
		err_more(err, "and it was left: %s", ignored.text);
	return -1;
}

/* ---- hold ---- */

/*
 * The kernel takes a second suspend for done; but then it would be another's,
 * who may end it at any moment.
 */
int
lv_hold(struct lv_disk *d, struct err *err)
{
	struct dm_dev now;

	if (dm_find_name(d->disk.device, &now, err))
		return -1;
	if (!now.exists || now.suspended)
		return err_set(err, ERR_BUSY, 0,
			       "%s was %s by another program meanwhile",
			       d->disk.ref.source,
			       now.exists ? "suspended" : "deactivated");
	d->disk.held_ns = clock_ns();
	d->disk.freed_ns = 0;
	if (dm_suspend(d->disk.device, HOLD_LIMIT_MS, err)) {
		d->disk.held_ns = 0;
		return -1;
	}
	d->held = true;
	fail_here("disk.held");
	return 0;
}

int
lv_release(struct disk *disk, struct err *err)
{
	struct lv_disk *d = (struct lv_disk *)disk;

	if (!d->held)
		return 0;
	if (dm_resume(disk->device, DM_UDEV_VOLUME, err))
		return -1;
	disk->freed_ns = clock_ns();
	d->held = false;
	fail_here("disk.freed");
	return 0;
}

void
lv_close(struct disk *disk)
{
	free(disk);
}
