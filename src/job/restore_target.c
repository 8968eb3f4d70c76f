/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_target.c - see restore_target.h. */
#include "restore_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_clone.h"
#include "disk_user.h"
#include "fail.h"
#include "fd.h"
#include "in_use.h"
#include "log.h"
#include "text.h"
#include "units.h"

#define ZEROS (1u << 20)

void
target_init(struct target *t, const struct backup_disk *disk)
{
	memset(t, 0, sizeof(*t));
	t->disk = disk;
	t->fd = -1;
	t->file.fd = t->file.dir = -1;
}

int
target_set_path(struct target *t, const char *path, bool in_place,
		struct err *err)
{
	struct stat st;

	if (text_copy(t->path, sizeof(t->path), path, "path", err))
		return -1;
	t->kind = TARGET_NEW;
	if (!in_place)
		return 0;
	if (stat(path, &st))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, ERR_INVALID, 0,
			       "%s is neither a file nor a block device", path);
	t->kind = S_ISBLK(st.st_mode) ? TARGET_DEVICE : TARGET_FILE;
	return 0;
}

int
target_set_memory(struct target *t, const char *path, bool replace,
		  struct err *err)
{
	t->memory = true;
	t->replace = replace;
	return target_set_path(t, path, false, err);
}

/* ---- check ---- */

static int
check_new(const struct target *t, struct err *err)
{
	if (new_file_check(t->path, err) == 0)
		return 0;
	if (err->code != ERR_EXISTS)
		return -1;
	if (t->replace) {
		err_clear(err);
		return 0;
	}
	return t->memory ? -1 : err_more(err, "--in-place writes over it");
}

/* An image's bytes are no disk for whoever opens the device. */
static int
check_format(const struct target *t, struct err *err)
{
	if (strcmp(t->disk->format, "raw") == 0)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "disk %s is a %s image, whose bytes belong into a file, "
		       "not onto %s",
		       t->disk->vdev, t->disk->format, t->path);
}

static int
check_size(const struct target *t, int fd, struct err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end >= 0 && (uint64_t)end >= t->disk->bytes)
		return 0;
	return err_set(err, ERR_INVALID, 0, "%s has %lld bytes, the disk %llu",
		       t->path, (long long)end,
		       (unsigned long long)t->disk->bytes);
}

/*
 * Each view keeps what is overwritten: a thin one in its pool, a classic one in
 * an area that may run full, and then it is lost.  That is what the user of
 * --in-place wants to know, but no reason not to do it.
 */
static int
warn_of_views(const struct target *t, struct err *err)
{
	unsigned int n;
	int r = disk_has_views(t->path, &n, err);

	if (r > 0)
		log_warning("%u view%s of %s kept here will take room for all "
			    "that is written over; a classic one that runs "
			    "full is lost (`xensnap list` tells), continuing",
			    n, units_s(n), t->path);
	return r < 0 ? -1 : 0;
}

