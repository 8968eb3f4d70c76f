/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strand.h - several things that go on at a time, of which one runs: which, and
 * for how long, the test decides, so that the same seed does the same.
 */
#ifndef XENSNAP_TEST_STRAND_H
#define XENSNAP_TEST_STRAND_H

#include <stdbool.h>

struct strand;
typedef void strand_fn(void *ctx);

/* strand_new() - @fn, to be run.  NULL: there is no thread for it. */
struct strand *strand_new(strand_fn *fn, void *ctx);

/* strand_run() - until it pauses, or has ended: false, and it is freed. */
bool strand_run(struct strand *s);

/* strand_pause() - inside of one: strand_run() returns, until it is called
 * again.  Outside of all: nothing. */
void strand_pause(void);

#endif
