/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jobs_status.h - the story of `status`: domains, what is kept of them here,
 * and what their jobs made of them.  What job.h says of jobs holds here too.
 */
#ifndef XENSNAP_JOBS_STATUS_H
#define XENSNAP_JOBS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "jobs_list.h"

/* A domain, in one of the jobs that take it, or in none. */
struct status_row {
	char domain[DOMAIN_NAME_MAX + 1];
	const char *state; /* "running", ..., "gone", "unknown" */
	unsigned int n_snapshots;
	uint64_t newest; /* seconds since 1970; 0: none */
	double used;     /* of the fullest view's room, 0 to 1; negative: none
			  * has any */
	bool lost;       /* a view is, or cannot be told */
	char job[SNAPSHOT_NAME_MAX + 1]; /* "": none */
	uint64_t good;                   /* the newest good backup; 0: never */
	char wrong[480];                 /* what is; "": nothing */
};

struct status_report {
	uint64_t now;
	unsigned int n_wrong; /* rows, and what is told below */
	unsigned int n;
	struct status_row *rows; /* by domain, then by job */
	unsigned int n_notes;    /* of no domain: one line each */
	char (*notes)[480];
};

/*
 * jobs_status() - look at all there is; @l are the jobs, @running what runs,
 * which may be unknown.  Changes nothing.  @ret is for status_report_done() in
 * any case.  -1 with ERR_NOMEM, ERR_IO.
 */
int jobs_status(const struct jobs_list *l, const struct jobs_running *running,
		struct status_report *ret, struct err *err);

/* status_report_done() - free what it holds. */
void status_report_done(struct status_report *r);

#endif
