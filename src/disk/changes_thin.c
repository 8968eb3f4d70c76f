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

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "disk_lv.h"
#include "fail.h"
#include "log.h"
#include "thin_delta.h"
#include "thin_snap.h"

struct side {
	const struct disk_view_ref *ref;
	struct dm_dev dev;
	unsigned int major, minor; /* of the pool */
	unsigned int id;
	uint64_t mapped; /* sectors */
};

/* A thin device's table is "major:minor id [external origin]". */
static int
look(const struct disk_view_ref *ref, int fd, struct side *ret, struct err *err)
{
	struct dm_target t;
	int end = 0;

	memset(ret, 0, sizeof(*ret));
	ret->ref = ref;
	if (lv_dev_of_fd(ref, fd, &ret->dev, err) ||
	    dm_table(ret->dev.name, &t, err))
		return -1;
	if (strcmp(t.type, "thin") != 0 || t.n_targets != 1 ||
	    sscanf(t.params, "%u:%u %u%n", &ret->major, &ret->minor, &ret->id,
		   &end) != 3)
		return err_set(err, ERR_STATE, 0,
			       "%s has a table of a kind not known: %s %s",
			       ref->view, t.type, t.params);
	if (t.params[end + (int)strspn(t.params + end, " ")])
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s has an external origin, whose data is in no "
			       "table",
			       ref->view);
	if (t.start || t.length * DM_SECTOR != ref->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s is not as long as its disk was", ref->view);
	if (dm_status(ret->dev.name, &t, err))
		return -1;
	if (sscanf(t.params, "%" SCNu64, &ret->mapped) != 1)
		return err_set(err, ERR_CORRUPT, 0, "%s has failed: %s",
			       ref->view, t.params);
	return 0;
}

static int
look_at_both(const struct disk_pair *pair, struct side *base, struct side *view,
	     struct err *err)
{
	if (look(pair->base, pair->base_fd, base, err) ||
	    look(pair->view, pair->view_fd, view, err))
		return -1;
	if (base->major != view->major || base->minor != view->minor)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are not in one thin pool",
			       base->ref->view, view->ref->view);
	if (base->id == view->id)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are one device of their thin pool",
			       base->ref->view, view->ref->view);
	return 0;
}

/* A list that lacks something does not add up. */
static int
check_sum(const struct side *s, uint64_t blocks, const struct thin_delta *d,
	  struct err *err)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(blocks, d->block_bytes, &bytes) ||
	    bytes / DM_SECTOR != s->mapped)
		return err_set(err, ERR_CORRUPT, 0,
			       "thin_delta names %" PRIu64 " blocks of %s, the "
			       "kernel has %" PRIu64,
			       blocks, s->ref->view,
			       s->mapped * DM_SECTOR / d->block_bytes);
	return 0;
}

static int
compare(const struct thin_snap *snap, const struct side *base,
	const struct side *view, struct changes *ret, struct err *err)
{
	struct thin_delta d = { .left = base->id,
				.right = view->id,
				.block_bytes = snap->block_bytes };

	if (thin_delta_run(snap->metadata, &d, ret, err))
		return -1;
	fail_here("disk.changes.read");
	if (check_sum(base, d.same + d.differs + d.left_only, &d, err) ||
	    check_sum(view, d.same + d.differs + d.right_only, &d, err))
		return -1;
	return 0;
}

int
changes_thin(const struct disk_pair *pair, struct changes *ret, struct err *err)
{
	struct side base, view, base_now, view_now;
	struct err late = ERR_INIT;
	struct thin_snap snap;
	struct dm_dev pool;
	int rc;

	if (pair->base->bytes != pair->view->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s was resized between the two views",
			       pair->view->source);
	if (look_at_both(pair, &base, &view, err) ||
	    dm_find_number(base.major, base.minor, &pool, err))
		return -1;
	if (!pool.exists)
		return err_set(err, ERR_STATE, 0, "%s has no thin pool",
			       pair->base->view);
	if (thin_snap_take(&pool, &snap, err))
		return -1;
	rc = compare(&snap, &base, &view, ret, err);
	/* What was read is right all the same; the next one clears it. */
	if (thin_snap_release(&snap, &late))
		log_warning("the metadata snapshot of thin pool %s is still "
			    "there: %s",
			    pool.name, late.text);
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
