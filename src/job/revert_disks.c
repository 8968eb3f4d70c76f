/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * revert_disks.c - disks get back what they were at a snapshot.
 *
 * By copying, from the view to the disk, where the two differ: that leaves the
 * view and all its siblings as they are, on any storage, and may be begun
 * again whenever it was not finished (doc/decisions/0013-revert.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "differ.h"
#include "fail.h"
#include "fd.h"
#include "in_use.h"
#include "log.h"
#include "revert.h"
#include "units.h"

/* A domain's end and its backend's are not the same moment. */
#define FREE_MS 60000u
#define FREE_STEP_MS 200u

/* What a view takes beside what it keeps: its table, and a little. */
#define TABLE_SHARE 64u /* one byte in so many */
#define TABLE_BYTES (64u << 10)
/* The domain runs on after a new view was made, and while it is made. */
#define RUNS_ON_SHARE 4u
#define RUNS_ON_BYTES (16u << 20)

/* ---- can it be done? ---- */

static int
check_view(const struct disk_view_ref *ref, struct disk_view_health *ret,
	   struct err *err)
{
	if (disk_view_state(ref, ret, err))
		return -1;
	if (ret->state == DISK_VIEW_GOOD)
		return 0;
	return err_set(err, ERR_CORRUPT, 0,
		       "its view %s cannot be relied on: "
		       "%s",
		       ref->view, ret->why);
}

/* A disk that was imported belongs nowhere until somebody says where. */
static int
check_place(const struct snapshot_disk *d, struct err *err)
{
	if (d->view.source[0])
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "it was imported, and which disk of this host it is to "
		       "be written to is not known; import it again with "
		       "--disk %s=PATH, or clone it",
		       d->vdev);
}

int
revert_check_places(const struct revert_target *t, struct err *err)
{
	for (unsigned int i = 0; i < t->held.s.n_disks; i++)
		if (check_place(&t->held.s.disks[i], err))
			return err_add(err, "disk %s", t->held.s.disks[i].vdev);
	return 0;
}

/* A device's size is its own; a file gets the one it had. */
static int
check_size(const struct disk_view_ref *ref, struct err *err)
{
	int fd = open(ref->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	off_t end;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st)) {
		rc = err_set(err, fd_code(errno), errno, "open %s",
			     ref->source);
	} else if (S_ISBLK(st.st_mode)) {
		end = lseek(fd, 0, SEEK_END);
		if (end < 0 || (uint64_t)end != ref->bytes)
			rc = err_set(err, ERR_STATE, 0,
				     "%s had %" PRIu64 " bytes then and has "
				     "%lld now; give it its size again",
				     ref->source, ref->bytes, (long long)end);
	} else if (!S_ISREG(st.st_mode)) {
		rc = err_set(err, ERR_STATE, 0,
			     "%s is neither a file nor a block device",
			     ref->source);
	}
	fd_close(&fd);
	return rc;
}

/* Its area as it is now: it may be larger than when it was made. */
static uint64_t
area_of(const struct disk_view_ref *ref, const struct disk_view_health *h)
{
	return h->area ? h->area : ref->cow_bytes;
}

/* So much of it is taken. */
static uint64_t
used_bytes(const struct disk_view_ref *ref, const struct disk_view_health *h)
{
	return h->used > 0 ? (uint64_t)(h->used * (double)area_of(ref, h)) : 0;
}

/* What is written back was written after the view, so is in its area. */
static uint64_t
with_table(uint64_t used)
{
	return used + used / TABLE_SHARE + TABLE_BYTES;
}

struct siblings {
	const struct snapshot *s; /* to which the disks go back */
	const struct disk_view_ref *ref;
	uint64_t need;
	struct err *err;
};

/*
 * Has the view of the same disk in another snapshot room for that?  What has
 * changed since an older one is a part of what it keeps already; a younger one
 * will keep all that this one keeps, and no more.
 */
static int
check_sibling(const struct snapshot *s, const char *domain, const char *name,
	      const struct err *bad, void *ctx)
{
	const struct siblings *x = ctx;
	struct disk_view_health h;
	char need[24], room[24];

	if (bad || strcmp(s->created, x->s->created) <= 0)
		return 0;
	for (unsigned int i = 0; i < s->n_disks; i++) {
		const struct disk_view_ref *ref = &s->disks[i].view;

		/* As large as its disk, it has room for all of that. */
		if (!ref->cow_bytes || ref->cow_bytes >= ref->bytes ||
		    ref->cow_bytes >= x->need ||
		    strcmp(ref->source, x->ref->source) != 0)
			continue;
		if (disk_view_state(ref, &h, x->err))
			return -1;
		if (h.state != DISK_VIEW_GOOD || area_of(ref, &h) >= x->need ||
		    area_of(ref, &h) >= ref->bytes)
			continue;
		return err_set(x->err, ERR_NOSPC, 0,
			       "%s@%s would be lost: its view %s keeps what is "
			       "written over, up to %s, and has room for %s; "
			       "lvextend it, or delete that snapshot",
			       domain, name, ref->view,
			       units_size(x->need, need, sizeof(need)),
			       units_size(area_of(ref, &h), room,
					  sizeof(room)));
	}
	return 0;
}

