/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_reflink.c - views of files, raw or images, on file systems that can
 * share blocks between files (XFS, btrfs): a second file beside the first.
 *
 * prepare: the view's file is made, empty, with our marks on it, and a first
 *   part of the disk is cloned into it, to see whether that can be done.
 * hold: the file is cloned (ioctl_ficlone(2)): one moment, whatever is under
 *   way.  Writes wait for no longer than that (so: no DISK_CAN_WAIT).
 * view: the clone is made durable; the domain runs again meanwhile.
 *
 * Whose a file is, its extended attributes tell (file_view.h).  It gets its
 * name when they are on it, so that a process that dies leaves nothing without
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "clock.h"
#include "disk.h"
#include "extent.h"
#include "fail.h"
#include "fd.h"
#include "file_view.h"
#include "log.h"
#include "units.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define TRY_BYTES (1u << 20)
#define WARN_ROOM_PART 10u /* of the disk */

struct reflink {
	struct disk disk;
	int from;
	int to;
	char owner[160]; /* "DOMAIN@NAME" */
	bool made;       /* the view's file has its name */
};

static bool
shares_blocks(const char *path, struct statfs *ret)
{
	return statfs(path, ret) == 0 && (ret->f_type == XFS_SUPER_MAGIC ||
					  ret->f_type == BTRFS_SUPER_MAGIC);
}

/* Clone the first part of @from into the empty file @to; 0, or -1 by errno. */
static int
clone_part(int from, int to, uint64_t bytes)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_length = bytes > TRY_BYTES ? TRY_BYTES : 0,
	};

	return ioctl(to, FICLONERANGE, &range);
}

static bool
is_refusal(int sys)
{
	return sys == EOPNOTSUPP || sys == EINVAL || sys == EXDEV;
}

/*
 * An XFS made without reflink looks like any other.  Tried with a file that
 * has no name and is gone at once; whatever else goes wrong here is told by
 * reflink_prepare().
 */
static bool
can_clone(const char *path, uint64_t bytes)
{
	struct err ignored = ERR_INIT;
	int folder = file_view_folder(path, &ignored);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = -1;
	bool can = true;

	if (folder >= 0 && from >= 0)
		to = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to >= 0 && clone_part(from, to, bytes))
		can = !is_refusal(errno);
	fd_close(&to);
	fd_close(&from);
	fd_close(&folder);
	return can;
}

static int
reflink_claims(const char *path, struct err *err)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "%s", path);
	if (!S_ISREG(st.st_mode) || !shares_blocks(path, &fs))
		return 0;
	return fs.f_type == BTRFS_SUPER_MAGIC ||
	       can_clone(path, (uint64_t)st.st_size);
}

static void
reflink_close(struct disk *d)
{
	struct reflink *r = (struct reflink *)d;

	fd_close(&r->from);
	fd_close(&r->to);
	free(r);
}

static int
reflink_open(const char *path, struct disk **ret, struct err *err)
{
	struct reflink *r = calloc(1, sizeof(*r));
	struct disk_view_ref *ref;
	char *full = NULL;
	struct stat st;

	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	r->disk.ops = &disk_reflink_ops;
	r->to = -1;
	r->from = open(path, O_RDONLY | O_CLOEXEC);
	full = realpath(path, NULL);
	if (r->from < 0 || !full || fstat(r->from, &st)) {
		err_set(err, ERR_IO, errno, "open %s", path);
		goto failed;
	}
	ref = &r->disk.ref;
	if (strlen(full) >= sizeof(ref->source)) {
		err_set(err, ERR_UNSUPPORTED, 0, "%s: the path is too long",
			full);
		goto failed;
	}
	strcpy(ref->source, full);
	snprintf(ref->driver, sizeof(ref->driver), "%s", disk_reflink_ops.name);
	file_view_inode(&st, ref->source_uuid);
	ref->bytes = (uint64_t)st.st_size;
	free(full);
	*ret = &r->disk;
	return 0;
failed:
	free(full);
	reflink_close(&r->disk);
	return -1;
}

/* ---- plan ---- */

static int
choose_name(struct disk_view_ref *ref, const char *snapshot, struct err *err)
{
	int n = snprintf(ref->view, sizeof(ref->view), "%s.xs-%s", ref->source,
			 snapshot);
	const char *base = strrchr(ref->view, '/');
	struct stat st;

	if (n < 0 || (size_t)n >= sizeof(ref->view) ||
	    (base && strlen(base + 1) > NAME_MAX))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s.xs-%s: the name is too long", ref->source,
			       snapshot);
	if (lstat(ref->view, &st) == 0)
		return err_set(err, ERR_EXISTS, 0, "there is a file %s already",
			       ref->view);
	if (errno != ENOENT)
		return err_set(err, ERR_IO, errno, "look at %s", ref->view);
	return 0;
}

/* A clone takes no room; what is written afterwards does. */
static void
tell_room(struct disk *d, const struct statfs *fs)
{
	uint64_t room = (uint64_t)fs->f_bavail * (uint64_t)fs->f_bsize;
	char text[24], size[24];

	units_size(room, text, sizeof(text));
	units_size(d->ref.bytes, size, sizeof(size));
	snprintf(d->chosen, sizeof(d->chosen),
		 "reflink clone of a file of %s (%s free beside it)", size,
		 text);
	if (room < d->ref.bytes / WARN_ROOM_PART)
		log_warning("%s: only %s free beside it; what the domain "
			    "writes while the view is kept needs new room",
			    d->ref.source, text);
}

