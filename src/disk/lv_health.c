/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lv_health.c - see lv_health.h. */
#include "lv_health.h"

#include <stdio.h>
#include <string.h>

#include "units.h"
#include "view_health.h"
#include "view_name.h"

/* Places in lv_attr that tell what no other column does. */
#define ATTR_TYPE 0
#define ATTR_HEALTH 8

int
lv_health_split(const char *path, char *vg, char *lv)
{
	const char *slash = strrchr(path, '/');
	size_t len;

	if (strncmp(path, "/dev/", 5) != 0 || !slash || slash <= path + 5)
		return -1;
	len = (size_t)(slash - path) - 5;
	if (len >= LVM_NAME_LEN || strlen(slash + 1) >= LVM_NAME_LEN ||
	    memchr(path + 5, '/', len))
		return -1;
	memcpy(vg, path + 5, len);
	vg[len] = '\0';
	memcpy(lv, slash + 1, strlen(slash + 1) + 1);
	return 0;
}

/* ---- LVM's metadata ---- */

static const struct lvm_lv *
by_uuid(const struct lvm_lv *lvs, unsigned int n, const char *uuid)
{
	for (unsigned int i = 0; uuid[0] && i < n; i++)
		if (strcmp(lvs[i].uuid, uuid) == 0)
			return &lvs[i];
	return NULL;
}

static const struct lvm_lv *
by_path(const struct lvm_lv *lvs, unsigned int n, const char *path)
{
	char vg[LVM_NAME_LEN], name[LVM_NAME_LEN];

	if (lv_health_split(path, vg, name))
		return NULL;
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(lvs[i].vg, vg) == 0 &&
		    strcmp(lvs[i].name, name) == 0)
			return &lvs[i];
	return NULL;
}

/* Whose is it?  Says so when it isn't ours. */
static bool
is_ours(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	struct disk_view_health *h)
{
	struct view_owner owner;

	view_tags_read(lv->tags, &owner);
	if (owner.ours && (!ref->generation[0] ||
			   strcmp(owner.generation, ref->generation) == 0))
		return true;
	if (strcmp(lv->uuid, ref->view_uuid) != 0)
		view_health_set(h, DISK_VIEW_FOREIGN,
				"its volume is gone, and another one has its "
				"name");
	else
		view_health_set(h, DISK_VIEW_FOREIGN,
				owner.ours ? "its volume has the tags of "
					     "another snapshot" :
					     "its volume has lost our tags");
	return false;
}

static void
wrong_size(struct disk_view_health *h, uint64_t have, uint64_t want)
{
	char have_text[24], want_text[24];

	view_health_set(h, DISK_VIEW_LOST, "it is %s long, its disk was %s",
			units_size(have, have_text, sizeof(have_text)),
			units_size(want, want_text, sizeof(want_text)));
}

static void
judge_volume(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	     struct disk_view_health *h)
{
	bool thin = strcmp(ref->driver, "thin") == 0;

	if (ref->view_uuid[0] && strcmp(lv->uuid, ref->view_uuid) != 0)
		view_health_set(h, DISK_VIEW_LOST,
				"its volume is gone, and another one has its "
				"name and its tags");
	if (lv->attr[ATTR_TYPE] == 'S')
		view_health_set(h, DISK_VIEW_LOST,
				"it is being merged into its disk");
	if (strlen(lv->attr) > ATTR_HEALTH && lv->attr[ATTR_HEALTH] == 'p')
		view_health_set(h, DISK_VIEW_LOST,
				"a physical volume on which it lies is "
				"missing");
	if (thin && lv->bytes != ref->bytes)
		wrong_size(h, lv->bytes, ref->bytes);
	/* Of a classic view its disk is a part; without it there is nothing. */
	if (!thin && ref->source_uuid[0] &&
	    strcmp(lv->origin_uuid, ref->source_uuid) != 0)
		view_health_set(h, DISK_VIEW_LOST,
				lv->origin_uuid[0] ?
					"it belongs to another disk now" :
					"it was split from its disk");
}

/* What leaves the view itself whole. */
static void
judge_surroundings(const struct disk_view_ref *ref, const struct lvm_lv *lv,
		   const struct lvm_lv *lvs, unsigned int n,
		   struct disk_view_health *h)
{
	if (by_path(lvs, n, ref->view) != lv)
		view_health_set(h, DISK_VIEW_IMPAIRED,
				"its volume was renamed to /dev/%.80s/%.80s",
				lv->vg, lv->name);
	if (ref->source_uuid[0] && !by_uuid(lvs, n, ref->source_uuid))
		view_health_set(h, DISK_VIEW_IMPAIRED,
				by_path(lvs, n, ref->source) ?
					"its disk %.150s was replaced by "
					"another volume" :
					"its disk %.150s is gone",
				ref->source);
	if (lv->vg_partial[0])
		view_health_set(h, DISK_VIEW_IMPAIRED,
				"its volume group %s lacks a physical volume",
				lv->vg);
}

