/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.c - see clock.h. */
#include "clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

uint64_t
clock_ns(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

double
clock_ms_since(uint64_t start_ns)
{
	return (double)(clock_ns() - start_ns) / 1e6;
}

void
clock_utc(char *ret, size_t len)
{
	clock_utc_at((uint64_t)time(NULL), ret, len);
}

void
clock_utc_at(uint64_t at, char *ret, size_t len)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(ret, len, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		ret[0] = '\0';
}

void
clock_stamp_at(uint64_t at, char *ret)
{
	time_t then = (time_t)at;
	struct tm tm;

	/* A clock that no calendar reaches to is no reason to have no name. */
	if (!gmtime_r(&then, &tm))
		memset(&tm, 0, sizeof(tm));
	strftime(ret, CLOCK_STAMP_LEN, "%Y%m%d-%H%M%S", &tm);
}

void
clock_stamp(char *ret)
{
	clock_stamp_at((uint64_t)time(NULL), ret);
}

void
clock_sleep_ms(unsigned int ms)
{
	struct timespec ts = { (time_t)(ms / 1000),
			       (long)(ms % 1000) * 1000000L };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}
