/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_classic.c - views of classic logical volumes, by dm-snapshot.
 *
 * prepare: LVM makes an ordinary snapshot, so that its metadata and all
 *   devices are as they will be.  Then the view is emptied again: its device
 *   gets a table that does nothing, the header of its copy-on-write area is
 *   wiped, and the snapshot's own table is loaded, but not put into use.
 *   From here on it costs the domain's writes nothing.
 * hold: the disk's device is suspended: what was written is there, everything
 *   further waits.
 * view: the loaded table is put into use: the view is empty, so it shows the
 *   disk as it is now, at the hold; then the disk is resumed.
 *
 * What is left is what `lvcreate -s` would have left, down to the tables; LVM
 * knows of nothing else.  A process that dies on the way leaves a volume with
 * our tags that lvremove takes away in each of these states.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes_classic.h"
#include "cow.h"
#include "disk_lv.h"
#include "fail.h"
#include "fd.h"
#include "log.h"
#include "lv_health.h"
#include "lv_look.h"
#include "run.h"
#include "units.h"
#include "view_health.h"

#define COW_PERCENT 10u
#define COW_MIN_CHUNKS 256u /* less is gone with the first file system tick */

/* What the view's device has until it is set to the instant. */
#define UNSET_TARGET "error"

struct classic {
	struct lv_disk lv;
	struct dm_dev view_dev;
	struct dm_target table; /* the snapshot's */
	uint64_t extents;       /* of the copy-on-write area */
};

static int
classic_claims(const char *path, struct err *err)
{
	struct dm_dev dev;
	struct dm_target table;
	int r = lv_claims(path, &dev, &table, err);

	return r == 1 ? strcmp(table.type, "thin") != 0 : r;
}

static int
classic_open(const char *path, struct disk **ret, struct err *err)
{
	struct classic *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	c->lv.disk.ops = &disk_classic_ops;
	if (lv_open(path, &c->lv, err)) {
		free(c);
		return -1;
	}
	*ret = &c->lv.disk;
	return 0;
}

/* ---- plan ---- */

/* Of which layouts LVM takes snapshots, and we have seen that it is right. */
static int
check_layout(const struct lvm_lv *lv, const char *path, struct err *err)
{
	static const char *const good[] = { "linear", "striped", "raid",
					    "mirror", "cache" };
	size_t len = strcspn(lv->layout, ",");

	if (strstr(lv->role, "snapshot"))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is itself a snapshot", path);
	if (strncmp(lv->layout, "cache,pool", 10) == 0)
		goto bad;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (strlen(good[i]) == len &&
		    strncmp(lv->layout, good[i], len) == 0)
			return 0;
bad:
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "%s is of a kind (%s) of which no views are taken", path,
		       lv->layout);
}

/* LVM loads the module when it needs it, so we may too. */
static int
check_kernel(struct err *err)
{
	static const char *const argv[] = { "modprobe", "dm-snapshot", NULL };
	struct run_result res;
	int r = dm_has_target("snapshot-origin", err);

	if (r < 0)
		return -1;
	if (r > 0)
		return 0;
	r = run_ok(argv, NULL, &res, err);
	run_done(&res);
	if (r)
		return err_add(err, "this kernel takes no snapshots");
	r = dm_has_target("snapshot-origin", err);
	if (r == 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "this kernel takes no snapshots (dm-snapshot)");
	return r < 0 ? -1 : 0;
}

static uint64_t
div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static void
choose_size(struct classic *c, const struct disk_cow_size *cow)
{
	struct disk *d = &c->lv.disk;
	uint64_t extent = c->lv.lv.extent_bytes;
	unsigned int percent = cow->percent ? cow->percent : COW_PERCENT;
	uint64_t min = (uint64_t)COW_MIN_CHUNKS * COW_CHUNK_BYTES;
	uint64_t max = cow_max_bytes(d->ref.bytes);
	uint64_t want = cow->bytes;
	char size[24], whole[24], why[48];
	const char *more = "";

	snprintf(why, sizeof(why), "as asked for");
	if (!want) {
		want = cow_percent_bytes(d->ref.bytes, percent);
		snprintf(why, sizeof(why), "%u %%", percent);
	}
	if (want < min) {
		want = min;
		more = ", raised to the least that is of use";
	}
	if (want >= max) {
		want = max;
		more = ", all that can be used: it cannot overflow";
	}
	c->extents = div_up(want, extent);
	d->need_bytes = c->extents * extent;
	d->ref.cow_bytes = d->need_bytes;
	snprintf(d->chosen, sizeof(d->chosen),
		 "copy-on-write area of %s for a disk of %s (%s%s)",
		 units_size(d->need_bytes, size, sizeof(size)),
		 units_size(d->ref.bytes, whole, sizeof(whole)), why, more);
}

