/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_copy.c - disks whose storage has no views (a file on ext4, a partition,
 * any other block device): their bytes are copied while the domain stands
 * still.
 *
 * prepare: an empty file VDEV.img in the folder of the snapshot, with our
 *   marks on it.  The folder is partial then; the copy gets the path that the
 *   record names by the rename that commits the snapshot, and goes away with
 *   the folder.
 * view: the copy.  The domain may have writes under way when it stands still;
 *   whether they are in the copy, or half of one, does not matter (inv. 1).
 * sync: the copy is made durable; the domain runs again meanwhile.
 *
 * A block device is read with O_DIRECT: blkback sends what the domain writes
 * past this host's page cache, so what is in there of the device may be old.
 * A file is read through the page cache, by which the loop device writes.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "copy.h"
#include "disk.h"
#include "fail.h"
#include "fd.h"
#include "file_view.h"
#include "log.h"
#include "units.h"

#define TRY_BYTES 4096u /* a multiple of every sector's size */

struct copied {
	struct disk disk;
	int from;
	int to;
	bool device;
	char vdev[32];
	char name[40];   /* of the file in the folder */
	char owner[160]; /* "DOMAIN@NAME" */
};

static int
copied_claims(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "%s", path);
	return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
}

static void
copied_close(struct disk *d)
{
	struct copied *c = (struct copied *)d;

	fd_close(&c->from);
	fd_close(&c->to);
	free(c);
}

/* ---- the source ---- */

/* How long it is now; of a file also how much of that is no hole. */
static int
look(const struct copied *c, uint64_t *ret_bytes, uint64_t *ret_data,
     struct err *err)
{
	uint64_t bytes = 0;
	struct stat st;

	if (c->device ? ioctl(c->from, BLKGETSIZE64, &bytes) :
			fstat(c->from, &st))
		return err_set(err, ERR_IO, errno, "look at %s",
			       c->disk.ref.source);
	if (!c->device)
		bytes = (uint64_t)st.st_size;
	*ret_bytes = *ret_data = bytes;
	if (!c->device && (uint64_t)st.st_blocks * 512 < bytes)
		*ret_data = (uint64_t)st.st_blocks * 512;
	return 0;
}

/* It stands still: from now on its length is what it is. */
static int
take_size(struct copied *c, struct err *err)
{
	struct disk_view_ref *ref = &c->disk.ref;
	uint64_t data;

	if (look(c, &ref->bytes, &data, err))
		return -1;
	if (ftruncate(c->to, (off_t)ref->bytes))
		return err_set(err, errno == ENOSPC ? ERR_NOSPC : ERR_IO, errno,
			       "make %s %ju bytes long", ref->view,
			       (uintmax_t)ref->bytes);
	return 0;
}

static int
check_size(const struct copied *c, struct err *err)
{
	uint64_t bytes, data;

	if (look(c, &bytes, &data, err))
		return -1;
	if (bytes == c->disk.ref.bytes)
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "%s changed its size from %ju to %ju bytes meanwhile",
		       c->disk.ref.source, (uintmax_t)c->disk.ref.bytes,
		       (uintmax_t)bytes);
}

/* Which disk it is; a device's path is kept as it is, for that one lasts. */
static int
name_source(struct copied *c, const char *path, const struct stat *st,
	    struct err *err)
{
	struct disk_view_ref *ref = &c->disk.ref;
	char *full = c->device ? strdup(path) : realpath(path, NULL);
	int rc = -1;

	if (!full)
		return err_set(err, ERR_IO, errno, "%s", path);
	if (strlen(full) >= sizeof(ref->source)) {
		err_set(err, ERR_UNSUPPORTED, 0, "%s: the path is too long",
			full);
		goto out;
	}
	strcpy(ref->source, full);
	if (c->device)
		snprintf(ref->source_uuid, sizeof(ref->source_uuid),
			 "device-%u:%u", major(st->st_rdev),
			 minor(st->st_rdev));
	else
		snprintf(ref->source_uuid, sizeof(ref->source_uuid),
			 "inode-%ju", (uintmax_t)st->st_ino);
	snprintf(ref->driver, sizeof(ref->driver), "%s", disk_copy_ops.name);
	rc = 0;
out:
	free(full);
	return rc;
}

static int
copied_open(const char *path, struct disk **ret, struct err *err)
{
	struct copied *c = calloc(1, sizeof(*c));
	struct stat st;

	if (!c)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	c->disk.ops = &disk_copy_ops;
	c->to = -1;
	c->from = open(path, O_RDONLY | O_CLOEXEC);
	if (c->from < 0 || fstat(c->from, &st)) {
		err_set(err, errno == EACCES ? ERR_DENIED : ERR_IO, errno,
			"open %s", path);
		goto failed;
	}
	c->device = S_ISBLK(st.st_mode);
	if (c->device && fcntl(c->from, F_SETFL, O_DIRECT)) {
		err_set(err, ERR_IO, errno, "open %s for direct I/O", path);
		goto failed;
	}
	if (name_source(c, path, &st, err) ||
	    look(c, &c->disk.ref.bytes, &c->disk.need_bytes, err))
		goto failed;
	*ret = &c->disk;
	return 0;
failed:
	copied_close(&c->disk);
	return -1;
}