static int
reflink_plan(struct disk *d, const struct disk_owner *owner,
	     const struct disk_cow_size *cow, struct err *err)
{
	struct reflink *r = (struct reflink *)d;
	struct statfs fs;

	(void)cow;
	if (d->ref.bytes == 0)
		return err_set(err, ERR_UNSUPPORTED, 0, "%s is empty",
			       d->ref.source);
	if (!shares_blocks(d->ref.source, &fs))
		return err_set(err, ERR_IO, errno,
			       "look at the file system "
			       "of %s",
			       d->ref.source);
	snprintf(d->ref.generation, sizeof(d->ref.generation), "%s",
		 owner->generation);
	snprintf(r->owner, sizeof(r->owner), "%s@%s", owner->domain,
		 owner->snapshot);
	if (choose_name(&d->ref, owner->snapshot, err))
		return -1;
	tell_room(d, &fs);
	return 0;
}

/* ---- the view's file ---- */

/* btrfs clones between two files without copy-on-write, or two with it. */
static int
same_cow(const struct reflink *r, struct err *err)
{
	int from = 0, to = 0;

	if (ioctl(r->from, FS_IOC_GETFLAGS, &from) || !(from & FS_NOCOW_FL))
		return 0;
	if (ioctl(r->to, FS_IOC_GETFLAGS, &to) == 0) {
		to |= FS_NOCOW_FL;
		if (ioctl(r->to, FS_IOC_SETFLAGS, &to) == 0)
			return 0;
	}
	return err_set(err, ERR_IO, errno, "make %s without copy-on-write",
		       r->disk.ref.view);
}

/* Without a name first: it goes away with us until it is marked. */
static int
make_file(struct reflink *r, struct err *err)
{
	const char *view = r->disk.ref.view;
	int folder = file_view_folder(view, err);
	char self[40];
	struct stat st;
	int rc = -1;

	if (folder < 0)
		return -1;
	r->to = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r->to < 0 || fstat(r->to, &st)) {
		err_set(err, ERR_IO, errno, "make %s", view);
		goto out;
	}
	if (same_cow(r, err) ||
	    file_view_mark(r->to, &r->disk.ref, r->owner, err) ||
	    fd_sync(r->to, view, err))
		goto out;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", r->to);
	if (linkat(AT_FDCWD, self, AT_FDCWD, view, AT_SYMLINK_FOLLOW)) {
		err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_IO, errno,
			"make %s", view);
		goto out;
	}
	r->made = true;
	file_view_inode(&st, r->disk.ref.view_uuid);
	fail_here("disk.made");
	rc = fd_sync(folder, view, err);
out:
	fd_close(&folder);
	return rc;
}

/* ---- clone ---- */

static int
clone_failed(const struct reflink *r, struct err *err)
{
	int sys = errno;

	if (is_refusal(sys))
		return err_set(err, ERR_UNSUPPORTED, sys,
			       "%s: this file system cannot clone it (XFS "
			       "made without reflink=1?)",
			       r->disk.ref.source);
	return err_set(err, sys == ENOSPC ? ERR_NOSPC : ERR_IO, sys, "clone %s",
		       r->disk.ref.source);
}

static int
try_clone(const struct reflink *r, struct err *err)
{
	if (clone_part(r->from, r->to, r->disk.ref.bytes))
		return clone_failed(r, err);
	if (ftruncate(r->to, 0))
		return err_set(err, ERR_IO, errno, "empty %s",
			       r->disk.ref.view);
	return 0;
}

static int
reflink_prepare(struct disk *d, struct err *err)
{
	struct reflink *r = (struct reflink *)d;

	if (make_file(r, err) == 0 && try_clone(r, err) == 0)
		return 0;
	fd_close(&r->to);
	if (r->made && unlink(d->ref.view))
		err_more(err, "and %s was left", d->ref.view);
	return -1;
}

static int
reflink_hold(struct disk *d, struct err *err)
{
	struct reflink *r = (struct reflink *)d;

	d->held_ns = clock_ns();
	if (ioctl(r->to, FICLONE, r->from))
		return clone_failed(r, err);
	d->freed_ns = clock_ns();
	fail_here("disk.reflink.cloned");
	return 0;
}

static int
reflink_view(struct disk *d, struct err *err)
{
	struct reflink *r = (struct reflink *)d;
	struct stat st;

	if (!d->freed_ns)
		return err_set(err, ERR_STATE, 0, "%s was not cloned",
			       d->ref.source);
	if (fstat(r->to, &st))
		return err_set(err, ERR_IO, errno, "look at %s", d->ref.view);
	if (d->grows)
		d->ref.bytes = (uint64_t)st.st_size;
	if ((uint64_t)st.st_size != d->ref.bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s changed its size meanwhile", d->ref.source);
	if (fchmod(r->to, 0400))
		return err_set(err, ERR_IO, errno, "make %s read-only",
			       d->ref.view);
	return fd_sync(r->to, d->ref.view, err);
}

/* Nothing waits; the clone that is there goes away with the view. */
static int
reflink_release(struct disk *d, struct err *err)
{
	(void)d;
	(void)err;
	return 0;
}

const struct disk_ops disk_reflink_ops = {
	.name = "reflink",
	.can = DISK_CAN_HOLD,
	.claims = reflink_claims,
	.open = reflink_open,
	.plan = reflink_plan,
	.prepare = reflink_prepare,
	.hold = reflink_hold,
	.view = reflink_view,
	.release = reflink_release,
	.close = reflink_close,
	.view_state = file_view_state,
	.view_open = file_view_open,
	.view_close = file_view_close,
	.view_drop = file_view_drop,
	.changes = extent_changes,
};
