/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jobs_state.h - what became of a job: /var/lib/xensnap/.jobs/NAME.json, and
 * NAME.lock, which whoever runs the job has.
 */
#ifndef XENSNAP_JOBS_STATE_H
#define XENSNAP_JOBS_STATE_H

#include <stdint.h>

#include "err.h"
#include "snapshot.h"

/* Of something that is tried again and again. */
struct jobs_try {
	uint64_t good;    /* seconds since 1970 when it last went well; 0 */
	uint64_t attempt; /* when it was last tried; 0: never */
	char error[480];  /* what became of that; "": it went well */
};

struct jobs_domain {
	char name[SNAPSHOT_NAME_MAX + 1];
	struct jobs_try backup;
};

struct jobs_state {
	unsigned int n;
	struct jobs_domain *domains;
	struct jobs_try prune, verify;
};

/*
 * jobs_state_load() - what is known of the job @job, into @ret, for
 * jobs_state_done().  Nothing, if there is no file, or, with a warning, if it
 * cannot be read: then all is due.
 */
void jobs_state_load(const char *job, struct jobs_state *ret);

/* jobs_state_save() - write it, durably.  -1 with ERR_IO, ERR_NOSPC: what was
 * written before is there still. */
int jobs_state_save(const char *job, const struct jobs_state *s,
		    struct err *err);

/* jobs_state_done() - free what it holds. */
void jobs_state_done(struct jobs_state *s);

/* jobs_state_of() - what is known of @domain, or NULL. */
struct jobs_try *jobs_state_of(const struct jobs_state *s, const char *domain);

/* jobs_state_add() - the same, made if it is missing; NULL with ERR_NOMEM.
 * Earlier such places become invalid. */
struct jobs_try *jobs_state_add(struct jobs_state *s, const char *domain,
				struct err *err);

/* jobs_state_forget() - nothing is known any more of entry @i. */
void jobs_state_forget(struct jobs_state *s, unsigned int i);

/*
 * jobs_lock() - become the only one who runs the job @job; does not wait.  A
 * descriptor, to be closed.  -1 with ERR_BUSY, ERR_DENIED, ERR_IO.
 */
int jobs_lock(const char *job, struct err *err);

#endif
