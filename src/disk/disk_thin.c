/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_thin.c - views of thin logical volumes, by dm-thin.
 *
 * prepare: LVM makes an ordinary thin snapshot, not activated; so its metadata
 *   and the pool's transaction id are as they will be, and the snapshot's
 *   device id is LVM's choice.  Then the pool is told to forget what it has
 *   under that id.
 * hold: the disk's device is suspended.
 * view: the pool is told to snapshot the disk, as it is now, under that id
 *   ("create_snap", which wants its origin suspended); then the disk is
 *   resumed.
 *
 * LVM itself must never snapshot a disk that is suspended already: it then
 * leaves out that message, fails, and has counted its transaction.  Ours need
 * no transaction, since LVM's metadata doesn't change.  A process that dies
 * on the way leaves a volume with our tags that is not there in the pool,
 * which lvremove takes for removed, or an earlier snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes_thin.h"
#include "disk_lv.h"
#include "fail.h"
#include "fd.h"
#include "log.h"
#include "lv_health.h"
#include "lv_look.h"
#include "thin_active.h"
#include "view_health.h"

/*
 * What a new thin device takes of the pool's metadata, in blocks.  It shares
 * the whole tree of its origin's mappings, so there is one more entry in each
 * of two trees, that of the devices' roots and that of their details: mostly
 * in a leaf that is there, at worst each of two levels is split.  The space map
 * of the metadata may need two blocks more, and rounding up costs nothing.
 * What the disk's own tree takes comes later, as the domain writes: at most as
 * much as the tree has now.
 */
#define VIEW_METADATA_BLOCKS 8u

struct thin {
	struct lv_disk lv;
	char pool[DM_NAME_MAX + 1]; /* the pool's device */
	unsigned int id;            /* the disk's, in the pool */
};

static int
thin_claims(const char *path, struct err *err)
{
	struct dm_dev dev;
	struct dm_target table;
	int r = lv_claims(path, &dev, &table, err);

	return r == 1 ? strcmp(table.type, "thin") == 0 : r;
}

static int
thin_open(const char *path, struct disk **ret, struct err *err)
{
	struct thin *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	t->lv.disk.ops = &disk_thin_ops;
	if (lv_open(path, &t->lv, err)) {
		free(t);
		return -1;
	}
	*ret = &t->lv.disk;
	return 0;
}

/* ---- plan ---- */

static int
find_pool(struct thin *t, struct err *err)
{
	struct dm_target table;
	struct dm_thin_table thin;
	struct dm_dev pool;

	if (dm_table(t->lv.disk.device, &table, err) ||
	    dm_thin_table(&table, &thin, err))
		return err_add(err, "%s", t->lv.disk.ref.source);
	t->id = thin.id;
	if (t->id != t->lv.lv.thin_id)
		return err_set(err, ERR_STATE, 0,
			       "%s is number %u in its pool, LVM says %llu",
			       t->lv.disk.ref.source, t->id,
			       (unsigned long long)t->lv.lv.thin_id);
	if (dm_find_number(thin.pool_major, thin.pool_minor, &pool, err))
		return -1;
	if (!pool.exists || pool.suspended)
		return err_set(err, ERR_STATE, 0, "the pool of %s is %s",
			       t->lv.disk.ref.source,
			       pool.exists ? "suspended" : "not active");
	snprintf(t->pool, sizeof(t->pool), "%s", pool.name);
	return 0;
}

static int
check_health(const struct dm_pool_status *s, const char *pool, struct err *err)
{
	const char *fault = lv_health_pool_fault(s);

	return fault ? err_set(err, ERR_STATE, 0, "thin pool %s %s", pool,
			       fault) :
		       0;
}

static int
set_spaces(struct thin *t, const char *pool, const struct dm_pool_status *s,
	   struct err *err)
{
	struct disk *d = &t->lv.disk;
	struct disk_space *data = &d->spaces[0], *metadata = &d->spaces[1];
	struct dm_pool_table has;
	struct dm_target table;

	if (dm_table(t->pool, &table, err) || dm_pool_table(&table, &has, err))
		return err_add(err, "thin pool %s", pool);
	d->n_spaces = 2;
	data->kind = DISK_SPACE_POOL_DATA;
	snprintf(data->what, sizeof(data->what), "%s", pool);
	data->bytes = s->data_blocks * has.block_bytes;
	data->used = s->data_used * has.block_bytes;
	data->takes = 0; /* all is shared, until the domain writes */
	metadata->kind = DISK_SPACE_POOL_METADATA;
	snprintf(metadata->what, sizeof(metadata->what), "%s", pool);
	metadata->bytes = s->metadata_blocks * DM_METADATA_BLOCK;
	metadata->used = s->metadata_used * DM_METADATA_BLOCK;
	metadata->takes = VIEW_METADATA_BLOCKS * DM_METADATA_BLOCK;
	return 0;
}

