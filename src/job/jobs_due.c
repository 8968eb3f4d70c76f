/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_due.c - see jobs_due.h. */
#include "jobs_due.h"

#include <time.h>

/* Less than the 15 minutes between two ticks, more than a tick is late. */
#define EARLY_MOST_S 600
#define EARLY_PART 32

bool
jobs_is_due(uint64_t good, uint64_t every_s, uint64_t now)
{
	uint64_t early = every_s / EARLY_PART;

	if (early > EARLY_MOST_S)
		early = EARLY_MOST_S;
	return good == 0 || good > now || now - good >= every_s - early;
}

bool
jobs_is_late(uint64_t good, uint64_t every_s, uint64_t now)
{
	return good == 0 || (now > good && now - good > 2 * every_s);
}

bool
jobs_in_window(const struct jobs_file *f, unsigned int minute)
{
	if (!f->has_window)
		return true;
	if (f->from_min < f->to_min)
		return minute >= f->from_min && minute < f->to_min;
	return minute >= f->from_min || minute < f->to_min;
}

unsigned int
jobs_minute(uint64_t now)
{
	time_t t = (time_t)now;
	struct tm tm = { .tm_hour = 0 };

	localtime_r(&t, &tm);
	return (unsigned int)(tm.tm_hour * 60 + tm.tm_min);
}
