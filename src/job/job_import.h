/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_import.h - import: what export wrote comes back as a snapshot. */
#ifndef XENSNAP_JOB_IMPORT_H
#define XENSNAP_JOB_IMPORT_H

#include <stdbool.h>

#include "err.h"
#include "job.h"
#include "snapshot.h"
#include "xl_safe.h"

/* Where on this host a disk of the domain is. */
struct import_place {
	char vdev[SNAPSHOT_VDEV_LEN];
	const char *path;
};

struct import_opts {
	const char *dir;
	const char *domain, *name; /* ""; as the export says */
	unsigned int n_places;
	struct import_place places[DOMAIN_DISKS_MAX];
	bool trust_config; /* take the whole configuration */
	bool need_sums;    /* an export without SHA256SUMS is refused */
	bool dry_run;
	job_progress *progress;
	void *progress_ctx;
};

struct import_report {
	struct snapshot s; /* what it is here */
	bool sums;         /* there was SHA256SUMS, and all is as it says */
	struct xl_safe_left left; /* of the configuration */
};

/*
 * job_import() - what is in the folder opts->dir becomes a snapshot on this
 * host: raw or qcow2 disks, and if there are such, memory.xl, domain.cfg or
 * domain.json, snapshot.json, SHA256SUMS.  Nobody vouches for any of it: it is
 * copied, and what was copied is checked.  It gets a generation of its own.
 * A disk of which opts->places does not say where it is on this host is kept
 * all the same, but cannot be reverted to.
 *
 * After a dry run @ret is what it would be.  -1 with ERR_CORRUPT (the file that
 * is not as it should be is named), ERR_EXISTS (the name is taken),
 * ERR_INVALID, ERR_NOTFOUND, ERR_NOSPC, ERR_UNSUPPORTED, ERR_BUSY,
 * ERR_CANCELLED, ERR_IO: nothing was kept.
 */
int job_import(const struct import_opts *opts, struct import_report *ret,
	       struct err *err);

#endif
