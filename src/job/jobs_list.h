/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_list.h - the job files of this host, and the domains that run on it. */
#ifndef XENSNAP_JOBS_LIST_H
#define XENSNAP_JOBS_LIST_H

#include "domain_here.h"
#include "err.h"
#include "jobs_file.h"

#define JOBS_FOLDER "/etc/xensnap/jobs.d"
#define JOBS_FILE_MAX (64u << 10)

/* One that says nothing that could be done. */
struct jobs_bad {
	char name[SNAPSHOT_NAME_MAX + 1];
	struct err err;
};

/* In order of their names. */
struct jobs_list {
	unsigned int n;
	struct jobs_file *files;
	unsigned int n_bad;
	struct jobs_bad *bad;
};

/*
 * jobs_list() - read every *.conf in folder @dir, or @only that of job @only,
 * into @ret, for jobs_list_done() in any case.  A file that is wrong is among
 * the bad ones.  -1 with ERR_NOTFOUND (no folder, no such job), ERR_IO,
 * ERR_NOMEM.
 */
int jobs_list(const char *dir, const char *only, struct jobs_list *ret,
	      struct err *err);

/* jobs_list_done() - free what it holds. */
void jobs_list_done(struct jobs_list *l);

/* The domains that run: those that are shut down or dying do not. */
struct jobs_running {
	bool known; /* if not, why not: */
	struct err why;
	unsigned int n;
	struct domain_seen *seen; /* in order of their names */
};

/* jobs_running() - ask the hypervisor; for jobs_running_done().  That it does
 * not answer is no failure of this. */
void jobs_running(struct jobs_running *ret);

/* jobs_running_find() - the one called @name, or NULL. */
const struct domain_seen *jobs_running_find(const struct jobs_running *r,
					    const char *name);

/* jobs_running_done() - free what it holds. */
void jobs_running_done(struct jobs_running *r);

#endif
