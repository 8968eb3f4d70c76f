/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes_classic.c - see changes_classic.h.
 *
 * A snapshot's table names every chunk of the disk that was written since the
 * snapshot, and it does before the write is let through.  So whatever differs
 * between two snapshots of one disk was written after the first of them, and
 * is in that one's table: all of it is in the two tables together, whichever
 * is the older one.
 *
 * And since every write goes into the tables of all snapshots that there are,
 * what is in the table of the younger one is in that of the older one too.  If
 * it isn't, they were named the wrong way round, or the older one's table
 * lacks something: then it proves nothing.  If it is, that table is the whole
 * answer.
 *
 * The kernel has the newest table in memory and writes it past the page cache,
 * so the area is read with O_DIRECT.
 */
#include "changes_classic.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cancel.h"
#include "clock.h"
#include "cow.h"
#include "cow_table.h"
#include "disk_lv.h"
#include "fail.h"
#include "fd.h"

/*
 * A write waits for all tables; until it is in all of them it may be in some.
 * That takes milliseconds, and seconds on a disk that is very busy.
 */
#define CATCH_UP_MS 10000u
#define CATCH_UP_STEP_MS 200u

/* One view, as device-mapper has it. */
struct side {
	const struct disk_view_ref *ref;
	struct dm_dev dev;
	struct dm_dev cow;
	struct dm_snapshot_status status; /* before its table was read */
	unsigned int major, minor;        /* of the disk below both */
	uint64_t chunk_bytes;
};

/* ---- what has to be true ---- */

static int
get_status(const struct side *s, struct dm_snapshot_status *ret,
	   struct err *err)
{
	struct dm_target t;

	if (dm_status(s->dev.name, &t, err))
		return -1;
	if (strcmp(t.type, "snapshot") != 0 || t.n_targets != 1)
		return err_set(err, ERR_STATE, 0, "%s is no snapshot but '%s'",
			       s->ref->view, t.type);
	if (dm_snapshot_status(&t, ret, err))
		return -1;
	if (ret->invalid || ret->overflow || ret->merge_failed)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s is lost: its copy-on-write area ran full, "
			       "or failed",
			       s->ref->view);
	return 0;
}

/* A snapshot's table is "DISK AREA P SECTORS", the disks as major:minor. */
static int
look_at_table(struct side *s, struct err *err)
{
	struct dm_target t;
	unsigned int sectors;
	char kind[4];

	if (dm_table(s->dev.name, &t, err))
		return -1;
	if (strcmp(t.type, "snapshot") != 0 || t.n_targets != 1 ||
	    sscanf(t.params, "%u:%u %*u:%*u %3s %u", &s->major, &s->minor, kind,
		   &sectors) != 4 ||
	    kind[0] != 'P')
		return err_set(err, ERR_STATE, 0,
			       "%s has a table of a kind not known: %s %s",
			       s->ref->view, t.type, t.params);
	if (t.start || t.length * DM_SECTOR != s->ref->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s is not as long as its disk was",
			       s->ref->view);
	s->chunk_bytes = (uint64_t)sectors * DM_SECTOR;
	return cow_find(&t, &s->cow, err);
}

static int
look(const struct disk_view_ref *ref, int fd, struct side *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	ret->ref = ref;
	if (lv_dev_of_fd(ref, fd, &ret->dev, err) || look_at_table(ret, err))
		return -1;
	return get_status(ret, &ret->status, err);
}

/* Is what is written to the disk now told to both? */
static int
check_disk(const struct side *s, struct err *err)
{
	struct dm_target t;
	struct dm_dev dev;
	unsigned int ma, mi;

	if (lv_source_dev(s->ref, &s->dev, &dev, err))
		return -1;
	if (!dev.exists || dm_table(dev.name, &t, err))
		return err_set(err, ERR_STATE, 0, "%s is not active",
			       s->ref->source);
	if (strcmp(t.type, "snapshot-origin") != 0 || t.n_targets != 1 ||
	    sscanf(t.params, "%u:%u", &ma, &mi) != 2 || ma != s->major ||
	    mi != s->minor)
		return err_set(
			err, ERR_STATE, 0,
			"writes to %s are not told to its snapshots (its "
			"device has a table of \"%s\")",
			s->ref->source, t.type);
	if (t.length * DM_SECTOR != s->ref->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s has been resized since %s was taken",
			       s->ref->source, s->ref->view);
	return 0;
}

static int
check_both(const struct side *base, const struct side *view, struct err *err)
{
	if (base->major != view->major || base->minor != view->minor)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are not of one volume",
			       base->ref->view, view->ref->view);
	if (base->chunk_bytes != view->chunk_bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s has chunks of %" PRIu64
			       " bytes, %s of %" PRIu64,
			       base->ref->view, base->chunk_bytes,
			       view->ref->view, view->chunk_bytes);
	return check_disk(base, err);
}

/* ---- reading ---- */

static int
read_area(void *ctx, uint64_t offset, void *p, size_t len, struct err *err)
{
	ssize_t n = fd_pread_full(*(const int *)ctx, p, len, offset, err);

	if (n < 0)
		return -1;
	return (size_t)n == len ? 0 :
				  err_set(err, ERR_CORRUPT, 0,
					  "it is shorter than it was");
}

