/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore_target.h - where one disk of a backup goes.
 *
 * Life: target_check() for all of them -> target_open() -> the disk is drained
 * into it -> target_finish() -> when all are there, target_keep() for all; or
 * target_undo(), whatever was done -> target_close().
 */
#ifndef XENSNAP_RESTORE_TARGET_H
#define XENSNAP_RESTORE_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "lv_make.h"
#include "new_file.h"
#include "outcome.h"

enum target_kind {
	TARGET_NEW,    /* a file that is not there yet */
	TARGET_FILE,   /* a file that is, in place */
	TARGET_DEVICE, /* a block device, in place */
	TARGET_VOLUME, /* a logical volume that is not there yet */
	TARGET_STREAM, /* a descriptor, in sequence */
};

struct target {
	const struct backup_disk *disk;
	/* @disk is the pages of a memory, and this a save file, or a stream:
	 * TARGET_NEW or TARGET_STREAM. */
	bool memory;
	const char *token; /* of a clone that it is new for, or NULL */
	bool replace; /* a save file of another memory may be there: it goes */
	enum target_kind kind;
	char path[PATH_MAX];
	int fd;               /* open, or -1 */
	struct new_file file; /* of TARGET_NEW */
	struct lv_want volume;
	bool made;  /* the volume */
	bool mixed; /* it was there, and is being written over */
	uint64_t written_bytes;
	uint64_t kept_bytes;
};

/* target_init() - one for @disk, that is nothing yet. */
void target_init(struct target *t, const struct backup_disk *disk);

/*
 * target_set_path() - it goes to @path; @in_place: which is there.  -1 with
 * ERR_NOTFOUND, ERR_INVALID (neither a file nor a device; too long).
 */
int target_set_path(struct target *t, const char *path, bool in_place,
		    struct err *err);

/*
 * target_set_memory() - it is the save file @path; @replace as above.  -1 with
 * ERR_INVALID (too long).
 */
int target_set_memory(struct target *t, const char *path, bool replace,
		      struct err *err);

/*
 * target_check() - all that can be wrong with it, but for volumes
 * (lv_make_check()).  Changes nothing; warns of views of ours that take room
 * for what will be written.  -1 with ERR_EXISTS, ERR_NOTFOUND, ERR_BUSY,
 * ERR_INVALID (too small), ERR_UNSUPPORTED (an image onto a device), ERR_IO.
 */
int target_check(const struct target *t, struct err *err);

/* target_open() - open it, or make it; @t->fd.  -1 with ERR_BUSY, ERR_NOSPC,
 * ERR_IO: target_undo() it. */
int target_open(struct target *t, struct err *err);

/* target_is_new() - is it all zeros now, so that those need not be written? */
bool target_is_new(const struct target *t);

/* target_finish() - the disk is in it: what is beyond its end goes, and all is
 * made durable.  -1 with ERR_IO, ERR_NOSPC. */
int target_finish(struct target *t, struct err *err);

/* target_keep() - it is to stay: a new file gets its name.  -1 with ERR_EXISTS
 * (somebody else was quicker), ERR_IO. */
int target_keep(struct target *t, struct err *err);

/* target_undo() - after a failure: what was made goes, also if it was kept;
 * what is left, or holds a mix now, is added to @err. */
void target_undo(struct target *t, struct err *err);

/* target_close() - close it; what was not kept is gone, but for volumes. */
void target_close(struct target *t);

#endif
