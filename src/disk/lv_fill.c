/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lv_fill.c - see lv_fill.h.
 *
 * Sizes are given to LVM as what shall be, never as what shall be added: who
 * else extends the same volume at that moment (dmeventd does, if it is told
 * to) is then not added to.
 */
#include "lv_fill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cow.h"
#include "disk_clone.h"
#include "dm.h"
#include "fail.h"
#include "log.h"
#include "lv_health.h"
#include "lvm.h"
#include "units.h"
#include "view_name.h"

/* DM_THIN_MAX_METADATA_SIZE of libdevmapper: the kernel uses no more. */
#define POOL_METADATA_MAX (UINT64_C(255) * ((1 << 14) - 64) * 4096)

/* ---- find ---- */

static const struct lvm_lv *
find_view(const struct lvm_lv *lvs, unsigned int n,
	  const struct disk_view_ref *ref)
{
	for (unsigned int i = 0; i < n; i++)
		if (ref->view_uuid[0] &&
		    strcmp(lvs[i].uuid, ref->view_uuid) == 0)
			return &lvs[i];
	return NULL;
}

/* The volume of a clone's disk, which is its only as long as it has its tag. */
static const struct lvm_lv *
find_clone(const struct lvm_lv *lvs, unsigned int n, const struct disk_clone *c)
{
	char vg[LVM_NAME_LEN], name[LVM_NAME_LEN], tag[DISK_CLONE_TAG];

	if (strcmp(c->driver, "classic") != 0 ||
	    lv_health_split(c->path, vg, name))
		return NULL;
	disk_clone_tag(c->token, tag);
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(lvs[i].vg, vg) == 0 &&
		    strcmp(lvs[i].name, name) == 0 && strstr(lvs[i].tags, tag))
			return &lvs[i];
	return NULL;
}

/* What is said of the group, and what device it will be. */
static int
describe(struct disk_fill *f, const struct lvm_lv *lv, const char *name,
	 struct err *err)
{
	const char *suffix = disk_fill_is_area(f) ? "" : "-tpool";
	char device[VIEW_NAME_MAX + 1];

	if (view_name_dm(lv->vg, name, suffix, device, err))
		return -1;
	memcpy(f->device, device, sizeof(device));
	snprintf(f->what, sizeof(f->what), "%s/%s", lv->vg, name);
	snprintf(f->group, sizeof(f->group), "%s", lv->vg);
	f->extent_bytes = lv->extent_bytes;
	f->group_bytes = lv->vg_bytes;
	f->group_free = lv->vg_free_bytes;
	f->n_views = 1;
	return 0;
}

/* One more view in a pool that is known already? */
static bool
known_pool(struct disk_fill *f, unsigned int n, const struct lvm_lv *lv)
{
	bool known = false;

	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(f[i].uuid, lv->pool_uuid) != 0)
			continue;
		f[i].n_views++;
		known = true;
	}
	return known;
}

/* @f is the area of @lv, a snapshot of a disk of @disk_bytes. */
static int
describe_area(struct disk_fill *f, const struct lvm_lv *lv, uint64_t disk_bytes,
	      struct err *err)
{
	f->max_bytes = cow_max_bytes(disk_bytes);
	snprintf(f->uuid, sizeof(f->uuid), "%s", lv->uuid);
	return describe(f, lv, lv->name, err);
}

/* What the view @lv of @ref can fill up, at @f, of which @n are known; returns
 * how many more there are, or -1. */
static int
add(struct disk_fill *all, unsigned int n, const struct lvm_lv *lv,
    const struct disk_view_ref *ref, struct err *err)
{
	struct disk_fill *f = &all[n];

	if (strcmp(ref->driver, "classic") == 0) {
		f->kind = DISK_FILL_VIEW;
		return describe_area(f, lv, ref->bytes, err) ? -1 : 1;
	}
	if (!lv->pool[0] || known_pool(all, n, lv))
		return 0;
	f[0].kind = DISK_FILL_POOL_DATA;
	f[1].kind = DISK_FILL_POOL_METADATA;
	f[1].max_bytes = POOL_METADATA_MAX;
	for (int i = 0; i < 2; i++) {
		snprintf(f[i].uuid, sizeof(f[i].uuid), "%s", lv->pool_uuid);
		if (describe(&f[i], lv, lv->pool, err))
			return -1;
	}
	return 2;
}

