/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cow.h - the copy-on-write area of a dm-snapshot.
 *
 * Persistent format, version 1: chunk 0 is a header, then come tables of
 * exceptions, each followed by the chunks that it tells of.
 */
#ifndef XENSNAP_COW_H
#define XENSNAP_COW_H

#include <stdint.h>

#include "dm.h"
#include "err.h"

#define COW_CHUNK_BYTES 4096u
#define COW_CHUNK_WORD "4k" /* the same for LVM */

/*
 * cow_max_bytes() - the area with which the snapshot of a disk of
 * @disk_bytes can never overflow.
 */
uint64_t cow_max_bytes(uint64_t disk_bytes);

/* cow_percent_bytes() - the area that is meant by so much of such a disk; by
 * all of it one that can never overflow, which is a bit larger. */
uint64_t cow_percent_bytes(uint64_t disk_bytes, unsigned int percent);

/*
 * cow_find() - the device that holds the area of the snapshot whose table is
 * @table.  -1 with ERR_STATE when it is no such table.
 */
int cow_find(const struct dm_target *table, struct dm_dev *ret,
	     struct err *err);

/*
 * cow_wipe() - zero the header on @dev, so that a snapshot that is loaded
 * next begins empty; checked by reading past the cache.  Nobody may be using
 * the area.  A few synchronous writes.  On failure the header is undefined.
 */
int cow_wipe(const struct dm_dev *dev, struct err *err);

#endif
