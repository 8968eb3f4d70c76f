/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_guard_forecast.c - how fast does it fill, whatever it is fed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "forecast.h"

/* Is @have within a hundredth of @want? */
static void
near(double have, double want)
{
	if (fabs(have - want) > want / 100)
		fail_msg("have %f, want %f", have, want);
}

/* From @at_ms for @for_ms, a sample each @step_ms, at @rate bytes a second. */
static uint64_t
feed(struct forecast *f, uint64_t *at_ms, uint64_t for_ms, uint64_t step_ms,
     uint64_t used, uint64_t rate)
{
	uint64_t end = *at_ms + for_ms;

	while (*at_ms < end) {
		*at_ms += step_ms;
		used += rate * step_ms / 1000;
		forecast_add(f, *at_ms, used);
	}
	return used;
}

static void
nothing_seen(void **state)
{
	struct forecast f = { .seen = 0 };

	(void)state;
	assert_true(forecast_rate(&f) == 0);
	assert_true(isinf(forecast_seconds(&f, 1)));
	forecast_add(&f, 1000, 5000);
	assert_true(forecast_rate(&f) == 0);
	/* Too short a time to say anything. */
	forecast_add(&f, 1000 + FORECAST_LEAST_MS - 1, 1 << 20);
	assert_true(forecast_rate(&f) == 0);
}

static void
steady(void **state)
{
	(void)state;
	for (uint64_t step = 50; step <= 60000; step = step * 5 / 2) {
		struct forecast f = { .seen = 0 };
		uint64_t at = 1;

		feed(&f, &at, 600000, step, 0, 1 << 20);
		near(forecast_rate(&f), 1 << 20);
		near(forecast_seconds(&f, 100 << 20), 100);
	}
}

static void
idle(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1;

	(void)state;
	feed(&f, &at, 600000, 1000, 1 << 30, 0);
	assert_true(forecast_rate(&f) == 0);
	assert_true(isinf(forecast_seconds(&f, 1)));
}

/* A burst is seen at once, by the short window. */
static void
burst_begins(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1, used;

	(void)state;
	used = feed(&f, &at, 600000, 1000, 0, 1000);
	feed(&f, &at, 5000, 250, used, 50 << 20);
	assert_true(forecast_rate(&f) > 40 << 20);
}

/* 10 MiB each 30 seconds: between two of them the long window remembers. */
static void
bursts(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1, used = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		used += 10 << 20;
		forecast_add(&f, ++at, used);
		used = feed(&f, &at, 30000, 1000, used, 0);
	}
	assert_true(forecast_rate(&f) > 0.8 * (10 << 20) / 30);
	assert_true(forecast_rate(&f) < 1.3 * (10 << 20) / 30);
}

/* And after some minutes of nothing it is forgotten. */
static void
burst_ends(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1, used;

	(void)state;
	used = feed(&f, &at, 10000, 250, 0, 50 << 20);
	used = feed(&f, &at, FORECAST_LONG_MS + FORECAST_LONG_MS / 8, 1000,
		    used, 0);
	assert_true(forecast_rate(&f) == 0);
	assert_true(used > 0);
}

static void
backwards(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1, used;

	(void)state;
	feed(&f, &at, 60000, 1000, 0, 1 << 20);
	/* Something was given back: a pool was trimmed. */
	used = feed(&f, &at, 1000, 1000, 1000, 0);
	assert_true(forecast_rate(&f) == 0);
	feed(&f, &at, 10000, 500, used, 4096);
	near(forecast_rate(&f), 4096);
}

static void
clock_steps(void **state)
{
	struct forecast f = { .seen = 0 };
	uint64_t at = 1000000, used;

	(void)state;
	used = feed(&f, &at, 60000, 1000, 0, 1000);
	/* Back, and standing still: as if it was not looked at. */
	forecast_add(&f, at - 50000, used + (1 << 30));
	forecast_add(&f, at, used + (1 << 30));
	near(forecast_rate(&f), 1000);
	/* A day ahead: the mean of that time is all that is known. */
	at += 86400000;
	forecast_add(&f, at, used + 86400000);
	near(forecast_rate(&f), 1000);
	feed(&f, &at, 400000, 1000, used + 86400000, 10);
	assert_true(forecast_rate(&f) < 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_seen), cmocka_unit_test(steady),
		cmocka_unit_test(idle),         cmocka_unit_test(burst_begins),
		cmocka_unit_test(bursts),       cmocka_unit_test(burst_ends),
		cmocka_unit_test(backwards),    cmocka_unit_test(clock_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