static void
set_space(struct classic *c)
{
	const struct lvm_lv *lv = &c->lv.lv;
	struct disk *d = &c->lv.disk;
	struct disk_space *s = &d->spaces[0];

	d->n_spaces = 1;
	s->kind = DISK_SPACE_VG;
	snprintf(s->what, sizeof(s->what), "%s", d->group);
	s->bytes = lv->vg_bytes;
	s->used = lv->vg_bytes - lv->vg_free_bytes;
	s->takes = d->need_bytes;
}

static int
check_room(const struct disk *d, struct err *err)
{
	char need[24], room[24];

	if (d->need_bytes <= d->free_bytes)
		return 0;
	return err_set(err, ERR_NOSPC, 0,
		       "volume group %s has %s free, the view of %s needs %s",
		       d->group, units_size(d->free_bytes, room, sizeof(room)),
		       d->ref.source,
		       units_size(d->need_bytes, need, sizeof(need)));
}

static int
create_cow(struct classic *c, bool test, struct err *err)
{
	char extents[24];
	const char *const how[] = { "-l", extents, "-c", COW_CHUNK_WORD, NULL };

	snprintf(extents, sizeof(extents), "%llu",
		 (unsigned long long)c->extents);
	return lv_create(&c->lv, how, test, err);
}

static int
classic_plan(struct disk *d, const struct disk_owner *owner,
	     const struct disk_cow_size *cow, struct err *err)
{
	struct classic *c = (struct classic *)d;

	if (!c->lv.lv.extent_bytes)
		return err_set(err, ERR_CORRUPT, 0,
			       "volume group %s: extents of no size", d->group);
	if (check_layout(&c->lv.lv, d->ref.source, err) ||
	    lv_plan(&c->lv, owner, err) || check_kernel(err))
		return -1;
	if (strncmp(c->lv.lv.layout, "mirror", 6) == 0)
		log_warning("%s is a mirror of the old kind: LVM warns that "
			    "its snapshots can hang when a device fails",
			    d->ref.source);
	choose_size(c, cow);
	set_space(c);
	return check_room(d, err);
}

static int
classic_rehearse(struct disk *d, struct err *err)
{
	return create_cow((struct classic *)d, true, err);
}

/* ---- prepare ---- */

/* Make the new view forget what it has seen, and ready to begin. */
static int
unset(struct classic *c, struct err *err)
{
	struct dm_target nothing = { .type = UNSET_TARGET };
	const char *name = c->view_dev.name;
	struct dm_dev cow;

	if (dm_table(name, &c->table, err) || cow_find(&c->table, &cow, err))
		return -1;
	nothing.length = c->table.length;
	if (dm_load(name, &nothing, c->view_dev.read_only, err) ||
	    dm_resume(name, DM_UDEV_UNREADY, err))
		return -1;
	fail_here("disk.classic.parked");
	if (cow_wipe(&cow, err))
		return -1;
	fail_here("disk.classic.wiped");
	if (dm_load(name, &c->table, c->view_dev.read_only, err))
		return -1;
	fail_here("disk.classic.armed");
	return 0;
}

static int
classic_prepare(struct disk *d, struct err *err)
{
	struct classic *c = (struct classic *)d;
	struct err ignored = ERR_INIT;

	if (create_cow(c, false, err))
		return -1;
	d->ref.cow_bytes = c->lv.made.bytes;
	if (lv_dev(&c->lv.made, &c->view_dev, err))
		goto undo;
	if (!c->view_dev.exists || c->view_dev.suspended) {
		err_set(err, ERR_STATE, 0, "%s is not active", d->ref.view);
		goto undo;
	}
	if (unset(c, err) == 0)
		return 0;
undo:
	err_add(err, "%s", d->ref.view);
	if (lv_view_drop(&d->ref, &ignored))
		err_more(err, "and it was left: %s", ignored.text);
	return -1;
}

/* ---- the instant ---- */

/* LVM may have reloaded the view meanwhile, for whoever asked it to. */
static int
check_unset(const struct classic *c, struct err *err)
{
	struct dm_target now;
	struct dm_dev dev;

	if (dm_find_name(c->view_dev.name, &dev, err) ||
	    dm_table(c->view_dev.name, &now, err))
		return -1;
	if (!dev.inactive_table || strcmp(now.type, UNSET_TARGET) != 0)
		return err_set(err, ERR_STATE, 0,
			       "%s was changed by another program meanwhile",
			       c->lv.disk.ref.view);
	return 0;
}