static int
check_device(const struct target *t, struct err *err)
{
	int fd, rc;

	if (check_format(t, err))
		return -1;
	fd = open(t->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open %s", t->path);
	rc = check_size(t, fd, err);
	fd_close(&fd);
	return rc ? -1 : warn_of_views(t, err);
}

int
target_check(const struct target *t, struct err *err)
{
	if (t->kind == TARGET_NEW)
		return check_new(t, err);
	if (t->kind == TARGET_VOLUME)
		return check_format(t, err);
	if (t->kind == TARGET_STREAM)
		return 0;
	if (in_use_check(t->path, IN_USE_FOR_WRITING, err))
		return -1;
	return t->kind == TARGET_DEVICE ? check_device(t, err) : 0;
}

/* ---- open ---- */

static int
make_longer(const struct target *t, struct err *err)
{
	if (ftruncate(t->fd, (off_t)t->disk->bytes) == 0)
		return 0;
	return err_set(err, fd_code(errno), errno, "make %s %llu bytes long",
		       t->path, (unsigned long long)t->disk->bytes);
}

static int
open_new(struct target *t, struct err *err)
{
	/* That of another instant: with new disks it would do harm. */
	if (t->replace && unlink(t->path) && errno != ENOENT)
		return err_set(err, fd_code(errno), errno, "remove %s",
			       t->path);
	if (new_file_open(&t->file, t->path, err))
		return -1;
	t->fd = t->file.fd;
	if (t->token && disk_clone_mark(t->fd, t->token, err))
		return -1;
	return t->memory ? 0 : make_longer(t, err);
}

static int
open_file(struct target *t, struct err *err)
{
	struct stat st;

	t->fd = open(t->path, O_RDWR | O_CLOEXEC);
	if (t->fd < 0 || fstat(t->fd, &st))
		return err_set(err, fd_code(errno), errno, "open %s", t->path);
	t->mixed = true;
	return (uint64_t)st.st_size < t->disk->bytes ? make_longer(t, err) : 0;
}

static int
open_device(struct target *t, struct err *err)
{
	t->fd = in_use_take(t->path, err);
	if (t->fd < 0)
		return -1;
	t->mixed = t->kind == TARGET_DEVICE;
	return check_size(t, t->fd, err);
}

static int
open_volume(struct target *t, struct err *err)
{
	if (t->token)
		disk_clone_tag(t->token, t->volume.tag);
	if (lv_make(&t->volume, err))
		return -1;
	t->made = true;
	fail_here("restore.volume");
	return open_device(t, err);
}

int
target_open(struct target *t, struct err *err)
{
	switch (t->kind) {
	case TARGET_NEW:
		return open_new(t, err);
	case TARGET_FILE:
		return open_file(t, err);
	case TARGET_DEVICE:
		return open_device(t, err);
	case TARGET_VOLUME:
		return open_volume(t, err);
	case TARGET_STREAM:
		break;
	}
	return 0;
}

bool
target_is_new(const struct target *t)
{
	return t->kind == TARGET_NEW;
}

/* ---- the end ---- */

/* A volume is a little longer than the disk, and new to its reader. */
static int
clear_rest(const struct target *t, struct err *err)
{
	off_t end = lseek(t->fd, 0, SEEK_END);
	uint64_t at = t->disk->bytes;
	uint8_t *zeros;
	int rc = 0;

	if (end < 0)
		return err_set(err, ERR_IO, errno, "look at %s", t->path);
	zeros = calloc(1, ZEROS);
	if (!zeros)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	while (rc == 0 && at < (uint64_t)end) {
		uint64_t left = (uint64_t)end - at;
		size_t len = left < ZEROS ? (size_t)left : ZEROS;

		rc = fd_pwrite_all(t->fd, zeros, len, at, err);
		at += len;
	}
	free(zeros);
	return rc ? err_add(err, "write %s", t->path) : 0;
}

int
target_finish(struct target *t, struct err *err)
{
	if (t->kind == TARGET_STREAM)
		return 0;
	if (t->kind == TARGET_VOLUME && clear_rest(t, err))
		return -1;
	/* What it was longer by is not of the disk. */
	if (t->kind == TARGET_FILE && make_longer(t, err))
		return -1;
	return fd_sync(t->fd, t->path, err);
}

int
target_keep(struct target *t, struct err *err)
{
	int rc = 0;

	if (t->kind == TARGET_NEW)
		rc = new_file_keep(&t->file, err);
	else if (t->kind == TARGET_VOLUME)
		rc = lv_make_keep(&t->volume, err);
	if (rc == 0)
		t->mixed = false;
	return rc;
}

static void
undo_volume(struct target *t, struct err *err)
{
	struct err e = ERR_INIT;

	if (!t->made)
		return;
	fd_close(&t->fd);
	if (lv_make_undo(&t->volume, &e))
		err_more(err, "%s was left: %s", t->path, e.text);
	t->made = false;
}

void
target_undo(struct target *t, struct err *err)
{
	struct err e = ERR_INIT;

	if (t->kind == TARGET_NEW && new_file_undo(&t->file, &e))
		err_more(err, "%s was left: %s", t->path, e.text);
	if (t->kind == TARGET_VOLUME)
		undo_volume(t, err);
	if (t->mixed)
		err_more(err, "%s may hold a mix", t->path);
	target_close(t);
}

void
target_close(struct target *t)
{
	if (t->kind == TARGET_NEW)
		t->fd = -1; /* its file's */
	else if (t->kind != TARGET_STREAM)
		fd_close(&t->fd);
	new_file_close(&t->file);
}
