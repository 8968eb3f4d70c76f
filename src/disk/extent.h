/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * extent.h - what differs between two files that share blocks, by where their
 * file system has put them (ioctl_fiemap(2)).
 */
#ifndef XENSNAP_EXTENT_H
#define XENSNAP_EXTENT_H

#include <linux/fiemap.h>

#include "changes.h"
#include "err.h"

/* extent_changes() - a driver's changes(), for XFS and btrfs. */
int extent_changes(const struct disk_pair *pair, struct changes *ret,
		   struct err *err);

/*
 * A file's extents, one after the other; @more fetches what begins at or
 * reaches over @from: at most @n, in order.  Returns how many (0: none), or
 * -1.
 */
struct extent_source {
	int (*more)(void *ctx, uint64_t from, struct fiemap_extent *e,
		    unsigned int n, struct err *err);
	void *ctx;
	uint64_t bytes; /* the file's */
};

/*
 * extent_compare() - add to @ret all that is not known to be the same in both:
 * extents at the same place that both files share, and what reads as zeros in
 * both.  -1 with ERR_CORRUPT when extents overlap or go backwards, or what
 * more() says.  Pure.
 */
int extent_compare(const struct extent_source *base,
		   const struct extent_source *view, struct changes *ret,
		   struct err *err);

#endif