/* ---- plan ---- */

/* A device that cannot be read at all is told before anybody stands still. */
static int
try_read(const struct copied *c, struct err *err)
{
	uint64_t bytes = c->disk.ref.bytes;
	void *buf;
	ssize_t n;

	if (posix_memalign(&buf, TRY_BYTES, TRY_BYTES))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	n = fd_pread_full(c->from, buf, bytes < TRY_BYTES ? bytes : TRY_BYTES,
			  0, err);
	free(buf);
	return n < 0 ? err_add(err, "read %s", c->disk.ref.source) : 0;
}

static int
copied_plan(struct disk *d, const struct disk_owner *owner,
	    const struct disk_cow_size *cow, struct err *err)
{
	struct copied *c = (struct copied *)d;
	struct disk_view_ref *ref = &d->ref;
	char size[24];
	int n;

	(void)cow;
	assert(owner->folder);
	if (ref->bytes == 0)
		return err_set(err, ERR_UNSUPPORTED, 0, "%s is empty",
			       ref->source);
	snprintf(c->vdev, sizeof(c->vdev), "%s", owner->vdev);
	snprintf(c->name, sizeof(c->name), "%s.img", owner->vdev);
	n = snprintf(ref->view, sizeof(ref->view), "%s/%s", owner->folder,
		     c->name);
	if (strchr(c->name, '/') || n < 0 || (size_t)n >= sizeof(ref->view))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s/%s: no place for a copy", owner->folder,
			       c->name);
	snprintf(ref->generation, sizeof(ref->generation), "%s",
		 owner->generation);
	snprintf(c->owner, sizeof(c->owner), "%s@%s", owner->domain,
		 owner->snapshot);
	snprintf(d->chosen, sizeof(d->chosen),
		 "a copy of %s, made while the domain stands still",
		 units_size(d->need_bytes, size, sizeof(size)));
	return try_read(c, err);
}

/* ---- the copy ---- */

static int
fill_in(struct copied *c, struct err *err)
{
	const struct disk_view_ref *ref = &c->disk.ref;

	if (file_view_mark(c->to, ref, c->owner, err)) {
		if (err->code != ERR_UNSUPPORTED)
			return -1;
		log_debug("%s", err->text);
		err_clear(err);
	}
	/* A file system with a limit below that tells it now. */
	if (ftruncate(c->to, (off_t)ref->bytes))
		return err_set(err, ERR_IO, errno, "make %s %ju bytes long",
			       ref->view, (uintmax_t)ref->bytes);
	return 0;
}

static int
copied_prepare(struct disk *d, struct err *err)
{
	struct copied *c = (struct copied *)d;

	assert(d->folder >= 0);
	c->to = openat(d->folder, c->name,
		       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       0600);
	if (c->to < 0)
		return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_IO,
			       errno, "make %s", d->ref.view);
	fail_here("disk.copy.made");
	if (fill_in(c, err) == 0)
		return 0;
	fd_close(&c->to);
	if (unlinkat(d->folder, c->name, 0))
		err_more(err, "and %s was left", c->name);
	return -1;
}

static void
tell(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	const struct disk_watch *w = ctx;

	fail_here("disk.copy.part");
	if (w && w->progress)
		w->progress(what, done, total, w->progress_ctx);
}

static int
copied_view(struct disk *d, struct err *err)
{
	struct copied *c = (struct copied *)d;
	struct copy_task t = {
		.what = c->vdev,
		.from = c->from,
		.to = c->to,
		.progress = tell,
		.progress_ctx = d->watch,
		.stop = d->watch ? &d->watch->stop : NULL,
		.hurry = true,
	};
	uint64_t data;

	d->held_ns = clock_ns();
	fail_here("disk.copy.begin");
	if (d->grows && take_size(c, err))
		return -1;
	t.bytes = d->ref.bytes;
	/* Again afterwards: what was added meanwhile is not in the copy. */
	if (check_size(c, err))
		return -1;
	if (copy_sparse(&t, &data, err))
		return err_add(err, "copy %s", d->ref.source);
	if (check_size(c, err))
		return -1;
	d->freed_ns = clock_ns();
	fail_here("disk.copy.done");
	return 0;
}

static int
copied_sync(struct disk *d, struct err *err)
{
	struct copied *c = (struct copied *)d;

	if (fd_sync(c->to, d->ref.view, err))
		return -1;
	/* Nobody reads it again soon, and this host has use for the room. */
	(void)posix_fadvise(c->to, 0, 0, POSIX_FADV_DONTNEED);
	fail_here("disk.copy.synced");
	return 0;
}

/* Nothing waits in the storage. */
static int
copied_release(struct disk *d, struct err *err)
{
	(void)d;
	(void)err;
	return 0;
}

const struct disk_ops disk_copy_ops = {
	.name = "copy",
	.can = DISK_COPIES,
	.claims = copied_claims,
	.open = copied_open,
	.plan = copied_plan,
	.prepare = copied_prepare,
	.view = copied_view,
	.sync = copied_sync,
	.release = copied_release,
	.close = copied_close,
	.view_state = file_view_state,
	.view_open = file_view_open,
	.view_close = file_view_close,
	.view_drop = file_view_drop,
};
