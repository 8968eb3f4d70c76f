/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hand.h - a child process that does one thing that may take long.
 *
 * LVM may wait for a lock, a hook may hang, a domain may not answer.  The
 * guard does none of that itself: it forks a hand, looks on, and hears of the
 * outcome when there is one.  A hand shares nothing with the guard but the
 * pipe on which it answers, and outlives it when that is killed: what it began
 * it brings to its end.
 */
#ifndef XENSNAP_HAND_H
#define XENSNAP_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

struct hand {
	pid_t pid; /* 0: idle */
	int fd;    /* its answer comes here, -1: idle */
	struct buf answer;
	uint64_t since_ns;
};

#define HAND_INIT                                             \
	{                                                     \
		.pid = 0, .fd = -1, .answer = {.data = NULL } \
	}

/*
 * What a hand does, in a process of its own: 0 and its answer in @ret, or -1
 * with @err.
 */
typedef int hand_fn(void *arg, struct buf *ret, struct err *err);

/*
 * hand_start() - let the idle hand @h do @fn(@arg), @arg as it is now.  The
 * descriptor @close_fd (-1: none) is closed in it.  -1 with ERR_IO: it is idle.
 */
int hand_start(struct hand *h, hand_fn *fn, void *arg, int close_fd,
	       struct err *err);

/* hand_busy() - is it at work? */
bool hand_busy(const struct hand *h);

/*
 * hand_ready() - take in what came; true once it is done.  Then *@ret_rc is
 * what its function returned, with @err, and h->answer its answer; it is idle,
 * and may be started again.  One that died counts as -1 with ERR_IO.
 */
bool hand_ready(struct hand *h, int *ret_rc, struct err *err);

/* hand_wait() - wait for its end for at most @ms; true when it is idle. */
bool hand_wait(struct hand *h, unsigned int ms);

/* hand_done() - free its answer; one that is at work is left to itself. */
void hand_done(struct hand *h);

#endif
