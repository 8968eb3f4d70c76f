/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lv_clone.c - clones' disks that are logical volumes.
 *
 * Of a thin view: a thin snapshot, as quick as any.  Of a classic one: the base
 * is a linear volume that has the view's bytes, and each clone's disk a classic
 * snapshot of it.  Nobody writes to the base, so that a clone's copy-on-write
 * area holds what that clone wrote, and nothing else.
 *
 * A base that is not whole yet carries LV_MAKE_TAG as well; whoever finds one
 * that nobody is at makes it anew.
 */
#include "lv_clone.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cow.h"
#include "disk_clone.h"
#include "disk_lv.h"
#include "fail.h"
#include "fd.h"
#include "lv_health.h"
#include "lv_look.h"
#include "lv_make.h"
#include "view_health.h"

#define COW_PERCENT 20
#define TAG_LEN DISK_CLONE_TAG

static void
base_tag(const char *generation, char ret[TAG_LEN])
{
	snprintf(ret, TAG_LEN, "xensnap-base:%s", generation);
}

/* ---- plan ---- */

/* The view, which is to be whole, as LVM has it. */
static int
find_good_view(const struct disk_view_ref *view, struct lvm_lv *ret,
	       struct err *err)
{
	struct disk_view_health h;
	int r = -1;

	disk_look_begin();
	if (disk_view_state(view, &h, err) == 0 &&
	    view_health_check(view, &h, err) == 0)
		r = lv_look(view, ret, NULL, &h, err);
	disk_look_end();
	if (r == 0)
		return err_set(err, ERR_NOTFOUND, 0, "%s: %s", view->view,
			       h.why);
	return r < 0 ? -1 : 0;
}

static int
plan_any(const struct disk_clone_want *w, struct lvm_lv *view,
	 struct disk_clone *ret, struct err *err)
{
	char name[LVM_NAME_LEN], device[VIEW_NAME_MAX + 1];
	struct lvm_lv there;
	int r;

	if (find_good_view(w->view, view, err) || lv_check_group(view, err))
		return -1;
	if ((size_t)snprintf(name, sizeof(name), "%s-%s", w->domain, w->vdev) >=
	    sizeof(name))
		return err_set(err, ERR_INVALID, 0,
			       "%s-%s is too long for a volume's name",
			       w->domain, w->vdev);
	if (view_name_dm(view->vg, name, "-cow", device, err))
		return -1;
	snprintf(ret->path, sizeof(ret->path), "/dev/%s/%s", view->vg, name);
	r = lvm_find_lv("", view->vg, name, &there, err);
	if (r > 0)
		return err_set(err, ERR_EXISTS, 0,
			       "there is a volume %s already; choose another "
			       "name for the clone",
			       ret->path);
	return r;
}

static int
thin_plan(const struct disk_clone_want *w, struct disk_clone *ret,
	  struct err *err)
{
	struct lvm_lv view;

	return plan_any(w, &view, ret, err);
}

static uint64_t
whole_extents(const struct lvm_lv *lv, uint64_t bytes)
{
	uint64_t extent = lv->extent_bytes;

	return (bytes / extent + (bytes % extent != 0)) * extent;
}

static uint64_t
cow_bytes(const struct disk_clone_want *w, const struct lvm_lv *view)
{
	unsigned int percent = w->cow.percent ? w->cow.percent : COW_PERCENT;
	uint64_t max = cow_max_bytes(w->view->bytes);
	uint64_t bytes = w->cow.bytes ?
				 w->cow.bytes :
				 cow_percent_bytes(w->view->bytes, percent);

	if (bytes < 64 * (uint64_t)COW_CHUNK_BYTES)
		bytes = 64 * (uint64_t)COW_CHUNK_BYTES;
	return whole_extents(view, bytes < max ? bytes : max);
}