static int
classic_hold(struct disk *d, struct err *err)
{
	return lv_hold(&((struct classic *)d)->lv, err);
}

/* Empty: nothing but the header and the first table, all of it metadata. */
static int
check_fresh(const struct classic *c, struct err *err)
{
	struct dm_snapshot_status s;
	struct dm_target now;

	if (dm_status(c->view_dev.name, &now, err))
		return -1;
	if (strcmp(now.type, "snapshot") != 0)
		return err_set(err, ERR_STATE, 0, "%s is no snapshot but '%s'",
			       c->lv.disk.ref.view, now.type);
	if (dm_snapshot_status(&now, &s, err))
		return -1;
	if (s.invalid || s.overflow || s.used != s.metadata)
		return err_set(err, ERR_STATE, 0,
			       "%s is not empty at the instant: %s",
			       c->lv.disk.ref.view, now.params);
	return 0;
}

static int
classic_view(struct disk *d, struct err *err)
{
	struct classic *c = (struct classic *)d;

	if (!c->lv.held)
		return err_set(err, ERR_STATE, 0, "%s is not held",
			       d->ref.source);
	if (check_unset(c, err) ||
	    dm_resume(c->view_dev.name, DM_UDEV_SNAPSHOT, err) ||
	    check_fresh(c, err))
		return -1;
	fail_here("disk.classic.set");
	return lv_release(d, err);
}

/* ---- views that are there ---- */

static int
look(const struct disk_view_ref *ref, const struct lvm_lv *lv,
     struct disk_view_health *h, struct dm_dev *ret_dev, struct err *err)
{
	struct dm_target status;

	if (lv_dev(lv, ret_dev, err))
		return -1;
	if (!ret_dev->exists)
		return err_set(err, ERR_STATE, 0,
			       "/dev/%s/%s is not active (`lvchange -ay %s/%s` "
			       "activates it)",
			       lv->vg, lv->name, lv->vg, lv->name);
	if (dm_status(ret_dev->name, &status, err))
		return -1;
	return lv_health_snapshot(ref, &status, h, err);
}

static int
classic_view_state(const struct disk_view_ref *ref,
		   struct disk_view_health *ret, struct err *err)
{
	struct lvm_lv lv;
	struct dm_dev dev;
	int r = lv_look(ref, &lv, NULL, ret, err);

	if (r < 0)
		return -1;
	return view_health_readable(ret) ? look(ref, &lv, ret, &dev, err) : 0;
}

/* LVM activates a snapshot together with its disk, so it stays active. */
static int
activate(const struct lvm_lv *lv, struct err *err)
{
	const char *words[] = { "lvchange", "-y", "-ay", "--", NULL, NULL };
	char name[2 * LVM_NAME_LEN];

	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	words[4] = name;
	return lvm_run(words, err);
}

static int
classic_view_open(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	struct disk_view_health h;
	struct lvm_lv lv;
	struct dm_dev dev;

	if (lv_look(ref, &lv, NULL, &h, err) < 0)
		return -1;
	if (view_health_readable(&h) &&
	    (lv_dev(&lv, &dev, err) || (!dev.exists && activate(&lv, err)) ||
	     look(ref, &lv, &h, &dev, err)))
		return -1;
	if (view_health_check(ref, &h, err))
		return -1;
	*ret_fd = lv_read_open(&dev, err);
	return *ret_fd < 0 ? -1 : 0;
}

static int
classic_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	struct disk_view_health h;
	struct dm_target status;
	struct dm_dev dev;
	int rc = -1;

	view_health_init(&h);
	if (lv_open_dev(ref, fd, &dev, err) == 0 &&
	    dm_status(dev.name, &status, err) == 0)
		rc = lv_health_snapshot(ref, &status, &h, err);
	fd_close(&fd);
	return rc ? -1 : view_health_recheck(ref, &h, err);
}

const struct disk_ops disk_classic_ops = {
	.name = "classic",
	.can = DISK_CAN_HOLD | DISK_CAN_WAIT,
	.claims = classic_claims,
	.open = classic_open,
	.plan = classic_plan,
	.rehearse = classic_rehearse,
	.prepare = classic_prepare,
	.hold = classic_hold,
	.view = classic_view,
	.release = lv_release,
	.close = lv_close,
	.view_state = classic_view_state,
	.view_open = classic_view_open,
	.view_close = classic_view_close,
	.view_drop = lv_view_drop,
	.changes = changes_classic,
};
