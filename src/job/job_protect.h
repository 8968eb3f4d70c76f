/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_protect.h - a domain that runs, into a repository: frozen, sent, and only
 * what the next backup is compared to stays on this host.  What job.h says of
 * jobs holds here too.
 */
#ifndef XENSNAP_JOB_PROTECT_H
#define XENSNAP_JOB_PROTECT_H

#include "err.h"
#include "job.h"
#include "job_repo.h"
#include "snapshot.h"

struct protect_opts {
	const char *domain;
	struct create_opts create;
	struct backup_opts backup; /* source and name apart */
	const char *name;          /* of the backup; NULL: the domain's */
	bool keep;                 /* all of the snapshot */
	bool drop_unsent; /* what could not be sent is not kept: another try
			   * comes by itself, and would be kept beside it */
};

struct protect_report {
	struct snapshot s;           /* what it was frozen as */
	struct backup_report backup; /* for backup_report_done() */
	unsigned int n_deleted;      /* bases of before */
};

/*
 * job_protect() - @o->domain as a new backup.  Its snapshot becomes a base (it
 * loses its memory, and the copies among its disks), and the bases of before
 * for that repository are deleted.  @ret is for backup_report_done() of its
 * backup in any case.  -1 as job_create(), and nothing was kept; or as
 * job_backup(), and the snapshot is kept (without drop_unsent): the message
 * says how to go on, and the next backup is compared to what this one would
 * have been.
 */
int job_protect(const struct protect_opts *o, struct protect_report *ret,
		struct err *err);

#endif
