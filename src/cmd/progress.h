/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * progress.h - one line on a terminal that tells how far long work is.
 *
 * It appears when something has taken a second, is drawn anew a few times a
 * second, and is erased at the end and for every line that comes between.
 * Safe to call from any thread.
 */
#ifndef XENSNAP_PROGRESS_H
#define XENSNAP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* progress_init() - with @on false nothing is ever drawn. */
void progress_init(bool on);

/* progress_tell() - a job_progress (job.h). */
void progress_tell(const char *what, uint64_t done, uint64_t total, void *ctx);

/* progress_above() - write to stderr, above the line. */
void progress_above(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* progress_end() - erase the line; the next progress_tell() begins anew. */
void progress_end(void);

/* What progress_line() shows. */
struct progress_state {
	const char *what;
	uint64_t done;
	uint64_t total; /* 0, or less than done: not known */
	double rate;    /* bytes a second, 0: not known */
	size_t width;   /* of the terminal */
};

/* progress_line() - the line, no wider than the terminal, into @ret. */
void progress_line(const struct progress_state *s, char *ret, size_t len);

#endif
