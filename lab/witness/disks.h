/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disks.h - the guest's disks and where records lie on them.
 *
 * On a raw disk the first MiB is left alone.  A disk that carries an ext4
 * file system is mounted, and what would be the rest of the disk is a
 * preallocated file there.  Either way:
 *
 *	ordered records		slots x 4 KiB
 *	load records		load_slots x 4 KiB
 *
 * All access is O_DIRECT | O_DSYNC, past the page cache.
 */
#ifndef WITNESS_DISKS_H
#define WITNESS_DISKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "options.h"

#define DISKS_MAX 16
#define DISK_RESERVED 1048576u /* left alone at a raw disk's start */

struct disk {
	char name[32];  /* xvda, or the last part of a path */
	char path[256]; /* the device or file, or a directory */
	char dir[256];  /* where its file system is, "" for none */
	int fd;         /* of the device or of the file of records */
	off_t base;     /* where the records begin */
};

struct disks {
	struct disk disk[DISKS_MAX];
	unsigned int count;
	unsigned int slots; /* ordered records per disk */
	unsigned int load_slots;
};

/*
 * disks_open() - find, wait for, mount and open all disks of @o.
 *
 * As pid 1, disks are names in /dev and are waited for; without the option
 * they are those that xenstore knows of.  Otherwise they are paths of files,
 * or of directories, which stand for mounted file systems.
 * Any failure is fatal().
 */
void disks_open(struct disks *d, const struct options *o);

/*
 * disks_reopen() - open other files in the place of the same disks.
 *
 * For the host test: @paths are as for the option "disks".  Any failure is
 * fatal().
 */
void disks_reopen(struct disks *d, const char *paths);

/*
 * disk_slot() - the offset of a slot of ordered (or @load) records.
 */
off_t disk_slot(const struct disks *d, const struct disk *k, int load,
		uint32_t slot);

/*
 * disks_close() - unmount everything, for the end of pid 1.
 *
 * No writer may be under way.  Failures are said and passed over.
 */
void disks_close(struct disks *d);

/*
 * disk_fs_state() - is the file system of @k as it should be?
 *
 * Returns "clean", "ro" (it was made read-only), or "errors" (ext4 has
 * counted errors).  A disk without one is clean.
 */
const char *disk_fs_state(const struct disk *k);

/*
 * disks_drop_caches() - let the next look at small files be at the disk.
 *
 * Only as pid 1: elsewhere the caches belong to others too, nothing is done.
 */
void disks_drop_caches(void);

#endif
