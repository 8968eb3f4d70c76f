/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recover.h - what the files of `recover` share. */
#ifndef XENSNAP_RECOVER_H
#define XENSNAP_RECOVER_H

#include <stdbool.h>

#include "err.h"
#include "job.h"

struct recover {
	struct recover_report *report;
	bool dry_run;
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

#endif