/* The name of the base of @view, a snapshot's called @snapshot. */
static int
base_of(const struct disk_view_ref *view, const char *snapshot,
	char vg[LVM_NAME_LEN], char name[VIEW_NAME_MAX + 1], struct err *err)
{
	char disk[LVM_NAME_LEN], what[LVM_NAME_LEN];

	if (lv_health_split(view->source, vg, disk))
		return err_set(err, ERR_CORRUPT, 0, "'%s' is no logical volume",
			       view->source);
	snprintf(what, sizeof(what), "%s.base", snapshot);
	return view_name_make(vg, disk, what, name, err);
}

/* 1: it is there and ours; 0: it is not there. */
static int
find_base(const struct disk_view_ref *view, const char *vg, const char *name,
	  struct lvm_lv *ret, struct err *err)
{
	char tag[TAG_LEN];
	int r = lvm_find_lv("", vg, name, ret, err);

	base_tag(view->generation, tag);
	if (r > 0 && !strstr(ret->tags, tag))
		return err_set(err, ERR_EXISTS, 0,
			       "there is a volume /dev/%s/%s already, which is "
			       "not ours: rename it",
			       vg, name);
	return r;
}

static int
classic_plan(const struct disk_clone_want *w, struct disk_clone *ret,
	     struct err *err)
{
	char vg[LVM_NAME_LEN], base[VIEW_NAME_MAX + 1];
	struct lvm_lv view, there;
	int r;

	if (plan_any(w, &view, ret, err) ||
	    base_of(w->view, w->snapshot, vg, base, err))
		return -1;
	r = find_base(w->view, vg, base, &there, err);
	if (r < 0)
		return -1;
	snprintf(ret->base, sizeof(ret->base), "/dev/%s/%s", vg, base);
	snprintf(ret->group, sizeof(ret->group), "%s", vg);
	if (r == 0)
		ret->base_bytes = whole_extents(&view, w->view->bytes);
	ret->cow_bytes = cow_bytes(w, &view);
	ret->need_bytes = ret->cow_bytes;
	ret->free_bytes = view.vg_free_bytes;
	return 0;
}

/* ---- make ---- */

static int
run_snapshot(const char *origin, const struct disk_clone *c, struct err *err)
{
	char tag[TAG_LEN], size[32];
	const char *words[20] = { "lvcreate", "-y", "-s", "-prw", "-n" };
	unsigned int n = 5;

	disk_clone_tag(c->token, tag);
	words[n++] = strrchr(c->path, '/') + 1;
	words[n++] = "--addtag";
	words[n++] = tag;
	if (c->cow_bytes) {
		snprintf(size, sizeof(size), "%" PRIu64 "b", c->cow_bytes);
		words[n++] = "-L";
		words[n++] = size;
		words[n++] = "-c";
		words[n++] = COW_CHUNK_WORD;
	} else {
		/* LVM does not activate thin snapshots unless told. */
		words[n++] = "-kn";
		words[n++] = "-ay";
	}
	words[n++] = "--";
	words[n++] = origin + strlen("/dev/");
	words[n] = NULL;
	if (lvm_run(words, err))
		return err_add(err, "make %s", c->path);
	fail_here("clone.volume");
	return 0;
}

static int
thin_make(const struct disk_clone_want *w, const struct disk_clone *c,
	  const struct copy_task *how, struct err *err)
{
	(void)how;
	return run_snapshot(w->view->view, c, err);
}

static int
fill_base(const struct disk_view_ref *view, const char *base,
	  const struct copy_task *how, struct err *err)
{
	struct copy_task t = *how;
	int rc;

	if (disk_view_open(view, &t.from, err))
		return -1;
	t.bytes = view->bytes;
	t.to = open(base, O_WRONLY | O_CLOEXEC | O_EXCL);
	if (t.to < 0)
		rc = err_set(err, ERR_IO, errno, "open %s", base);
	else
		rc = copy_stream(&t, err) || fd_sync(t.to, base, err);
	fd_close(&t.to);
	/* Lost while it was read, it may have had something else to say. */
	if (disk_view_close(view, t.from, err))
		rc = -1;
	return rc ? -1 : 0;
}