/* Other than when the disk was opened, if somebody has made a volume since. */
static int
check_transaction(struct thin *t, const char *pool,
		  const struct dm_pool_status *s, struct err *err)
{
	struct lvm_lv *lv = &t->lv.pool;

	if (lv->uuid[0] && s->transaction_id == lv->transaction_id)
		return 0;
	if (lvm_find_lv(t->lv.lv.pool_uuid, "", "", lv, err) < 0)
		return -1;
	if (!lv->uuid[0])
		return err_set(err, ERR_STATE, 0, "there is no pool %s", pool);
	if (s->transaction_id == lv->transaction_id)
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "thin pool %s is at transaction %llu, LVM says "
		       "%llu: it needs repair by hand",
		       pool, (unsigned long long)s->transaction_id,
		       (unsigned long long)lv->transaction_id);
}

static int
check_pool(struct thin *t, struct err *err)
{
	struct disk *d = &t->lv.disk;
	char pool[2 * LVM_NAME_LEN];
	struct dm_pool_status s;
	struct dm_target status;

	snprintf(pool, sizeof(pool), "%s/%s", t->lv.lv.vg, t->lv.lv.pool);
	if (dm_status(t->pool, &status, err) ||
	    dm_pool_status(&status, &s, err) || check_health(&s, pool, err) ||
	    check_transaction(t, pool, &s, err))
		return -1;
	snprintf(d->chosen, sizeof(d->chosen), "thin snapshot in pool %.150s",
		 pool);
	return set_spaces(t, pool, &s, err);
}

static int
create_thin(struct thin *t, bool test, struct err *err)
{
	/* Not activated, and skipped when all else is. */
	static const char *const how[] = { "-ky", "-an", NULL };

	return lv_create(&t->lv, how, test, err);
}

static int
thin_plan(struct disk *d, const struct disk_owner *owner,
	  const struct disk_cow_size *cow, struct err *err)
{
	struct thin *t = (struct thin *)d;

	(void)cow;
	if (lv_plan(&t->lv, owner, err) || find_pool(t, err))
		return -1;
	return check_pool(t, err);
}

static int
thin_rehearse(struct disk *d, struct err *err)
{
	return create_thin((struct thin *)d, true, err);
}

/* ---- prepare, and the instant ---- */

static int
tell_pool(struct thin *t, const char *text, struct err *err)
{
	if (dm_message(t->pool, text, err))
		return err_add(err, "%s", t->lv.disk.ref.view);
	return 0;
}

/* Under the number that LVM chose there is to be nothing, until the instant. */
static int
forget(struct thin *t, struct err *err)
{
	unsigned long long id = t->lv.made.thin_id;
	char text[64];

	if (!id || id == t->id)
		return err_set(err, ERR_STATE, 0,
			       "%s: LVM says its number is %llu",
			       t->lv.disk.ref.view, id);
	snprintf(text, sizeof(text), "delete %llu", id);
	return tell_pool(t, text, err);
}

static int
thin_prepare(struct disk *d, struct err *err)
{
	struct thin *t = (struct thin *)d;
	struct err ignored = ERR_INIT;

	if (create_thin(t, false, err))
		return -1;
	if (forget(t, err) == 0) {
		fail_here("disk.thin.forgotten");
		return 0;
	}
	if (lv_view_drop(&d->ref, &ignored))
		err_more(err, "and it was left: %s", ignored.text);
	return -1;
}

static int
thin_hold(struct disk *d, struct err *err)
{
	return lv_hold(&((struct thin *)d)->lv, err);
}

static int
thin_view(struct disk *d, struct err *err)
{
	struct thin *t = (struct thin *)d;
	char text[64];

	if (!t->lv.held)
		return err_set(err, ERR_STATE, 0, "%s is not held",
			       d->ref.source);
	snprintf(text, sizeof(text), "create_snap %llu %u",
		 (unsigned long long)t->lv.made.thin_id, t->id);
	if (tell_pool(t, text, err))
		return -1;
	fail_here("disk.thin.set");
	return lv_release(d, err);
}

/* ---- views that are there ---- */

/*
 * How is the pool?  One that isn't active tells nothing, and is no news: views
 * are not active by themselves.
 */
