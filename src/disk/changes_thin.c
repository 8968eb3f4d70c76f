/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes_thin.c - see changes_thin.h.
 *
 * A thin volume maps its blocks to blocks of the pool.  A block of the pool
 * that more than one volume has is never written again, and one that a view
 * has is not given to anybody else while the view is there.  So where two views
 * have the same block of the pool they have the same data, and where neither
 * has one both read as zeros; everything else counts as changed.  It does not
 * matter which is the older one.
 *
 * thin_delta compares the mappings, in a metadata snapshot.  How many blocks
 * each view has the kernel says too, and it must be as many.
 */
#include "changes_thin.h"

#include <stdio.h>

#include "disk_lv.h"
#include "fail.h"
#include "thin_delta.h"
#include "thin_dev.h"
#include "thin_snap.h"

static int
look(const struct disk_view_ref *ref, int fd, struct thin_dev *ret,
     struct err *err)
{
	struct dm_dev dev;

	if (lv_dev_of_fd(ref, fd, &dev, err))
		return -1;
	return thin_dev_look(&dev, ref->view, ref->bytes, ret, err);
}

/* Of the disk itself what the record of its view says is its uuid. */
static int
look_at_disk(const struct disk_pair *pair, const struct thin_dev *base,
	     struct thin_dev *ret, struct err *err)
{
	struct dm_dev dev;

	if (lv_source_dev(pair->base, &base->dev, &dev, err))
		return -1;
	if (!dev.exists)
		return err_set(err, ERR_STATE, 0, "%s is not active",
			       pair->base->source);
	return thin_dev_look(&dev, pair->view->view, pair->view->bytes, ret,
			     err);
}

static int
look_at_both(const struct disk_pair *pair, struct thin_dev *base,
	     struct thin_dev *view, struct err *err)
{
	if (look(pair->base, pair->base_fd, base, err) ||
	    (pair->is_disk ? look_at_disk(pair, base, view, err) :
			     look(pair->view, pair->view_fd, view, err)))
		return -1;
	if (base->thin.pool_major != view->thin.pool_major ||
	    base->thin.pool_minor != view->thin.pool_minor)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are not in one thin pool", base->name,
			       view->name);
	if (base->thin.id == view->thin.id)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are one device of their thin pool",
			       base->name, view->name);
	return 0;
}

static int
compare(const struct thin_snap *snap, const struct thin_dev *base,
	const struct thin_dev *view, struct changes *ret, struct err *err)
{
	struct thin_delta d = { .left = base->thin.id,
				.right = view->thin.id,
				.block_bytes = snap->block_bytes };

	if (thin_delta_run(snap->metadata, &d, ret, err))
		return -1;
	fail_here("disk.changes.read");
	if (thin_dev_sum(base, d.same + d.differs + d.left_only, &d, err) ||
	    thin_dev_sum(view, d.same + d.differs + d.right_only, &d, err))
		return -1;
	return 0;
}

int
changes_thin(const struct disk_pair *pair, struct changes *ret, struct err *err)
{
	struct thin_dev base, view, base_now, view_now;
	struct thin_snap snap;
	struct dm_dev pool;
	int rc;

	if (pair->base->bytes != pair->view->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s was resized between the two views",
			       pair->view->source);
	if (look_at_both(pair, &base, &view, err) ||
	    thin_dev_pool(&base, &pool, err) ||
	    thin_snap_take(&pool, &snap, err))
		return -1;
	rc = compare(&snap, &base, &view, ret, err);
	thin_snap_release(&snap);
	if (rc || look_at_both(pair, &base_now, &view_now, err))
		return -1;
	if (base_now.mapped != base.mapped || view_now.mapped != view.mapped)
		return err_set(err, ERR_STATE, 0,
			       "%s or %s was written to meanwhile",
			       pair->base->view, pair->view->view);
	snprintf(ret->how, sizeof(ret->how), "mappings of %s in its thin pool",
		 pair->base->view);
	return 0;
}
