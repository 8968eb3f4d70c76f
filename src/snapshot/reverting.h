/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reverting.h - what says that a domain is on its way back to a snapshot.
 *
 * A file ".revert" in the domain's folder, one JSON object: there from before
 * the domain is ended until it is what the snapshot was.  While it is there
 * the disks may be half of the one and half of the other, and the only way is
 * forward: `recover` takes it.  It says all that is needed for that.
 */
#ifndef XENSNAP_REVERTING_H
#define XENSNAP_REVERTING_H

#include <stdbool.h>
#include <stdint.h>

#include "domain.h"
#include "err.h"
#include "snapshot.h"

/* The file beside it by which the domain is booted. */
#define REVERTING_CONFIG ".revert.cfg"

struct reverting {
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];     /* of the snapshot */
	char generation[DOMAIN_UUID_LEN + 1]; /* of it */
	char before[SNAPSHOT_NAME_MAX + 1];   /* has the present; "": nothing */
	uint32_t domid;                 /* of the domain that is to be ended */
	char uuid[DOMAIN_UUID_LEN + 1]; /* its; "": none ran */
	bool disks_only;                /* leave the snapshot's memory */
	bool started; /* the disks are the snapshot's; it is being started */
};

/*
 * reverting_write() - make it say @r, durably, all or nothing.  The domain's
 * lock is held.  -1 with ERR_IO, ERR_NOSPC: it says what it said before.
 */
int reverting_write(const struct reverting *r, struct err *err);

/* reverting_read() - what it says of @domain.  1; 0: it is not there; -1 with
 * ERR_CORRUPT or ERR_IO. */
int reverting_read(const char *domain, struct reverting *ret, struct err *err);

/* reverting_end() - it and REVERTING_CONFIG are not there any more, durably;
 * gone is success.  -1 with ERR_IO. */
int reverting_end(const char *domain, struct err *err);

/*
 * reverting_check() - -1 with ERR_STATE when it is there, so that nobody builds
 * on half a disk; or with reverting_read()'s.
 */
int reverting_check(const char *domain, struct err *err);

#endif