static int
look_at_pool(const struct lvm_lv *lv, struct disk_view_health *h,
	     struct err *err)
{
	char uuid[LVM_DM_UUID_LEN + 8], name[2 * LVM_NAME_LEN];
	struct lvm_lv pool = *lv;
	struct dm_target status;
	struct dm_dev dev;

	memcpy(pool.uuid, lv->pool_uuid, sizeof(pool.uuid));
	lvm_dm_uuid(&pool, uuid);
	strcat(uuid, "-tpool");
	if (dm_find_uuid(uuid, &dev, err))
		return -1;
	if (!dev.exists)
		return 0;
	if (dm_status(dev.name, &status, err))
		return -1;
	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->pool);
	return lv_health_pool(name, &status, h, err);
}

/* @dev: the view's device; often there is none. */
static int
look(const struct disk_view_ref *ref, const struct lvm_lv *lv,
     const struct dm_dev *dev, struct disk_view_health *h, struct err *err)
{
	struct dm_target status;

	if (look_at_pool(lv, h, err))
		return -1;
	if (!dev->exists)
		return 0;
	if (dm_status(dev->name, &status, err))
		return -1;
	lv_health_thin(ref, &status, h);
	return 0;
}

static int
thin_view_state(const struct disk_view_ref *ref, struct disk_view_health *ret,
		struct err *err)
{
	struct lvm_lv lv;
	struct dm_dev dev;

	if (lv_look(ref, &lv, NULL, ret, err) < 0)
		return -1;
	if (!view_health_readable(ret))
		return 0;
	return lv_dev(&lv, &dev, err) ? -1 : look(ref, &lv, &dev, ret, err);
}

/* Under the lock, and active. */
static int
open_active(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	    const struct dm_dev *dev, struct disk_view_health *h,
	    struct err *err)
{
	if (look(ref, lv, dev, h, err) || view_health_check(ref, h, err))
		return -1;
	return lv_read_open(dev, err);
}

static int
thin_view_open(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	struct disk_view_health h;
	struct lvm_lv lv, pool;
	struct dm_dev dev = { .exists = false };

	if (lv_look(ref, &lv, &pool, &h, err) < 0)
		return -1;
	/* Of a pool that has failed, that is better told than LVM's trouble. */
	if (view_health_readable(&h) && look_at_pool(&lv, &h, err))
		return -1;
	if (!view_health_readable(&h))
		return view_health_check(ref, &h, err);
	thin_active_lock();
	if (thin_activate(ref, &lv, &pool, &dev, err) == 0) {
		*ret_fd = open_active(ref, &lv, &dev, &h, err);
		if (*ret_fd < 0)
			thin_deactivate(&dev);
	}
	thin_active_unlock();
	return *ret_fd < 0 ? -1 : 0;
}

/* Of an open view: its pool is whatever its table says. */
static int
look_open(const struct disk_view_ref *ref, const struct dm_dev *dev,
	  struct disk_view_health *h, struct err *err)
{
	struct dm_target status, table, of_pool;
	struct dm_thin_table thin;
	struct dm_dev pool;

	if (dm_status(dev->name, &status, err) ||
	    dm_table(dev->name, &table, err))
		return -1;
	/* Of one that LVM has wiped meanwhile it is an "error". */
	if (strcmp(table.type, "thin") == 0 &&
	    (dm_thin_table(&table, &thin, err) ||
	     dm_find_number(thin.pool_major, thin.pool_minor, &pool, err) ||
	     dm_status(pool.name, &of_pool, err) ||
	     lv_health_pool(pool.name, &of_pool, h, err)))
		return -1;
	lv_health_thin(ref, &status, h);
	return 0;
}

static int
thin_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	struct disk_view_health h;
	struct dm_dev dev;
	int rc = lv_open_dev(ref, fd, &dev, err);

	if (rc) {
		fd_close(&fd);
		return -1;
	}
	view_health_init(&h);
	thin_active_lock();
	rc = look_open(ref, &dev, &h, err);
	fd_close(&fd);
	thin_deactivate(&dev);
	thin_active_unlock();
	return rc ? -1 : view_health_recheck(ref, &h, err);
}

const struct disk_ops disk_thin_ops = {
	.name = "thin",
	.can = DISK_CAN_HOLD | DISK_CAN_WAIT,
	.claims = thin_claims,
	.open = thin_open,
	.plan = thin_plan,
	.rehearse = thin_rehearse,
	.prepare = thin_prepare,
	.hold = thin_hold,
	.view = thin_view,
	.release = lv_release,
	.close = lv_close,
	.view_state = thin_view_state,
	.view_open = thin_view_open,
	.view_close = thin_view_close,
	.view_drop = lv_view_drop,
	.changes = changes_thin,
};
