/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_trial.h - does a backup come back to life?  What job.h says of jobs holds
 * here too. */
#ifndef XENSNAP_JOB_TRIAL_H
#define XENSNAP_JOB_TRIAL_H

#include "job_repo.h"
#include "sign_of_life.h"

struct trial_opts {
	struct repo_how how;
	const char *backup;
	/* Where its disks are meanwhile: */
	const char *vg;   /* volumes of this group, */
	const char *pool; /* thin ones in this pool; or, without a group, */
	const char *dir;  /* files in this folder */
	bool disks_only;  /* boot it, without its memory */
	bool trust_config;
	struct sign_wanted sign;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct trial_report {
	uint8_t session[SESSION_ID];
	char name[160];                     /* of the backup */
	char domain[SNAPSHOT_NAME_MAX + 1]; /* what it was called meanwhile */
	bool memory;    /* it went on from its memory; else it booted */
	uint64_t bytes; /* of its disks */
	double seconds; /* until it was started */
	struct sign sign;
};

/*
 * job_trial() - restore a backup onto disks of its own, start it as a domain
 * without network, wait for a sign of life, and remove all of it again,
 * whatever came of it.  @ret->sign says whether it lives; that it does not is
 * no failure of this.  Killed at any moment, `recover` removes what is there.
 *
 * -1 as job_restore(), or with ERR_INVALID (no folder), ERR_CANCELLED: it is
 * not known; what is left is told.
 */
int job_trial(const struct trial_opts *o, struct trial_report *ret,
	      struct err *err);

#endif
