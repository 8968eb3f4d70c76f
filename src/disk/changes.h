/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes.h - lists of byte ranges that may differ, and what the drivers are
 * asked about two views.
 *
 * A list may always say more than what differs, never less.  So it has a
 * largest size: what comes beyond it makes the list coarser, not longer.
 */
#ifndef XENSNAP_CHANGES_H
#define XENSNAP_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "err.h"

#define CHANGES_MAX (1u << 20)      /* ranges: 16 MiB of memory */
#define CHANGES_GRAIN (64u * 1024u) /* the first step when they don't suffice */

struct changes {
	uint64_t bytes;        /* nothing is kept that begins beyond */
	size_t max;            /* ranges; CHANGES_MAX, less in tests */
	uint64_t grain;        /* ranges are whole ones of it; 1: exact */
	struct disk_extent *e; /* in order, merged, after changes_settle() */
	size_t n;
	size_t room;
	bool settled;
	char how[DISK_HOW_LEN]; /* for the driver to fill */
};

/* Two views of one disk, open for reading; or a view, and the disk itself. */
struct disk_pair {
	const struct disk_view_ref *base;
	const struct disk_view_ref *view;
	int base_fd;
	int view_fd;
	/* @view is the disk itself, by its own path, and nobody writes to it */
	bool is_disk;
};

/* changes_init() - an empty list for a disk of @bytes. */
void changes_init(struct changes *c, uint64_t bytes);

/* changes_done() - free what @c owns; it is empty afterwards. */
void changes_done(struct changes *c);

/*
 * changes_add() - @bytes from @offset on may differ; in any order, overlapping
 * or not, and cut at the end of the disk.  -1 with ERR_NOMEM; then the list is
 * of no use.
 */
int changes_add(struct changes *c, uint64_t offset, uint64_t bytes,
		struct err *err);

/*
 * changes_settle() - put the ranges in order, and make one of those that touch.
 * Each is widened to whole pieces of @grain (1: as it is), and of the list's
 * own grain when that is larger.
 */
void changes_settle(struct changes *c, uint64_t grain);

/*
 * changes_cover() - is all of @part in @whole?  Both settled.  If not,
 * *@ret_at is the first byte that isn't.
 */
bool changes_cover(const struct changes *whole, const struct changes *part,
		   uint64_t *ret_at);

/* changes_take() - settle @c and give its ranges away, to @ret. */
void changes_take(struct changes *c, struct disk_changes *ret);

/*
 * changes_check_pair() - by their records alone: can a table tell what differs
 * between the two?  -1 with ERR_STATE, ERR_UNSUPPORTED.  Pure.
 */
int changes_check_pair(const struct disk_view_ref *base,
		       const struct disk_view_ref *view, struct err *err);

/*
 * changes_ask() - see disk_changes(); @ops is the driver of both.  The base is
 * opened, and so is the view if it is not.
 */
int changes_ask(const struct disk_ops *ops, struct disk_pair *pair,
		struct disk_changes *ret, struct err *err);

/* changes_ask_disk() - see disk_changes_since(); @ops is @base's driver. */
int changes_ask_disk(const struct disk_ops *ops,
		     const struct disk_view_ref *base, int base_fd, int disk,
		     struct disk_changes *ret, struct err *err);

#endif
