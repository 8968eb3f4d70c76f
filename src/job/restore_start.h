/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore_start.h - the domain of a backup goes on, on its restored disks.
 *
 * Of its configuration, which whoever could write to the repository may have
 * written, that is taken which xl_safe.h lets through.
 *
 * Life: restore_start_plan() and restore_start_check_memory() before anything
 * is made -> the disks are restored
 * -> restore_start_config() -> restore_start_run() -> restore_start_done().
 */
#ifndef XENSNAP_RESTORE_START_H
#define XENSNAP_RESTORE_START_H

#include <limits.h>
#include <stdbool.h>

#include "err.h"
#include "get.h"
#include "job_repo.h"
#include "restore_memory.h"
#include "restore_plan.h"
#include "snapshot.h"
#include "xl_safe.h"

struct restore_start {
	char name[SNAPSHOT_NAME_MAX + 1]; /* it will be called so */
	char uuid[DOMAIN_UUID_LEN + 1];
	char config[PATH_MAX]; /* the file by which xl starts it */
	bool memory;           /* it goes on from its memory; else it boots */
	struct xl_safe_left left;
	/* its own */
	bool other, offline, pv;
	bool in_folder;   /* the file is that of the folder */
	bool is_clone;    /* or a clone's: so is the lock */
	char *both;       /* the texts of the backup's configuration, */
	const char *text; /* the domain's in it */
	char *safe;       /* what is taken of that, */
	char *json;       /* as this domain's, if it is libxl's JSON, */
	char *cfg;        /* and as an xl file */
};

/*
 * restore_start_plan() - can the domain of @b run here, as @o says, on the
 * disks of @p?  @g reads the configuration.  Changes nothing; @s is for
 * restore_start_done() in any case.  -1 with ERR_INVALID (no name, or a disk
 * goes nowhere), ERR_EXISTS (it runs, or is called like a clone),
 * ERR_UNSUPPORTED (no domain, no Xen that could run it), ERR_NOSPC (no memory
 * for it), ERR_NOTFOUND (no such bridge), ERR_CORRUPT, ERR_IO.
 */
int restore_start_plan(struct restore_start *s, const struct restore_opts *o,
		       struct getter *g, const struct backup *b,
		       const struct restore_plan *p, struct err *err);

/*
 * restore_start_check_memory() - of a domain that is to go on from its memory,
 * @m: is that what it should be, and has this host's processor all that the
 * guest was told of?  Changes nothing.  -1 with ERR_UNSUPPORTED, or as
 * restore_memory().
 */
int restore_start_check_memory(const struct restore_start *s,
			       const struct restore_memory *m, struct err *err);

/*
 * restore_start_config() - what xl will be given: @s->cfg, in file @s->config.
 * That is in @p's folder, and then whoever fills that writes it; or else it is
 * ours.  -1 with ERR_CORRUPT, ERR_INVALID, ERR_NOMEM, ERR_UNSUPPORTED.
 */
int restore_start_config(struct restore_start *s, const struct restore_opts *o,
			 const struct restore_plan *p, struct err *err);

/*
 * restore_start_run() - start it, from the memory that @m says, or from its
 * disks.  Whatever kills us on the way, it runs from all of its memory or not
 * at all.  -1 with ERR_BUSY, ERR_STATE (somebody else started one of the name),
 * or as domain_boot() and restore_memory(): it does not run; the disks and the
 * configuration are there.
 */
int restore_start_run(struct restore_start *s, struct restore_memory *m,
		      struct err *err);

/* restore_start_done() - free what @s holds. */
void restore_start_done(struct restore_start *s);

#endif
