/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lv_make.c - see lv_make.h. */
#include "lv_make.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fail.h"
#include "log.h"
#include "units.h"
#ifdef HAVE_LVM
#include "disk_lv.h"
#include "dm.h"
#include "lv_health.h"
#include "lvm.h"
#endif

void
lv_make_path(const struct lv_want *w, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "/dev/%s/%s", w->vg, w->name);
}

#ifdef HAVE_LVM

/* A group and what is in it. */
struct group {
	struct lvm_lv vg; /* only what is of the group */
	struct lvm_lv *lvs;
	unsigned int n;
};

static int
group_load(const char *vg, struct group *ret, struct err *err)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = lvm_find_vg(vg, &ret->vg, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_NOTFOUND, 0,
			       "there is no volume group %s", vg);
	if (lv_check_group(&ret->vg, err))
		return -1;
	if (ret->vg.extent_bytes == 0)
		return err_set(err, ERR_IO, 0,
			       "LVM does not tell the extent size of %s", vg);
	return lvm_find("vg_name", vg, &ret->lvs, &ret->n, err);
}

static const struct lvm_lv *
find_in(const struct group *g, const char *name)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (strcmp(g->lvs[i].name, name) == 0)
			return &g->lvs[i];
	return NULL;
}

static uint64_t
rounded(const struct group *g, uint64_t bytes)
{
	uint64_t extent = g->vg.extent_bytes;
	uint64_t n = bytes / extent + (bytes % extent != 0);

	return (n ? n : 1) * extent;
}

/* ---- check ---- */

/* LVM's own rule; it would read a name that begins with a dash as an option. */
static int
check_name(const char *name, struct err *err)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._+-";

	if (name[0] && name[0] != '-' && name[0] != '.' &&
	    !name[strspn(name, known)])
		return 0;
	return err_set(err, ERR_INVALID, 0, "'%s' cannot be a volume's name",
		       name);
}

static int
check_new(const struct group *g, const struct lv_want *w, struct err *err)
{
	const struct lvm_lv *there = find_in(g, w->name);

	if (check_name(w->name, err))
		return -1;
	if (!there)
		return 0;
	if (strstr(there->tags, LV_MAKE_TAG))
		return err_set(err, ERR_EXISTS, 0,
			       "/dev/%s/%s is of a restore that did not end; "
			       "`lvremove %s/%s` clears it, if none is at work",
			       w->vg, w->name, w->vg, w->name);
	return err_set(err, ERR_EXISTS, 0,
		       "/dev/%s/%s is there already; give another name by "
		       "--map VDEV=%s/NAME",
		       w->vg, w->name, w->vg);
}

/* Its status, by the device that LVM gives a pool. */
static int
pool_status(const struct lvm_lv *pool, struct dm_pool_status *ret,
	    struct err *err)
{
	char uuid[LVM_DM_UUID_LEN + 8];
	struct dm_target status;
	struct dm_dev dev;

	lvm_dm_uuid(pool, uuid);
	strcat(uuid, "-tpool");
	if (dm_find_uuid(uuid, &dev, err))
		return -1;
	if (!dev.exists)
		return 1; /* no volume of it is active */
	if (dm_status(dev.name, &status, err) ||
	    dm_pool_status(&status, ret, err))
		return -1;
	return 0;
}

static int
check_pool(const struct group *g, const struct lv_want *w, uint64_t need,
	   struct err *err)
{
	const struct lvm_lv *pool = find_in(g, w->pool);
	struct dm_pool_status s;
	const char *fault;
	char a[24], b[24];
	uint64_t room;
	int r;

	if (!pool || strcmp(pool->layout, "thin,pool") != 0)
		return err_set(err, ERR_NOTFOUND, 0,
			       "there is no thin pool %s/%s", w->vg, w->pool);
	r = pool_status(pool, &s, err);
	if (r)
		return r < 0 ? -1 : 0;
	fault = lv_health_pool_fault(&s);
	if (fault)
		return err_set(err, ERR_STATE, 0, "thin pool %s/%s %s", w->vg,
			       w->pool, fault);
	room = s.data_blocks ? pool->bytes / s.data_blocks *
				       (s.data_blocks - s.data_used) :
			       0;
	if (room < need)
		log_notice("thin pool %s/%s has %s free; the disks may come to "
			   "need %s, if they are full",
			   w->vg, w->pool, units_size(room, a, sizeof(a)),
			   units_size(need, b, sizeof(b)));
	return 0;
}

static int
check_room(const struct group *g, const struct lv_want *w, uint64_t need,
	   struct err *err)
{
	char a[24], b[24];

	if (w->pool[0])
		return check_pool(g, w, need, err);
	if (need <= g->vg.vg_free_bytes)
		return 0;
	return err_set(err, ERR_NOSPC, 0,
		       "volume group %s has %s free, and %s are needed", w->vg,
		       units_size(g->vg.vg_free_bytes, a, sizeof(a)),
		       units_size(need, b, sizeof(b)));
}

