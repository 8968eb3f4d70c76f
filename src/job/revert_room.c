/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * revert_room.c - is there room for what a revert writes back?
 *
 * The snapshot of the present shares all that the disks hold, so each block
 * that is written back takes a new one, of the thin pool or the file system.
 * How many the storage's own tables tell: what differs between the two
 * snapshots.  Classic views are looked at in revert_disks.c.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "disk_fill.h"
#include "fd.h"
#include "log.h"
#include "revert.h"
#include "units.h"

/* The domain runs on until it is ended, and tables take room as well. */
#define MARGIN_SHARE 16u /* one byte in so many */
#define MARGIN_BYTES (4u << 20)

/* A thin pool or a file system, and what all the disks in it take. */
struct room {
	char key[DISK_SPACE_LEN]; /* "vg0/pool", "8:1" */
	char what[1100];          /* in words, by its first disk */
	uint64_t need, free;
};

struct rooms {
	struct room at[DOMAIN_DISKS_MAX];
	unsigned int n;
};

static void
take(struct rooms *r, const struct room *of)
{
	struct room *at = r->at;

	while (at < r->at + r->n && strcmp(at->key, of->key) != 0)
		at++;
	if (at == r->at + r->n) {
		r->n++;
		*at = *of;
	} else {
		at->need += of->need;
	}
}

/* The pool in which a thin disk lies. */
static int
find_pool(const struct disk_view_ref *ref, struct room *ret, struct err *err)
{
	const struct disk_fill_want want = { .views = ref, .n_views = 1 };
	struct disk_fill *fills;
	unsigned int n;
	int rc = 0;

	if (disk_fill_find(&want, &fills, &n, err))
		return -1;
	for (unsigned int i = 0; rc == 0 && i < n; i++) {
		struct disk_fill *f = &fills[i];

		if (f->kind != DISK_FILL_POOL_DATA)
			continue;
		rc = disk_fill_read(f, err);
		snprintf(ret->key, sizeof(ret->key), "%s", f->what);
		snprintf(ret->what, sizeof(ret->what), "thin pool %s", f->what);
		ret->free = f->bytes > f->used ? f->bytes - f->used : 0;
	}
	free(fills);
	return rc;
}

/* The file system in which a file lies. */
static int
find_file_system(const struct disk_view_ref *ref, struct room *ret,
		 struct err *err)
{
	struct statvfs fs;
	struct stat st;

	if (stat(ref->source, &st) || statvfs(ref->source, &fs))
		return err_set(err, fd_code(errno), errno, "look at %s",
			       ref->source);
	snprintf(ret->key, sizeof(ret->key), "%u:%u", major(st.st_dev),
		 minor(st.st_dev));
	snprintf(ret->what, sizeof(ret->what), "the file system of %s",
		 ref->source);
	ret->free = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

/*
 * What @to takes when the disk, which is @now, becomes it.  Without a table
 * that tells, nothing is known, and the revert goes on as it always could.
 */
static int
add_disk(struct rooms *r, const struct disk_view_ref *to,
	 const struct disk_view_ref *now, struct err *err)
{
	struct room room = { .key = "" };
	struct disk_changes changes;
	struct err why = ERR_INIT;

	if (strcmp(to->driver, "thin") == 0) {
		if (find_pool(to, &room, err))
			return -1;
	} else if (strcmp(to->driver, "reflink") == 0) {
		if (find_file_system(to, &room, err))
			return -1;
	}
	if (!room.key[0])
		return 0;
	if (disk_changes(to, now, -1, &changes, &why))
		log_debug("whether there is room to write %s back is not "
			  "known: %s",
			  to->source, why.text);
	else
		room.need = changes.bytes;
	disk_changes_done(&changes);
	take(r, &room);
	return 0;
}

static int
check_rooms(const struct rooms *r, struct err *err)
{
	char need[24], free_bytes[24];

	for (unsigned int i = 0; i < r->n; i++) {
		const struct room *at = &r->at[i];

		if (!at->need ||
		    at->need + at->need / MARGIN_SHARE + MARGIN_BYTES <=
			    at->free)
			continue;
		return err_set(err, ERR_NOSPC, 0,
			       "%s has %s free, and what is written back "
			       "takes %s of it: make it larger, or delete "
			       "what is not needed",
			       at->what,
			       units_size(at->free, free_bytes,
					  sizeof(free_bytes)),
			       units_size(at->need, need, sizeof(need)));
	}
	return 0;
}

int
revert_check_room(const struct revert_target *t, const struct snapshot *now,
		  struct err *err)
{
	struct rooms r = { .n = 0 };

	for (unsigned int i = 0; i < t->held.s.n_disks; i++) {
		const struct snapshot_disk *d = &t->held.s.disks[i];
		const struct snapshot_disk *n =
			snapshot_find_disk(now, d->vdev);

		if (n && add_disk(&r, &d->view, &n->view, err))
			return err_add(err, "disk %s", d->vdev);
	}
	return check_rooms(&r, err);
}