static int
remove_lv(const struct lvm_lv *lv, struct err *err)
{
	char name[2 * LVM_NAME_LEN];
	const char *const words[] = { "lvremove", "-y", "--", name, NULL };

	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	return lvm_run(words, err);
}

static int
make_base(const struct disk_clone_want *w, const struct copy_task *how,
	  struct err *err)
{
	struct lv_want want = { .bytes = w->view->bytes };
	char path[PATH_MAX];
	struct err ignored = ERR_INIT;
	struct lvm_lv there;
	int r;

	if (base_of(w->view, w->snapshot, want.vg, want.name, err))
		return -1;
	r = find_base(w->view, want.vg, want.name, &there, err);
	if (r < 0)
		return -1;
	if (r > 0 && !strstr(there.tags, LV_MAKE_TAG))
		return 0;
	if (r > 0 && remove_lv(&there, err))
		return -1;
	base_tag(w->view->generation, want.tag);
	lv_make_path(&want, path);
	if (lv_make(&want, err))
		return -1;
	if (fill_base(w->view, path, how, err) == 0) {
		fail_here("clone.base");
		if (lv_make_keep(&want, err) == 0)
			return 0;
	}
	if (lv_make_undo(&want, &ignored))
		err_more(err, "%s was left: %s", path, ignored.text);
	return -1;
}

static int
classic_make(const struct disk_clone_want *w, const struct disk_clone *c,
	     const struct copy_task *how, struct err *err)
{
	if (make_base(w, how, err))
		return err_add(err, "copy %s", w->view->view);
	return run_snapshot(c->base, c, err);
}

/* ---- remove ---- */

static int
lv_drop(const struct disk_clone *c, struct err *err)
{
	char vg[LVM_NAME_LEN], name[LVM_NAME_LEN], tag[TAG_LEN];
	struct lvm_lv lv;
	int r;

	if (lv_health_split(c->path, vg, name))
		return err_set(err, ERR_CORRUPT, 0, "'%s' is no logical volume",
			       c->path);
	r = lvm_find_lv("", vg, name, &lv, err);
	if (r <= 0)
		return r;
	disk_clone_tag(c->token, tag);
	if (!strstr(lv.tags, tag))
		return 0;
	return remove_lv(&lv, err);
}

static int
drop_base(const struct lvm_lv *base, struct err *err)
{
	struct lvm_lv *on = NULL;
	unsigned int n;
	int rc;

	/* LVM would remove them along with it. */
	if (lvm_find("origin_uuid", base->uuid, &on, &n, err))
		return -1;
	if (n > 0)
		rc = err_set(err, ERR_BUSY, 0,
			     "/dev/%s/%s is a snapshot of /dev/%s/%s: remove "
			     "it first",
			     on[0].vg, on[0].name, base->vg, base->name);
	else
		rc = remove_lv(base, err);
	free(on);
	return rc;
}

int
lv_clone_drop_bases(const char *generation, struct err *err)
{
	struct lvm_lv *bases = NULL;
	char tag[TAG_LEN];
	unsigned int n;
	int rc = 0;

	base_tag(generation, tag);
	if (lvm_find("lv_tags", tag, &bases, &n, err)) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err); /* no LVM here */
		return 0;
	}
	for (unsigned int i = 0; i < n && rc == 0; i++)
		rc = drop_base(&bases[i], err);
	free(bases);
	return rc;
}

const struct disk_clone_ops disk_clone_thin = {
	.plan = thin_plan,
	.make = thin_make,
	.drop = lv_drop,
};

const struct disk_clone_ops disk_clone_classic = {
	.plan = classic_plan,
	.make = classic_make,
	.drop = lv_drop,
};
