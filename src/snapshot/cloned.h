/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cloned.h - what says that a domain is a clone, and of which snapshot.
 *
 * A file ".clone" in the clone's folder, one JSON object: there from before the
 * first of its disks is made until the last is gone.  As long as it is there
 * the snapshot is not deleted.  One that does not say "made" is of a clone that
 * is being made, or removed; `recover` removes it.
 */
#ifndef XENSNAP_CLONED_H
#define XENSNAP_CLONED_H

#include <stdbool.h>
#include <stdint.h>

#include "disk_clone.h"
#include "domain.h"
#include "err.h"
#include "snapshot.h"

/* The file beside it by which xl starts the clone. */
#define CLONED_CONFIG ".clone.cfg"

struct cloned_disk {
	char vdev[SNAPSHOT_VDEV_LEN];
	struct disk_clone disk;
};

struct cloned {
	char domain[SNAPSHOT_NAME_MAX + 1]; /* the clone */
	char uuid[DOMAIN_UUID_LEN + 1];     /* its; its disks' token as well */
	char from[SNAPSHOT_NAME_MAX + 1];   /* the snapshot: its domain */
	char name[SNAPSHOT_NAME_MAX + 1];   /* and its name */
	char generation[DOMAIN_UUID_LEN + 1]; /* of it */
	char created[24];                     /* UTC, RFC 3339 */
	bool made;
	bool memory; /* it went on from its memory */
	unsigned int n_disks;
	struct cloned_disk disks[DOMAIN_DISKS_MAX];
};

/*
 * cloned_write() - make it say @c, durably, all or nothing.  The clone's lock
 * is held.  -1 with ERR_IO, ERR_NOSPC: it says what it said before.
 */
int cloned_write(const struct cloned *c, struct err *err);

/* cloned_read() - what it says of @domain.  1; 0: it is no clone; -1 with
 * ERR_CORRUPT, ERR_UNSUPPORTED or ERR_IO. */
int cloned_read(const char *domain, struct cloned *ret, struct err *err);

/* cloned_end() - it and CLONED_CONFIG are not there any more, durably; gone is
 * success.  -1 with ERR_IO. */
int cloned_end(const char *domain, struct err *err);

/*
 * cloned_each() - call @fn for each clone of @from@@name (NULL: of any) on this
 * host; its returning -1 stops.  -1 also when a record cannot be read: it may
 * be of one.
 */
int cloned_each(const char *from, const char *name,
		int (*fn)(const struct cloned *c, void *ctx), void *ctx,
		struct err *err);

/*
 * cloned_check_none() - -1 with ERR_STATE, naming them, when there are clones
 * of @from@@name; or with what cloned_each() tells.
 */
int cloned_check_none(const char *from, const char *name, struct err *err);

#endif