/* Volumes among which are all views, and snapshots if there are clones. */
static int
ask_lvm(const struct disk_fill_want *w, struct lvm_lv **ret,
	unsigned int *ret_n, struct err *err)
{
	static const struct lvm_field any[] = {
		{ "lv_tags", VIEW_TAG },
		/* Clones have each a tag of their own. */
		{ "lv_role", "snapshot" },
	};

	if (lvm_find_any(any, w->n_clones ? 2 : 1, ret, ret_n, err) == 0)
		return 0;
	if (err->code != ERR_NOTFOUND)
		return -1;
	err_clear(err); /* no LVM here */
	return 0;
}

int
lv_fill_among(const struct disk_fill_want *w, const struct lvm_lv *lvs,
	      unsigned int n, struct disk_fill *all, struct err *err)
{
	unsigned int k = 0;

	for (unsigned int i = 0; i < w->n_views; i++) {
		const struct lvm_lv *lv = find_view(lvs, n, &w->views[i]);
		int r = lv ? add(all, k, lv, &w->views[i], err) : 0;

		if (r < 0)
			return -1;
		for (; r > 0; r--)
			all[k++].ref = i;
	}
	for (unsigned int i = 0; i < w->n_clones; i++) {
		const struct lvm_lv *lv = find_clone(lvs, n, &w->clones[i]);

		if (!lv)
			continue;
		all[k].kind = DISK_FILL_CLONE;
		all[k].ref = i;
		if (describe_area(&all[k++], lv, w->clones[i].bytes, err))
			return -1;
	}
	return (int)k;
}

int
lv_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
	     unsigned int *ret_n, struct err *err)
{
	size_t most = 2 * (size_t)w->n_views + w->n_clones;
	struct disk_fill *all;
	struct lvm_lv *lvs = NULL;
	unsigned int n = 0;
	int k = -1;

	if (ask_lvm(w, &lvs, &n, err))
		return -1;
	all = calloc(most + 1, sizeof(*all));
	if (all)
		k = lv_fill_among(w, lvs, n, all, err);
	else
		err_set(err, ERR_NOMEM, 0, "out of memory");
	free(lvs);
	if (k < 0) {
		free(all);
		return -1;
	}
	*ret = all;
	*ret_n = (unsigned int)k;
	return 0;
}

/* ---- read ---- */

static int
read_area(struct disk_fill *f, const struct dm_target *status, struct err *err)
{
	struct dm_snapshot_status s;

	/* It is being made, or being taken away. */
	if (strcmp(status->type, "snapshot") != 0) {
		f->state = DISK_FILL_IDLE;
		snprintf(f->why, sizeof(f->why), "it is not set");
		return 0;
	}
	if (dm_snapshot_status(status, &s, err))
		return -1;
	if (s.invalid || s.overflow || s.merge_failed) {
		f->state = DISK_FILL_LOST;
		snprintf(f->why, sizeof(f->why), "%s",
			 s.merge_failed ? "a merge failed" :
					  "its area ran full, or failed");
		return 0;
	}
	f->bytes = s.total * DM_SECTOR;
	f->used = s.used * DM_SECTOR;
	return 0;
}

static int
read_pool(struct disk_fill *f, const struct dm_target *status, struct err *err)
{
	struct dm_pool_status s;
	struct dm_pool_table has;
	struct dm_target table;
	const char *fault;

	if (dm_table(f->device, &table, err) ||
	    dm_pool_table(&table, &has, err) || dm_pool_status(status, &s, err))
		return -1;
	fault = lv_health_pool_fault(&s);
	if (fault) {
		f->state = s.failed || s.needs_check ? DISK_FILL_LOST :
						       DISK_FILL_FULL;
		snprintf(f->why, sizeof(f->why), "it %s", fault);
	}
	if (s.failed)
		return 0;
	if (f->kind == DISK_FILL_POOL_DATA) {
		f->bytes = s.data_blocks * has.block_bytes;
		f->used = s.data_used * has.block_bytes;
	} else {
		f->bytes = s.metadata_blocks * DM_METADATA_BLOCK;
		f->used = s.metadata_used * DM_METADATA_BLOCK;
	}
	return 0;
}

