/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crew.h - some threads that do the same work, each its part of it.
 *
 * They share what @ctx points to, and whoever finds an error, or hears of a
 * cancel request, makes all of them stop soon by crew_stop().
 */
#ifndef XENSNAP_CREW_H
#define XENSNAP_CREW_H

#include <stdatomic.h>
#include <stdbool.h>

#include "err.h"

#define CREW_MAX 64

struct crew {
	atomic_bool stop;
	void *ctx;
};

/* What each does: 0, or -1 with @err, after which all others are to stop. */
typedef int crew_fn(struct crew *c, struct err *err);

/*
 * crew_run() - @fn in @n threads (1 to CREW_MAX), until all have returned.  -1
 * with the first error that was not a consequence of crew_stop().
 */
int crew_run(unsigned int n, crew_fn *fn, void *ctx, struct err *err);

/* crew_stopped() - is it time to give up?  Then @err is ERR_CANCELLED. */
bool crew_stopped(struct crew *c, struct err *err);

/* crew_size() - as many as this host has processors, and one that waits for the
 * disk; at most CREW_MAX. */
unsigned int crew_size(void);

#endif
