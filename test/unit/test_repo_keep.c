/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_repo_keep.c - which backups the rules take, judged by dates as people
 * write them and by the calendar of the C library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "keep.h"

#define MANY 400

/* "2024-02-29 23:59:59" in UTC. */
static uint64_t
at(const char *text)
{
	struct tm tm = { .tm_year = 0 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);

	assert_true(end && !*end);
	return (uint64_t)timegm(&tm);
}

/*
 * @rule, for @n periods, of backups at @times, newest first and NULL at the
 * end, takes those with a '1' in @taken.
 */
static void
takes(enum keep_rule rule, unsigned int n, const char *const *times,
      const char *taken)
{
	struct keep_rules rules = { .n = { 0 } };
	struct keep_item items[16] = { { 0 } };
	uint32_t n_items = 0;
	char is[17] = "";

	for (; times[n_items]; n_items++)
		items[n_items].instant = at(times[n_items]);
	rules.n[rule] = n;
	keep_apply(&rules, items, n_items);
	for (uint32_t i = 0; i < n_items; i++) {
		assert_int_equal(items[i].reasons & ~(1u << rule), 0);
		is[i] = items[i].reasons ? '1' : '0';
	}
	assert_string_equal(is, taken);
}

static void
test_last(void **state)
{
	static const char *const times[] = { "2024-05-01 12:00:00",
					     "2024-05-01 12:00:00",
					     "2024-05-01 11:59:59", NULL };

	(void)state;
	takes(KEEP_LAST, 0, times, "000");
	takes(KEEP_LAST, 2, times, "110");
	takes(KEEP_LAST, 9, times, "111");
}

static void
test_hourly_and_daily(void **state)
{
	static const char *const times[] = { "2024-03-01 00:00:00",
					     "2024-02-29 23:59:59",
					     "2024-02-29 23:00:00",
					     "2024-02-29 22:59:59",
					     "2024-02-28 22:59:59",
					     "2023-02-28 22:59:59",
					     NULL };

	(void)state;
	takes(KEEP_HOURLY, 4, times, "110110");
	takes(KEEP_HOURLY, 2, times, "110000");
	takes(KEEP_DAILY, 2, times, "110000");
	takes(KEEP_DAILY, 4, times, "110011");
}

/* A week begins on Monday, and may lie in two years. */
static void
test_weekly(void **state)
{
	static const char *const times[] = { "2025-01-06 00:00:00", /* Monday */
					     "2025-01-05 23:59:59", /* Sunday */
					     "2025-01-01 00:00:00",
					     "2024-12-31 23:59:59",
					     "2024-12-30 00:00:00", /* Monday */
					     "2024-12-29 23:59:59",
					     NULL };

	(void)state;
	takes(KEEP_WEEKLY, 2, times, "110000");
	takes(KEEP_WEEKLY, 9, times, "110001");
}

static void
test_monthly_and_yearly(void **state)
{
	static const char *const times[] = { "2025-01-31 23:59:59",
					     "2025-01-01 00:00:00",
					     "2024-12-31 23:59:59",
					     "2024-02-29 12:00:00",
					     "2024-02-01 00:00:00",
					     "2023-02-28 00:00:00",
					     NULL };

	(void)state;
	takes(KEEP_MONTHLY, 3, times, "101100");
	takes(KEEP_MONTHLY, 9, times, "101101");
	takes(KEEP_YEARLY, 2, times, "101000");
	takes(KEEP_YEARLY, 9, times, "101001");
}

/* Several rules, and a backup that more than one takes. */
static void
test_together(void **state)
{
	struct keep_rules rules = { .n = { 0 } };
	struct keep_item items[3] = { { at("2024-05-02 10:00:00"), 0 },
				      { at("2024-05-02 09:00:00"), 0 },
				      { at("2024-04-30 09:00:00"), 0 } };

	(void)state;
	rules.n[KEEP_LAST] = 1;
	rules.n[KEEP_DAILY] = 2;
	rules.n[KEEP_YEARLY] = 1;
	keep_apply(&rules, items, 3);
	assert_int_equal(items[0].reasons, 1u << KEEP_LAST | 1u << KEEP_DAILY |
						   1u << KEEP_YEARLY);
	assert_int_equal(items[1].reasons, 0);
	assert_int_equal(items[2].reasons, 1u << KEEP_DAILY);
}

static int
newest_first(const void *a, const void *b)
{
	const struct keep_item *x = a, *y = b;

	return x->instant < y->instant ? 1 : x->instant > y->instant ? -1 : 0;
}

/* What strftime() calls the period that @instant is in. */
static void
period_name(enum keep_rule rule, uint64_t instant, char ret[32])
{
	time_t t = (time_t)instant;
	struct tm tm;

	gmtime_r(&t, &tm);
	if (rule == KEEP_HOURLY)
		strftime(ret, 32, "%Y-%m-%d %H", &tm);
	else if (rule == KEEP_DAILY)
		strftime(ret, 32, "%Y-%m-%d", &tm);
	else if (rule == KEEP_WEEKLY)
		strftime(ret, 32, "%G-%V", &tm);
	else if (rule == KEEP_MONTHLY)
		strftime(ret, 32, "%Y-%m", &tm);
	else
		strftime(ret, 32, "%Y", &tm);
}

/*
 * Of backups at random, a rule takes exactly those whose period, as strftime()
 * names it, differs from that of the one before.
 */
static void
test_by_calendar(void **state)
{
	static const struct {
		enum keep_rule rule;
		uint64_t span; /* seconds that MANY backups are spread over */
	} all[] = {
		{ KEEP_HOURLY, MANY * 2000ull },
		{ KEEP_DAILY, MANY * 40000ull },
		{ KEEP_WEEKLY, MANY * 300000ull },
		{ KEEP_MONTHLY, MANY * 1000000ull },
		{ KEEP_YEARLY, MANY * 10000000ull },
	};

	(void)state;
	srandom(20);
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		struct keep_rules rules = { .n = { 0 } };
		struct keep_item items[MANY] = { { 0 } };
		char before[32] = "", name[32];
		unsigned int taken = 0;

		for (int i = 0; i < MANY; i++)
			items[i].instant =
				1000000000 + (uint64_t)random() % all[k].span;
		qsort(items, MANY, sizeof(items[0]), newest_first);
		rules.n[all[k].rule] = MANY;
		keep_apply(&rules, items, MANY);
		for (int i = 0; i < MANY; i++) {
			period_name(all[k].rule, items[i].instant, name);
			assert_int_equal(items[i].reasons != 0,
					 strcmp(name, before) != 0);
			taken += items[i].reasons != 0;
			strcpy(before, name);
		}
		/* Both happened, often. */
		assert_in_range(taken, MANY / 8, MANY - MANY / 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_hourly_and_daily),
		cmocka_unit_test(test_weekly),
		cmocka_unit_test(test_monthly_and_yearly),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_by_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
