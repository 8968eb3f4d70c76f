/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cancel.h - Ctrl-C and its like, as a flag and a descriptor to poll.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks the job to stop in good order. One
 * that comes a second later or more ends the process at once, by that signal,
 * as SIGKILL would: the watchdog resumes a domain that stands still and says
 * so, `recover` does the rest.  Those in between are one impatience, or a
 * terminal that closes and tells so twice, and are ignored.
 */
#ifndef XENSNAP_CANCEL_H
#define XENSNAP_CANCEL_H

#include <stdbool.h>

#include "err.h"

/* cancel_init() - take over the signals.  Once, before threads start. */
int cancel_init(struct err *err);

/* cancel_requested() - has somebody asked us to stop? */
bool cancel_requested(void);

/* cancel_fd() - readable as soon as cancel_requested(); never read it.  -1
 * before cancel_init(). */
int cancel_fd(void);

/* cancel_check() - 0, or -1 with ERR_CANCELLED. */
int cancel_check(struct err *err);

#endif
