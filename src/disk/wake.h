/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wake.h - a limit for a system call that has none of its own, but ends at
 * any signal (EINTR).
 */
#ifndef XENSNAP_WAKE_H
#define XENSNAP_WAKE_H

#include <signal.h>
#include <time.h>

#include "err.h"

struct wake {
	timer_t timer;
	sigset_t mask; /* of signals, before */
};

/*
 * wake_begin() - from @ms on, disturb this thread by a signal, again and
 * again: the first may come before the call that it is meant for.  -1 with
 * ERR_IO, and then nothing is to be ended.
 */
int wake_begin(struct wake *w, unsigned int ms, struct err *err);

/* wake_end() - leave it alone again. */
void wake_end(struct wake *w);

#endif
