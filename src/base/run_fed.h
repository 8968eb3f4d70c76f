/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_fed.h - run another program that reads what we write meanwhile. */
#ifndef XENSNAP_RUN_FED_H
#define XENSNAP_RUN_FED_H

#include "err.h"
#include "run.h"

/* Writes all of it to the pipe @to, in sequence; -1 with @err ends it. */
typedef int run_feed(void *ctx, int to, struct err *err);

/*
 * run_fed() - run_ok() of @argv, with what @feed writes, in this thread, as its
 * standard input, which ends when @feed returns: so a program that checks its
 * input for being whole fails when @feed did.  @opts->stdin_fd is not looked
 * at.  The caller ignores SIGPIPE.
 *
 * -1 with what @feed reported, or as run_ok(); when the program ended before it
 * had read all, that is why.
 */
int run_fed(const char *const argv[], const struct run_opts *opts,
	    run_feed *feed, void *ctx, struct err *err);

#endif
