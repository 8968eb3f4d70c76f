/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recover.h - what the files of `recover` share. */
#ifndef XENSNAP_RECOVER_H
#define XENSNAP_RECOVER_H

#include <stdbool.h>

#include "err.h"
#include "job.h"
#include "journal.h"
#include "watchdog.h"

struct recover {
	struct recover_report *report;
	bool dry_run;
	bool run_only; /* make the domain run, and leave the rest */
	struct err *err;
};

/*
 * recover_tell() - note that @did was done about @what (in a dry run: would
 * be).  The note, to be gone on with, or NULL when there was no room for it.
 */
struct recover_note *recover_tell(struct recover *r, const char *what,
				  const char *did);

/* recover_failed() - @what could not be put right: warn of it, and count it. */
void recover_failed(struct recover *r, const char *what, const struct err *e);

/*
 * recover_views() - remove the views of @domain that no record names; its lock
 * is held (not in a dry run).  -1 with r->err when they cannot be listed.
 */
int recover_views(struct recover *r, const char *domain);

/* recover_touched() - may the domain have been touched by a create that died
 * when its journal said @last? */
bool recover_touched(enum journal_step last);

/*
 * recover_put_right() - the domain and its devices, by the journal @story of
 * @domain@@name: only if they can have been touched and not been put right by
 * the dead process itself, and if the host still is the one that ran them.
 * *@did tells what there was to do.  May be repeated.  -1 as put_right().
 */
int recover_put_right(const struct journal_story *story, const char *domain,
		      const char *name, struct put_right *did, struct err *err);

#endif
