/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_key_tell.h - what xensnap key says. */
#ifndef XENSNAP_CMD_KEY_TELL_H
#define XENSNAP_CMD_KEY_TELL_H

#include <stdbool.h>

#include "err.h"
#include "job_key.h"

/*
 * key_tell_list() - the keys, as a table or as @json; an exit status
 * (CMD_WARNINGS if one is not there twice and whole), or -1 with ERR_NOMEM.
 */
int key_tell_list(const struct key_list *l, bool json, struct err *err);

/* What was done with a key. */
struct key_telling {
	const char *action; /* of the command line */
	const char *done;   /* "added", "would add" */
	const char *made;   /* the key file that was made for it, or NULL */
	const char *text;   /* export --paper: the key itself, else NULL */
	const char *file;   /* export --to: where it is now, else NULL */
	bool json, dry_run;
};

/* key_tell() - @r, as lines or as JSON; 0, or -1 with ERR_NOMEM. */
int key_tell(const struct key_telling *t, const struct key_report *r,
	     struct err *err);

#endif
