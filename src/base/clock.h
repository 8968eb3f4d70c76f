/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.h - the two clocks we read. */
#ifndef XENSNAP_CLOCK_H
#define XENSNAP_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* clock_ns() - monotonic nanoseconds; only differences mean something. */
uint64_t clock_ns(void);

/* clock_ms_since() - milliseconds, with fraction, since @start_ns. */
double clock_ms_since(uint64_t start_ns);

/*
 * clock_utc() - now as "2026-11-22T20:35:13Z" in @ret (at least 21 bytes).
 */
void clock_utc(char *ret, size_t len);

/* clock_utc_at() - the same of @at, seconds since 1970. */
void clock_utc_at(uint64_t at, char *ret, size_t len);

/* clock_stamp() - now, UTC, as "20261122-203513" in @ret (CLOCK_STAMP_LEN
 * bytes): what a snapshot is called that has no other name. */
void clock_stamp(char *ret);

/* clock_stamp_at() - the same of @at, seconds since 1970. */
void clock_stamp_at(uint64_t at, char *ret);

#define CLOCK_STAMP_LEN 16

/* clock_sleep_ms() - sleep, signals or not. */
void clock_sleep_ms(unsigned int ms);

#endif