static int
open_area(const struct dm_dev *dev, uint64_t *ret_bytes, struct err *err)
{
	char path[40];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/dm-%u", dev->minor);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open %s (%s)",
			       dev->name, path);
	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) &&
	    st.st_rdev == makedev(dev->major, dev->minor) &&
	    ioctl(fd, BLKGETSIZE64, ret_bytes) == 0)
		return fd;
	fd_close(&fd);
	return err_set(err, ERR_IO, 0, "%s is not %s", path, dev->name);
}

/*
 * By how much of the area the kernel has in use, before and after, the table
 * that we have found cannot end too early or too late.
 */
static int
check_extent(const struct side *s, const struct cow_table *t,
	     const struct dm_snapshot_status *after, struct err *err)
{
	uint64_t chunk = s->chunk_bytes / DM_SECTOR;
	/* With the header; a new table is counted right after it is there. */
	uint64_t least = s->status.metadata / chunk;
	uint64_t most = after->metadata / chunk;

	if (t->chunk_bytes != s->chunk_bytes)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s has chunks of %" PRIu64 " bytes, its area "
			       "says %" PRIu64,
			       s->ref->view, s->chunk_bytes, t->chunk_bytes);
	if (t->tables + 1 < least || t->tables > most ||
	    t->exceptions > after->used / chunk - most)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s: its area has %" PRIu64 " exceptions in "
			       "%" PRIu64 " tables, which is not what the "
			       "kernel says",
			       s->ref->view, t->exceptions, t->tables);
	return 0;
}

/* The whole table of @s, and it is whole. */
static int
read_side(const struct side *s, struct changes *ret, struct err *err)
{
	struct cow_source src = { .read = read_area };
	struct dm_snapshot_status after;
	struct cow_table table;
	int rc = -1;
	int fd;

	fd = open_area(&s->cow, &src.bytes, err);
	if (fd < 0)
		return -1;
	src.ctx = &fd;
	if (cow_table_read(&src, s->ref->bytes, ret, &table, err)) {
		/* One that ran full meanwhile says so itself. */
		if (err->code == ERR_CORRUPT)
			err_add(err, "the copy-on-write area of %s",
				s->ref->view);
		goto out;
	}
	fail_here("disk.changes.read");
	if (get_status(s, &after, err) || check_extent(s, &table, &after, err))
		goto out;
	changes_settle(ret, 1);
	rc = 0;
out:
	fd_close(&fd);
	return rc;
}

/*
 * Until it has all that is in @newer.  What was written to the disk first when
 * @newer had been read comes later, so this ends.
 */
static int
read_base(struct side *base, const struct side *view,
	  const struct changes *newer, struct changes *ret, struct err *err)
{
	uint64_t from = clock_ns(), at;

	for (;;) {
		changes_done(ret);
		if (cancel_check(err) || get_status(base, &base->status, err) ||
		    read_side(base, ret, err))
			return -1;
		changes_settle(ret, newer->grain);
		if (changes_cover(ret, newer, &at))
			return 0;
		if (clock_ms_since(from) > CATCH_UP_MS)
			return err_set(err, ERR_STATE, 0,
				       "the exception table of %s lacks what "
				       "was written at %" PRIu64
				       " after %s: it "
				       "is the younger of the two, or "
				       "incomplete",
				       base->ref->view, at, view->ref->view);
		clock_sleep_ms(CATCH_UP_STEP_MS);
	}
}

/* Of the disk at rest: whatever was written to it is in the base's table. */
static int
since_base(const struct disk_pair *pair, struct changes *ret, struct err *err)
{
	struct side base;

	if (look(pair->base, pair->base_fd, &base, err) ||
	    check_disk(&base, err) || read_side(&base, ret, err) ||
	    look(pair->base, pair->base_fd, &base, err) ||
	    check_disk(&base, err))
		return -1;
	snprintf(ret->how, sizeof(ret->how), "exception table of %s",
		 pair->base->view);
	return 0;
}

int
changes_classic(const struct disk_pair *pair, struct changes *ret,
		struct err *err)
{
	struct side base, view;
	struct changes newer;
	int rc = -1;

	if (pair->is_disk)
		return since_base(pair, ret, err);
	changes_init(&newer, ret->bytes);
	if (pair->base->bytes != pair->view->bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s was resized between the two views",
			       pair->view->source);
	if (look(pair->base, pair->base_fd, &base, err) ||
	    look(pair->view, pair->view_fd, &view, err) ||
	    check_both(&base, &view, err) || read_side(&view, &newer, err) ||
	    read_base(&base, &view, &newer, ret, err))
		goto out;
	/* And they still are what they were. */
	if (look(pair->base, pair->base_fd, &base, err) ||
	    look(pair->view, pair->view_fd, &view, err) ||
	    check_both(&base, &view, err))
		goto out;
	snprintf(ret->how, sizeof(ret->how), "exception table of %s",
		 pair->base->view);
	rc = 0;
out:
	changes_done(&newer);
	return rc;
}
