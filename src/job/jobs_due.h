/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_due.h - when a job is to do something.  Pure: the time is given. */
#ifndef XENSNAP_JOBS_DUE_H
#define XENSNAP_JOBS_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs_file.h"

/*
 * jobs_is_due() - what was last done well at @good (0: never), and shall be
 * every @every_s seconds, is to be done at @now?  A little before its time
 * counts, so that ticks which come a moment sooner or later than those of the
 * day before do not put it off by one more each day.  Done later than now is
 * done by a wrong clock: it is due.
 */
bool jobs_is_due(uint64_t good, uint64_t every_s, uint64_t now);

/* jobs_is_late() - has it not been done for twice as long? */
bool jobs_is_late(uint64_t good, uint64_t every_s, uint64_t now);

/* jobs_in_window() - may the job begin at minute @minute of the day? */
bool jobs_in_window(const struct jobs_file *f, unsigned int minute);

/* jobs_minute() - the minute of the day that it is at @now, local time. */
unsigned int jobs_minute(uint64_t now);

#endif
