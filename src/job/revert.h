/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* revert.h - the parts of revert: what `recover` shares with it. */
#ifndef XENSNAP_REVERT_H
#define XENSNAP_REVERT_H

#include <limits.h>

#include "err.h"
#include "held.h"
#include "job.h"
#include "reverting.h"

struct revert_target {
	struct held held;
	char config[PATH_MAX]; /* that it is booted by; "": it is not */
};

/*
 * revert_hold() - the snapshot @domain@@name; for revert_drop() in any case.
 * -1 as held_open().
 */
int revert_hold(const char *domain, const char *name, struct revert_target *ret,
		struct err *err);

/* revert_drop() - let go of it. */
void revert_drop(struct revert_target *t);

/* revert_check_places() - is it known where each disk of @t is?  -1 with
 * ERR_UNSUPPORTED. */
int revert_check_places(const struct revert_target *t, struct err *err);

/*
 * revert_check_disks() - can the disks of @t be given back what they were?
 * Changes nothing.  -1 with ERR_CORRUPT or ERR_STATE (a view is not good, and
 * why; the disk has another size, or is another disk), ERR_NOSPC (the view of
 * another snapshot would run full by it), ERR_IO.
 */
int revert_check_disks(const struct revert_target *t, struct err *err);

/* revert_used_bytes() - how much room the views of @t have taken at most, of
 * any disk: so much a new view takes when the disks are written to. */
int revert_used_bytes(const struct revert_target *t, uint64_t *ret,
		      struct err *err);

/*
 * revert_check_room() - have the thin pools and file systems in which the disks
 * of @t lie room for what is written back, by their tables?  @now: the snapshot
 * of the present, with which the disks share all.  Changes nothing; seconds.
 * -1 with ERR_NOSPC, ERR_IO, ERR_DENIED.  What no table tells is not looked at.
 */
int revert_check_room(const struct revert_target *t, const struct snapshot *now,
		      struct err *err);

/*
 * revert_disks() - write to the disks of @t what its views have, where that is
 * another; durable when it returns.  Nobody may have them: -1 with ERR_BUSY and
 * who, ERR_IO, ERR_NOSPC, ERR_CORRUPT (a view was lost): some may be written.
 * Takes as long as reading them.  Cannot be cancelled.
 */
int revert_disks(const struct revert_target *t, const struct revert_opts *o,
		 struct revert_report *ret, struct err *err);

/*
 * revert_finish() - from reverting_write() on there is but one way, and this is
 * it: end the domain, write the disks, start it, forget @r.  May be repeated,
 * and by others.  -1: @r is there still, and what is true is in @err.
 */
int revert_finish(struct reverting *r, struct revert_target *t,
		  const struct revert_opts *o, struct revert_report *ret,
		  struct err *err);

#endif
