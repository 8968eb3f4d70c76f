/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* keep.c - see keep.h. */
#include <time.h>

#include "keep.h"

#define HOUR 3600
#define DAY (24 * HOUR)

/* 1970-01-01 was a Thursday. */
#define DAYS_BEFORE_FIRST_MONDAY 3

const char *
keep_name(enum keep_rule rule)
{
	static const char *const names[KEEP_RULES] = {
		[KEEP_LAST] = "last",       [KEEP_HOURLY] = "hourly",
		[KEEP_DAILY] = "daily",     [KEEP_WEEKLY] = "weekly",
		[KEEP_MONTHLY] = "monthly", [KEEP_YEARLY] = "yearly",
	};

	return names[rule];
}

/* A number for the period in which @at is. */
static uint64_t
period(enum keep_rule rule, uint64_t at)
{
	time_t t = (time_t)at;
	struct tm tm = { .tm_year = 0 };

	switch (rule) {
	case KEEP_HOURLY:
		return at / HOUR;
	case KEEP_DAILY:
		return at / DAY;
	case KEEP_WEEKLY:
		return (at / DAY + DAYS_BEFORE_FIRST_MONDAY) / 7;
	case KEEP_MONTHLY:
	case KEEP_YEARLY:
		gmtime_r(&t, &tm);
		return (uint64_t)tm.tm_year * 12 +
		       (rule == KEEP_MONTHLY ? (uint64_t)tm.tm_mon : 0);
	case KEEP_LAST:
	case KEEP_RULES:
		break;
	}
	return 0;
}

static void
apply(enum keep_rule rule, unsigned int left, struct keep_item *items,
      uint32_t n)
{
	uint64_t last = 0;
	int any = 0;

	for (uint32_t i = 0; i < n && left > 0; i++) {
		uint64_t p = period(rule, items[i].instant);

		if (rule != KEEP_LAST && any && p == last)
			continue;
		items[i].reasons |= 1u << rule;
		last = p;
		any = 1;
		left--;
	}
}

void
keep_apply(const struct keep_rules *rules, struct keep_item *items, uint32_t n)
{
	for (int rule = 0; rule < KEEP_RULES; rule++)
		apply((enum keep_rule)rule, rules->n[rule], items, n);
}
