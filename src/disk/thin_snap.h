/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_snap.h - a thin pool's metadata snapshot: its tables as they are at one
 * moment, for a program to read while the pool goes on.
 *
 * A pool can have one.  It is kept in the pool's metadata, also over a restart
 * of the host, takes more and more room there, and does not say whose it is.
 * So before we take one we write that down: /var/lib/xensnap/.thin-UUID
 * (XENSNAP_ROOT replaces the folder), with the pool's device-mapper uuid.  Who
 * dies leaves both, and the next one takes them away.  One that is there
 * without such a file is another program's, and stays.
 *
 * Of several of us one has a pool's metadata at a time: a flock() on the node
 * of the metadata device, which no other program takes.
 */
#ifndef XENSNAP_THIN_SNAP_H
#define XENSNAP_THIN_SNAP_H

#include "dm.h"
#include "err.h"

struct thin_snap {
	char pool[DM_NAME_MAX + 1]; /* the pool's device */
	char uuid[DM_UUID_MAX + 1];
	char metadata[40];    /* path of the device that has it */
	uint64_t block_bytes; /* of the pool's data */
	uint64_t root;        /* where the metadata snapshot is */
	uint64_t transaction; /* at which the pool was */
	int lock;
};

/*
 * thin_snap_take() - have the pool whose device is @pool take a metadata
 * snapshot.  Waits for others of us who have one.  *@ret goes to
 * thin_snap_release().  -1 with ERR_STATE (the pool is not in order), ERR_BUSY
 * (another program has one, or we wait for too long), ERR_CANCELLED, ERR_IO;
 * then there is none of ours.
 */
int thin_snap_take(const struct dm_dev *pool, struct thin_snap *ret,
		   struct err *err);

/*
 * thin_snap_release() - give it back.  What was read in it is right also when
 * that fails: it is warned of, and the word that it is ours stays, so that the
 * next one of us takes it away.
 */
void thin_snap_release(struct thin_snap *s);

/* thin_snap_recover() - see disk_changes_recover(). */
int thin_snap_recover(unsigned int *ret_n, struct err *err);

#endif
