/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_clone.h - writable disks made of views: what a clone runs on.
 *
 *   view      the clone's disk
 *   thin      a thin snapshot of the view
 *   classic   a snapshot of a copy of the view: device-mapper has no snapshots
 *             of snapshots.  The copy, "base", is made once for all clones of
 *             a snapshot, and stays until disk_clone_drop_bases()
 *   reflink   another clone of the file, beside the view
 *   copy      a copy (that shares its blocks, where the file system can)
 *
 * Bases are made by one process at a time: the caller sees to that.
 *
 * Whose a disk is tells its token, a uuid, in a tag or an attribute; nothing
 * else is ever removed.
 *
 * Life: disk_clone_plan() -> written down by the caller -> disk_clone_make() ->
 * disk_clone_drop(), by whoever, whatever was made by then.
 */
#ifndef XENSNAP_DISK_CLONE_H
#define XENSNAP_DISK_CLONE_H

#include <stdint.h>

#include "copy.h"
#include "disk.h"
#include "err.h"

#define DISK_CLONE_TOKEN_LEN 40
#define DISK_CLONE_TAG 64

/* What the caller wants. */
struct disk_clone_want {
	const struct disk_view_ref *view;
	const char *snapshot; /* the view's, a name */
	const char *domain;   /* the clone */
	const char *vdev;
	const char *token;
	const char *folder; /* the clone's: where copies of files go */
	struct disk_cow_size cow;
};

/* A clone's disk, as a record names it. */
struct disk_clone {
	char driver[16]; /* the view's */
	char path[1024]; /* "/dev/vg/web2-xvda" */
	char base[1024]; /* that it is a snapshot of; "" */
	char token[DISK_CLONE_TOKEN_LEN];
	uint64_t bytes;
	uint64_t cow_bytes; /* 0: it has no area that could run full */
	/* What it takes of where; not recorded. */
	char group[128]; /* a volume group, or "" */
	uint64_t need_bytes;
	uint64_t base_bytes; /* once for all clones of the snapshot */
	uint64_t free_bytes;
};

struct disk_clone_ops {
	int (*plan)(const struct disk_clone_want *w, struct disk_clone *ret,
		    struct err *err);
	int (*make)(const struct disk_clone_want *w, const struct disk_clone *c,
		    const struct copy_task *how, struct err *err);
	int (*drop)(const struct disk_clone *c, struct err *err);
};

/*
 * disk_clone_plan() - what the disk will be, where, and what can be wrong: name
 * free, volume group and pool in order.  Changes nothing.  -1 with ERR_EXISTS,
 * ERR_STATE, ERR_INVALID (no such name can be), ERR_UNSUPPORTED, ERR_IO.
 */
int disk_clone_plan(const struct disk_clone_want *w, struct disk_clone *ret,
		    struct err *err);

/*
 * disk_clone_room() - is there room for all @n of @c, @times over?  -1 with
 * ERR_NOSPC naming the group.  Pure.
 */
int disk_clone_room(const struct disk_clone *c, unsigned int n,
		    unsigned int times, struct err *err);

/*
 * disk_clone_make() - make it, writable and durable.  @how: what, progress and
 * stop of copy.h, for what must be copied.  On failure disk_clone_drop() it:
 * -1 with ERR_EXISTS, ERR_NOSPC, ERR_CORRUPT (the view is lost), ERR_IO,
 * ERR_CANCELLED.
 */
int disk_clone_make(const struct disk_clone_want *w, const struct disk_clone *c,
		    const struct copy_task *how, struct err *err);

/*
 * disk_clone_drop() - remove it, half made as well.  Gone, or never made,
 * counts as success; what does not carry its token is left.  -1 with ERR_BUSY
 * (somebody has it), ERR_IO.
 */
int disk_clone_drop(const struct disk_clone *c, struct err *err);

/*
 * disk_clone_drop_bases() - remove what the clones of the snapshot of the
 * instant @generation shared.  Nobody makes one meanwhile.  None there counts
 * as success.  -1 with ERR_BUSY (a volume is a snapshot of it), ERR_IO.
 */
int disk_clone_drop_bases(const char *generation, struct err *err);

/*
 * disk_clone_mark() - a new file or volume that somebody else makes is to be
 * disk_clone_drop()ped by its @token, if it is of a driver "copy" or "classic":
 * the file, open as @fd.  -1 with ERR_IO.  disk_clone_tag() - the volume's tag.
 */
int disk_clone_mark(int fd, const char *token, struct err *err);
void disk_clone_tag(const char *token, char ret[DISK_CLONE_TAG]);

/* The drivers. */
extern const struct disk_clone_ops disk_clone_thin;
extern const struct disk_clone_ops disk_clone_classic;
extern const struct disk_clone_ops disk_clone_file;
extern const struct disk_clone_ops disk_clone_sim;

#endif