int
lv_make_check(const struct lv_want *want, unsigned int n, struct err *err)
{
	uint64_t need = 0;
	struct group g;
	int rc = -1;

	if (check_name(want[0].vg, err) || group_load(want[0].vg, &g, err))
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		if (check_new(&g, &want[i], err))
			goto out;
		need += rounded(&g, want[i].bytes);
	}
	rc = check_room(&g, &want[0], need, err);
out:
	free(g.lvs);
	return rc;
}

/* ---- make ---- */

static int
run_lvcreate(const struct lv_want *w, uint64_t bytes, struct err *err)
{
	const char *words[20] = { "lvcreate", "-y", "--addtag", LV_MAKE_TAG };
	unsigned int n = 4;
	char size[32];

	snprintf(size, sizeof(size), "%" PRIu64 "b", bytes);
	if (w->tag[0]) {
		words[n++] = "--addtag";
		words[n++] = w->tag;
	}
	words[n++] = "-n";
	words[n++] = w->name;
	if (w->pool[0]) {
		words[n++] = "--thinpool";
		words[n++] = w->pool;
		words[n++] = "-V";
	} else {
		words[n++] = "-Wy";
		words[n++] = "-Zy";
		words[n++] = "-L";
	}
	words[n++] = size;
	words[n++] = "--";
	words[n++] = w->vg;
	words[n] = NULL;
	return lvm_run(words, err);
}

int
lv_make(struct lv_want *w, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct lvm_lv made;
	struct group g;
	uint64_t bytes;
	int r;

	w->uuid[0] = '\0';
	if (group_load(w->vg, &g, err))
		return -1;
	free(g.lvs);
	bytes = rounded(&g, w->bytes);
	if (run_lvcreate(w, bytes, err))
		return err_add(err, "make /dev/%s/%s", w->vg, w->name);
	fail_here("lv_make.made");
	r = lvm_find_lv("", w->vg, w->name, &made, err);
	if (r > 0 && strstr(made.tags, LV_MAKE_TAG) && made.bytes >= w->bytes) {
		memcpy(w->uuid, made.uuid, sizeof(w->uuid));
		return 0;
	}
	if (r >= 0)
		err_set(err, ERR_IO, 0,
			"/dev/%s/%s is not what LVM was to make", w->vg,
			w->name);
	if (r > 0)
		memcpy(w->uuid, made.uuid, sizeof(w->uuid));
	if (lv_make_undo(w, &ignored) || r < 0)
		err_more(err, "/dev/%s/%s was left", w->vg, w->name);
	w->uuid[0] = '\0';
	return -1;
}

/* ---- afterwards ---- */

/* 1 with it in @ret, 0 when it is gone. */
static int
find_made(const struct lv_want *w, struct lvm_lv *ret, struct err *err)
{
	return w->uuid[0] ? lvm_find_lv(w->uuid, "", "", ret, err) : 0;
}

static void
full_name(const struct lvm_lv *lv, char ret[2 * LVM_NAME_LEN])
{
	snprintf(ret, (size_t)2 * LVM_NAME_LEN, "%s/%s", lv->vg, lv->name);
}

int
lv_make_keep(const struct lv_want *w, struct err *err)
{
	char name[2 * LVM_NAME_LEN];
	const char *const args[] = { "lvchange", "--deltag", LV_MAKE_TAG,
				     "--",       name,       NULL };
	struct lvm_lv lv;
	int r = find_made(w, &lv, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_STATE, 0,
			       "/dev/%s/%s was removed meanwhile", w->vg,
			       w->name);
	full_name(&lv, name);
	return lvm_run(args, err);
}

int
lv_make_undo(const struct lv_want *w, struct err *err)
{
	char name[2 * LVM_NAME_LEN];
	const char *const args[] = { "lvremove", "-y", "--", name, NULL };
	struct lvm_lv lv;
	int r = find_made(w, &lv, err);

	if (r <= 0)
		return r;
	full_name(&lv, name);
	if (!strstr(lv.tags, LV_MAKE_TAG))
		return err_set(err, ERR_STATE, 0,
			       "%s has lost our tag, and is left", name);
	return lvm_run(args, err);
}

#else

static int
no_lvm(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "this xensnap was built without LVM");
}

int
lv_make_check(const struct lv_want *want, unsigned int n, struct err *err)
{
	(void)want;
	(void)n;
	return no_lvm(err);
}

int
lv_make(struct lv_want *w, struct err *err)
{
	(void)w;
	return no_lvm(err);
}

int
lv_make_keep(const struct lv_want *w, struct err *err)
{
	(void)w;
	return no_lvm(err);
}

int
lv_make_undo(const struct lv_want *w, struct err *err)
{
	(void)w;
	return no_lvm(err);
}

#endif
