/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jobs_run.h - the story of `backup --all`: what a job file says, done.  What
 * job.h says of jobs holds here too.
 */
#ifndef XENSNAP_JOBS_RUN_H
#define XENSNAP_JOBS_RUN_H

#include "copy.h"
#include "err.h"
#include "job_protect.h"
#include "job_repo.h"
#include "jobs_file.h"
#include "jobs_list.h"

enum jobs_what {
	JOBS_BACKED_UP,
	JOBS_WOULD,    /* back it up: a dry run */
	JOBS_NOT_DUE,  /* nothing was done */
	JOBS_NOT_NOW,  /* the job: it is outside of its time of the day */
	JOBS_NO_MATCH, /* @domain is a wildcard that no domain matches */
	JOBS_PRUNED,
	JOBS_VERIFIED, /* the job's repository */
	JOBS_FAILED,
	JOBS_BUSY, /* the job: somebody else runs it */
};

/* One thing that became of a domain, or of a job as a whole. */
struct jobs_event {
	enum jobs_what what;
	const char *job;
	const char *domain;                  /* NULL: the job as a whole */
	const struct protect_report *report; /* of JOBS_BACKED_UP, _WOULD */
	uint32_t n_forgotten;                /* of JOBS_PRUNED */
	uint64_t next;   /* of JOBS_NOT_DUE: when its last good backup was */
	const char *why; /* of JOBS_FAILED, JOBS_BUSY: one line */
};

struct jobs_opts {
	bool due; /* only what is due */
	bool dry_run;
	struct disk_cow_size cow; /* of jobs that do not say */
	/* What opens the job's repository, into ret->opener, to be good until
	 * the next call. */
	int (*open)(const struct jobs_file *f, struct repo_how *ret, void *ctx,
		    struct err *err);
	void (*tell)(const struct jobs_event *e, void *ctx);
	void *ctx; /* of both */
	copy_progress *progress;
};

struct jobs_count {
	unsigned int n_good, n_failed, n_not_due, n_busy;
};

/* jobs_what_name() - "backed-up", "failed", ... */
const char *jobs_what_name(enum jobs_what what);

/*
 * jobs_run() - back up the domains of @f, one after another, then prune and
 * verify its repository, as it says; each thing is told by @o->tell, added to
 * @c, and kept (jobs_state.h).  What fails does not stop the rest, and is no
 * failure of this.  A dry run keeps nothing.  -1 with ERR_CANCELLED, ERR_NOMEM.
 */
int jobs_run(const struct jobs_file *f, const struct jobs_running *running,
	     const struct jobs_opts *o, struct jobs_count *c, struct err *err);

/*
 * jobs_metrics() - what is known of all jobs in @l as @path, for Prometheus
 * (prom.h).  Of domains that a job takes by a wildcard only while they run: one
 * that is gone for good is nobody's failure.  -1 as prom_write().
 */
int jobs_metrics(const char *path, const struct jobs_list *l,
		 const struct jobs_running *running, struct err *err);

#endif