const struct lvm_lv *
lv_health_judge(const struct disk_view_ref *ref, const struct lvm_lv *lvs,
		unsigned int n, struct disk_view_health *h)
{
	const struct lvm_lv *lv = by_uuid(lvs, n, ref->view_uuid);

	if (!lv)
		lv = by_path(lvs, n, ref->view);
	if (!lv) {
		view_health_set(h, DISK_VIEW_GONE,
				"its volume is gone: removed, or merged into "
				"its disk");
		return NULL;
	}
	if (!is_ours(ref, lv, h))
		return NULL;
	judge_volume(ref, lv, h);
	judge_surroundings(ref, lv, lvs, n, h);
	return lv;
}

/* ---- devices ---- */

static bool
is_device_of(const struct dm_target *status, const char *type,
	     const struct disk_view_ref *ref, struct disk_view_health *h)
{
	uint64_t bytes = status->length * DM_SECTOR;

	if (strcmp(status->type, type) != 0 || status->n_targets != 1)
		view_health_set(h, DISK_VIEW_LOST,
				"its device has a table of \"%s\" in place of "
				"\"%s\"",
				status->type, type);
	else if (bytes != ref->bytes)
		wrong_size(h, bytes, ref->bytes);
	else
		return true;
	return false;
}

int
lv_health_snapshot(const struct disk_view_ref *ref,
		   const struct dm_target *status, struct disk_view_health *h,
		   struct err *err)
{
	struct dm_snapshot_status s;

	if (!is_device_of(status, "snapshot", ref, h))
		return 0;
	if (dm_snapshot_status(status, &s, err))
		return -1;
	if (s.merge_failed)
		view_health_set(h, DISK_VIEW_LOST,
				"merging it into its disk failed");
	else if (s.overflow)
		view_health_set(h, DISK_VIEW_LOST,
				"its copy-on-write area ran full");
	else if (s.invalid)
		view_health_set(h, DISK_VIEW_LOST,
				"its copy-on-write area ran full, or failed");
	if (s.total)
		h->area = s.total * DM_SECTOR;
	if (view_health_readable(h) && s.total)
		h->used = (double)s.used / (double)s.total;
	return 0;
}

/* dm-thin shows "Fail" instead of figures. */
void
lv_health_thin(const struct disk_view_ref *ref, const struct dm_target *status,
	       struct disk_view_health *h)
{
	if (is_device_of(status, "thin", ref, h) &&
	    (strncmp(status->params, "Fail", 4) == 0 ||
	     strncmp(status->params, "Error", 5) == 0))
		view_health_set(h, DISK_VIEW_LOST, "its device has failed");
}

const char *
lv_health_pool_fault(const struct dm_pool_status *s)
{
	if (s->failed)
		return "has failed";
	if (s->needs_check)
		return "needs a check of its metadata (`lvconvert --repair`)";
	if (s->out_of_data && s->queues)
		return "has run out of room for data, and writes to it wait "
		       "(`lvextend` gives it more)";
	if (s->out_of_data)
		return "has run out of room for data, and writes to it fail "
		       "(`lvextend` gives it more)";
	if (s->read_only)
		return "is read-only: its metadata is full, or could not be "
		       "written";
	return NULL;
}

/*
 * Of a pool that has failed nothing can be read.  In all other states what is
 * in a view stays as it is and can be read: it is the disks that suffer.
 */
int
lv_health_pool(const char *name, const struct dm_target *status,
	       struct disk_view_health *h, struct err *err)
{
	struct dm_pool_status s;
	const char *fault;

	if (strcmp(status->type, "thin-pool") != 0)
		return view_health_set(h, DISK_VIEW_LOST,
				       "its thin pool %.80s has a table of "
				       "\"%s\"",
				       name, status->type);
	if (dm_pool_status(status, &s, err))
		return -1;
	fault = lv_health_pool_fault(&s);
	if (!fault)
		return 0;
	return view_health_set(h,
			       s.failed ? DISK_VIEW_LOST : DISK_VIEW_IMPAIRED,
			       "its thin pool %.80s %s", name, fault);
}