static int
check_siblings(const struct revert_target *t, const struct disk_view_ref *ref,
	       uint64_t used, struct err *err)
{
	struct siblings x = {
		.s = &t->held.s,
		.ref = ref,
		.need = used,
		.err = err,
	};

	if (!ref->cow_bytes || used == 0)
		return 0;
	return snapshot_each(t->held.s.domain, check_sibling, &x, err) ||
			       err->code ?
		       -1 :
		       0;
}

static int
check_disk(const struct revert_target *t, const struct snapshot_disk *d,
	   struct err *err)
{
	struct disk_view_health h;

	if (check_view(&d->view, &h, err) || check_size(&d->view, err) ||
	    check_siblings(t, &d->view, used_bytes(&d->view, &h), err))
		return err_add(err, "disk %s", d->vdev);
	return 0;
}

int
revert_check_disks(const struct revert_target *t, struct err *err)
{
	int rc = 0;

	disk_look_begin();
	for (unsigned int i = 0; i < t->held.s.n_disks && rc == 0; i++)
		rc = check_disk(t, &t->held.s.disks[i], err);
	disk_look_end();
	return rc;
}

/* What a new view of the same disk takes when all of @ref is written back. */
static int
used_by(const struct disk_view_ref *ref, uint64_t *ret, struct err *err)
{
	struct disk_view_health h;

	*ret = 0;
	if (!ref->cow_bytes)
		return 0;
	if (disk_view_state(ref, &h, err))
		return -1;
	*ret = with_table(used_bytes(ref, &h));
	*ret += *ret / RUNS_ON_SHARE + RUNS_ON_BYTES;
	return 0;
}

int
revert_used_bytes(const struct revert_target *t, uint64_t *ret, struct err *err)
{
	uint64_t used;
	int rc = 0;

	*ret = 0;
	disk_look_begin();
	for (unsigned int i = 0; i < t->held.s.n_disks && rc == 0; i++) {
		rc = used_by(&t->held.s.disks[i].view, &used, err);
		if (rc == 0 && used > *ret)
			*ret = used;
	}
	disk_look_end();
	return rc;
}

/* ---- do it ---- */

static int
open_file(const struct disk_view_ref *ref, struct err *err)
{
	int fd = open(ref->source, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)ref->bytes) == 0)
		return fd;
	err_set(err, fd_code(errno), errno, "open %s", ref->source);
	fd_close(&fd);
	return -1;
}

static int
open_disk(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	struct stat st;

	if (in_use_check(ref->source, IN_USE_FOR_WRITING, err))
		return -1;
	if (stat(ref->source, &st) == 0 && S_ISBLK(st.st_mode))
		*ret_fd = in_use_take(ref->source, err);
	else
		*ret_fd = open_file(ref, err);
	return *ret_fd < 0 ? -1 : 0;
}

/* What had the disk until now may need a moment to let go of it. */
static int
open_free_disk(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	uint64_t from = clock_ns();

	for (;;) {
		if (open_disk(ref, ret_fd, err) == 0)
			return 0;
		if (err->code != ERR_BUSY || clock_ms_since(from) > FREE_MS)
			return -1;
		err_clear(err);
		clock_sleep_ms(FREE_STEP_MS);
	}
}

/* Where to look, by the storage; everywhere, if it cannot tell. */
static void
find_changes(const struct snapshot_disk *d, int view, int disk,
	     struct differ *t, struct disk_changes *ret)
{
	static const struct disk_extent nowhere;
	struct err why = ERR_INIT;

	if (disk_changes_since(&d->view, view, disk, ret, &why)) {
		log_debug("disk %s is read whole: %s", d->vdev, why.text);
		return;
	}
	t->n_ranges = (size_t)ret->n;
	t->ranges = ret->n ? ret->e : &nowhere;
}

static int
write_back(const struct snapshot_disk *d, int view, int disk,
	   const struct revert_opts *o, uint64_t *ret_written, struct err *err)
{
	struct disk_changes changes;
	struct differ t = {
		.what = d->vdev,
		.a = view,
		.b = disk,
		.bytes = d->view.bytes,
		.mend = true,
		.steady = true,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	struct differ_count n;
	int rc;

	find_changes(d, view, disk, &t, &changes);
	rc = differ_run(&t, &n, err);
	if (rc == 0)
		rc = fd_sync(disk, d->view.source, err);
	*ret_written += n.bytes;
	disk_changes_done(&changes);
	return rc;
}

static int
revert_disk(const struct snapshot_disk *d, const struct revert_opts *o,
	    uint64_t *ret_written, struct err *err)
{
	int disk, view, rc;

	if (open_free_disk(&d->view, &disk, err))
		return -1;
	if (disk_view_open(&d->view, &view, err)) {
		fd_close(&disk);
		return -1;
	}
	rc = write_back(d, view, disk, o, ret_written, err);
	/* Lost while it was read, it may have had something else to say. */
	if (disk_view_close(&d->view, view, err))
		rc = -1;
	fd_close(&disk);
	return rc;
}

int
revert_disks(const struct revert_target *t, const struct revert_opts *o,
	     struct revert_report *ret, struct err *err)
{
	int rc = 0;

	disk_look_begin();
	for (unsigned int i = 0; i < t->held.s.n_disks && rc == 0; i++) {
		const struct snapshot_disk *d = &t->held.s.disks[i];

		rc = revert_disk(d, o, &ret->written_bytes, err);
		if (rc)
			err_add(err, "disk %s", d->vdev);
		else
			fail_here("revert.disk");
	}
	disk_look_end();
	ret->n_disks = t->held.s.n_disks;
	return rc;
}
