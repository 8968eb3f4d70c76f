/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_mapped.c - see thin_mapped.h.
 *
 * A block of a thin volume that has none in the pool reads as zeros.  Compared
 * with itself by thin_delta, all that a volume has is "the same".
 */
#include "thin_mapped.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "changes.h"
#include "fail.h"
#include "thin_delta.h"
#include "thin_dev.h"
#include "thin_snap.h"

static int
look(int fd, const char *name, struct thin_dev *ret, struct err *err)
{
	struct dm_dev dev;
	uint64_t bytes;
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, ERR_IO, errno, "look at %s", name);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, ERR_UNSUPPORTED, 0, "%s is no thin volume",
			       name);
	if (ioctl(fd, BLKGETSIZE64, &bytes))
		return err_set(err, ERR_IO, errno, "length of %s", name);
	if (dm_find_number(major(st.st_rdev), minor(st.st_rdev), &dev, err))
		return -1;
	if (!dev.exists)
		return err_set(err, ERR_UNSUPPORTED, 0, "%s is no thin volume",
			       name);
	return thin_dev_look(&dev, name, bytes, ret, err);
}

static int
read_mappings(const struct thin_snap *snap, const struct thin_dev *t,
	      struct changes *ret, struct err *err)
{
	struct thin_delta d = { .left = t->thin.id,
				.right = t->thin.id,
				.block_bytes = snap->block_bytes,
				.add_same = true };

	if (thin_delta_run(snap->metadata, &d, ret, err))
		return -1;
	fail_here("disk.mapped.read");
	if (d.differs || d.left_only || d.right_only)
		return err_set(err, ERR_CORRUPT, 0,
			       "thin_delta says that %s differs from itself",
			       t->name);
	return thin_dev_sum(t, d.same, &d, err);
}

static int
ask_pool(const struct thin_dev *t, struct changes *ret, struct err *err)
{
	struct thin_snap snap;
	struct dm_dev pool;
	int rc;

	if (thin_dev_pool(t, &pool, err) || thin_snap_take(&pool, &snap, err))
		return -1;
	rc = read_mappings(&snap, t, ret, err);
	thin_snap_release(&snap);
	return rc;
}

int
thin_mapped(int fd, const char *name, struct disk_changes *ret, struct err *err)
{
	struct thin_dev t, now;
	struct changes list;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (look(fd, name, &t, err))
		return -1;
	changes_init(&list, t.bytes);
	rc = ask_pool(&t, &list, err);
	if (rc == 0)
		rc = look(fd, name, &now, err);
	if (rc == 0 && now.mapped != t.mapped)
		rc = err_set(err, ERR_STATE, 0, "%s was written to meanwhile",
			     name);
	snprintf(list.how, sizeof(list.how), "mappings of %s in its thin pool",
		 name);
	if (rc == 0)
		changes_take(&list, ret);
	changes_done(&list);
	return rc;
}
