/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cancel.h - Ctrl-C and its like, as a flag and a descriptor to poll.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks the job to stop in good order; a
 * second one within the same command is ignored, since a domain may stand
 * still: the watchdog is there for whoever sends SIGKILL.
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
