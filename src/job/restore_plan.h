/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore_plan.h - which disks of a backup go where, and whether they can.
 */
#ifndef XENSNAP_RESTORE_PLAN_H
#define XENSNAP_RESTORE_PLAN_H

#include <limits.h>
#include <stdbool.h>

#include "err.h"
#include "job_repo.h"
#include "restore_target.h"

struct restore_plan {
	unsigned int n;
	struct target *targets;
	char dir[PATH_MAX]; /* a folder for all, absolute once made; or "" */
	bool make_dir;      /* it is not there */
	bool made_dir;
};

/*
 * restore_plan() - as @o says, for backup @b; all is checked, nothing changed.
 * @ret is for restore_plan_done() in any case.  -1 with ERR_INVALID (the
 * options do not fit the backup), or as target_check(), lv_make_check().
 */
int restore_plan(const struct restore_opts *o, const struct backup *b,
		 struct restore_plan *ret, struct err *err);

/* restore_plan_done() - close and free what it holds. */
void restore_plan_done(struct restore_plan *p);

#endif