int
lv_fill_read(struct disk_fill *f, struct err *err)
{
	struct disk_fill now = *f;
	struct dm_target status;
	struct dm_dev dev;
	int rc;

	if (dm_find_name(f->device, &dev, err))
		return -1;
	now.state = DISK_FILL_GOOD;
	now.why[0] = '\0';
	now.open = f->kind == DISK_FILL_VIEW && dev.open_count > 0;
	if (!dev.exists || !dev.live_table) {
		now.state = DISK_FILL_IDLE;
		snprintf(now.why, sizeof(now.why), "it is not active");
		*f = now;
		return 0;
	}
	if (dm_status(f->device, &status, err))
		return -1;
	rc = disk_fill_is_area(f) ? read_area(&now, &status, err) :
				    read_pool(&now, &status, err);
	if (rc == 0)
		*f = now;
	return rc;
}

int
lv_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
	      struct err *err)
{
	char vg[LVM_NAME_LEN], name[LVM_NAME_LEN], device[VIEW_NAME_MAX + 1];

	if (strcmp(c->driver, "classic") != 0 ||
	    lv_health_split(c->path, vg, name))
		return 0;
	if (view_name_dm(vg, name, "", device, err))
		return -1;
	ret->kind = DISK_FILL_CLONE;
	memcpy(ret->device, device, sizeof(device));
	snprintf(ret->what, sizeof(ret->what), "%s/%s", vg, name);
	if (lv_fill_read(ret, err))
		return -1;
	return ret->state != DISK_FILL_IDLE;
}

/* ---- extend ---- */

/* As large as it may become, in whole extents; 0 when not one is to be had. */
static uint64_t
allowed(const struct disk_fill *f, const struct lvm_lv *lv, uint64_t to,
	uint64_t reserve)
{
	uint64_t extent = lv->extent_bytes ? lv->extent_bytes : 1;
	uint64_t room =
		lv->vg_free_bytes > reserve ? lv->vg_free_bytes - reserve : 0;
	uint64_t more = (to - f->bytes + extent - 1) / extent * extent;

	room -= room % extent;
	if (more > room)
		more = room;
	return more ? f->bytes + more : 0;
}

static int
run_lvextend(const struct disk_fill *f, const struct lvm_lv *lv, uint64_t to,
	     struct err *err)
{
	char size[32], name[2 * LVM_NAME_LEN];
	const char *const words[] = { "lvextend",
				      "-y",
				      f->kind == DISK_FILL_POOL_METADATA ?
					      "--poolmetadatasize" :
					      "-L",
				      size,
				      "--",
				      name,
				      NULL };

	snprintf(size, sizeof(size), "%" PRIu64 "b", to);
	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	fail_here("disk.extend");
	return lvm_run(words, err);
}

int
lv_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
	       struct err *err)
{
	struct err again = ERR_INIT;
	struct lvm_lv lv;
	char text[24];
	uint64_t size, was;
	int r = lvm_find_lv(f->uuid, "", "", &lv, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_NOTFOUND, 0, "%s is gone", f->what);
	if (lv_fill_read(f, err))
		return -1;
	f->group_bytes = lv.vg_bytes;
	f->group_free = lv.vg_free_bytes;
	if (f->bytes >= to)
		return 0;
	was = f->bytes;
	size = allowed(f, &lv, to, reserve);
	if (!size)
		return err_set(
			err, ERR_NOSPC, 0,
			"volume group %s has %s free, reserve included", lv.vg,
			units_size(lv.vg_free_bytes, text, sizeof(text)));
	r = run_lvextend(f, &lv, size, err);
	if (lv_fill_read(f, &again) == 0 && f->bytes >= size) {
		/* By another one, who was quicker. */
		if (r)
			log_info("%s; it is as large as it should be",
				 err->text);
		err_clear(err);
		r = 0;
	}
	if (r == 0 && f->group_free >= size - was)
		f->group_free -= size - was;
	return r ? -1 : 0;
}
