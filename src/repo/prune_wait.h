/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prune_wait.h - the sessions for which a sweep has to wait. */
#ifndef XENSNAP_PRUNE_WAIT_H
#define XENSNAP_PRUNE_WAIT_H

#include "err.h"
#include "repo_prune.h"

/*
 * prune_wait() - until all sessions that are at work now have ended: whoever
 * begins later sees the head that condemns.  Dead ones of this host, and those
 * that are too old, are ended here.  1: all have; 0: it took too long, and
 * @report says how many are left; -1 with the store's errors or ERR_CANCELLED.
 */
int prune_wait(struct repo *r, const struct prune_how *how,
	       struct prune_report *report, struct err *err);

#endif
