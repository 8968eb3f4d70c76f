/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm.h - the few things we ask of the kernel's device-mapper.
 *
 * Everything LVM does in the end is done here: tables of devices, and holding
 * them.  LVM itself, that is its metadata, is lvm.h.  Each call is one or two
 * ioctls: microseconds to milliseconds, unless it says otherwise.  Nothing is
 * kept open between calls.  Any thread may call; they take turns.
 */
#ifndef XENSNAP_DM_H
#define XENSNAP_DM_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define DM_NAME_MAX 127
#define DM_UUID_MAX 128
#define DM_SECTOR 512u
#define DM_METADATA_BLOCK 4096u /* of a thin pool */

struct dm_dev {
	bool exists; /* if not, nothing else is set */
	char name[DM_NAME_MAX + 1];
	char uuid[DM_UUID_MAX + 1];
	unsigned int major;
	unsigned int minor;
	unsigned int open_count;
	bool suspended;
	bool read_only;
	bool live_table;
	bool inactive_table; /* loaded, to become live at the next resume */
};

/* One line of a device's table or status. */
struct dm_target {
	uint64_t start; /* sectors */
	uint64_t length;
	char type[32];
	char params[512];
	unsigned int n_targets; /* of the device; this is the first */
};

struct dm_snapshot_status {
	bool invalid;  /* overflowed, or its area failed: the kernel keeps to
			* itself which */
	bool overflow; /* by what was written to itself */
	bool merge_failed;
	uint64_t used; /* sectors, metadata included */
	uint64_t total;
	uint64_t metadata;
};

struct dm_pool_status {
	bool failed;
	bool read_only;
	bool needs_check;
	bool out_of_data;
	bool queues; /* a write for which there is no room waits */
	uint64_t transaction_id;
	uint64_t data_blocks; /* their size is in the pool's table */
	uint64_t data_used;
	uint64_t metadata_blocks; /* of DM_METADATA_BLOCK bytes */
	uint64_t metadata_used;
	uint64_t held_root; /* where its metadata snapshot is, 0: it has none */
};

struct dm_thin_table {
	unsigned int pool_major;
	unsigned int pool_minor;
	unsigned int id;      /* in the pool */
	bool external_origin; /* for what it does not hold itself */
};

struct dm_pool_table {
	unsigned int metadata_major;
	unsigned int metadata_minor;
	uint64_t block_bytes;
};

/* What udev is to think of a device whose table changes. */
enum dm_udev {
	DM_UDEV_VOLUME,   /* as LVM's plain volumes */
	DM_UDEV_SNAPSHOT, /* as LVM's snapshots: links prefer the origin */
	DM_UDEV_UNREADY,  /* not to be looked into */
};

/*
 * dm_find_name() - look up the device called @name.  *@ret tells whether it
 * exists; that it doesn't is no error.  -1 with ERR_DENIED, ERR_UNSUPPORTED
 * (no device-mapper here) or ERR_IO.
 */
int dm_find_name(const char *name, struct dm_dev *ret, struct err *err);

/* dm_find_uuid() - the same by device-mapper's uuid. */
int dm_find_uuid(const char *uuid, struct dm_dev *ret, struct err *err);

/* dm_find_number() - the same by device number. */
int dm_find_number(unsigned int major, unsigned int minor, struct dm_dev *ret,
		   struct err *err);

/*
 * dm_table() - the first line of the live table of @name.  -1 with
 * ERR_NOTFOUND when there is no such device or it has no table.
 */
int dm_table(const char *name, struct dm_target *ret, struct err *err);

/*
 * dm_status() - the same, its status.  Nothing is written out for it, so it
 * also answers for a device that is suspended.
 */
int dm_status(const char *name, struct dm_target *ret, struct err *err);

/* dm_snapshot_status() - read @t, the status of a "snapshot". */
int dm_snapshot_status(const struct dm_target *t,
		       struct dm_snapshot_status *ret, struct err *err);

/* dm_pool_status() - read @t, the status of a "thin-pool". */
int dm_pool_status(const struct dm_target *t, struct dm_pool_status *ret,
		   struct err *err);

/* dm_thin_table() - read @t, the table of a "thin".  -1 with ERR_UNSUPPORTED
 * when it is none. */
int dm_thin_table(const struct dm_target *t, struct dm_thin_table *ret,
		  struct err *err);

/* dm_pool_table() - the same of a "thin-pool". */
int dm_pool_table(const struct dm_target *t, struct dm_pool_table *ret,
		  struct err *err);

/* dm_has_target() - can the kernel do @type?  1, 0, or -1. */
int dm_has_target(const char *type, struct err *err);

/*
 * dm_suspend() - write out what the page cache and a file system hold for
 * @name, finish what is under way, and let everything further wait.  When what
 * is under way does not come to its end within @limit_ms: ERR_TIMEOUT.  On
 * failure it is not suspended.  Signals do not disturb it.
 */
int dm_suspend(const char *name, unsigned int limit_ms, struct err *err);

/*
 * dm_resume() - put the inactive table of @name, if there is one, into use,
 * and let it run.  On failure its state is as before.
 */
int dm_resume(const char *name, enum dm_udev udev, struct err *err);

/*
 * dm_load() - load the one-line table @t into the inactive slot of @name,
 * replacing what is there.  On failure the slot is as before.
 */
int dm_load(const char *name, const struct dm_target *t, bool read_only,
	    struct err *err);

/*
 * dm_make() - make the device @name with @uuid and the one-line table @t, and
 * let it run.  udev gives it its names, and does not look into it.  -1 with
 * ERR_BUSY when there is one of that name or uuid; on failure there is none.
 */
int dm_make(const char *name, const char *uuid, const struct dm_target *t,
	    bool read_only, struct err *err);

/* dm_remove() - take the device @name away.  -1 with ERR_BUSY (it is open). */
int dm_remove(const char *name, struct err *err);

/* dm_clear() - empty the inactive slot of @name. */
int dm_clear(const char *name, struct err *err);

/*
 * dm_message() - send @text to the first target of @name.  err->sys is the
 * kernel's answer.
 */
int dm_message(const char *name, const char *text, struct err *err);

#endif
