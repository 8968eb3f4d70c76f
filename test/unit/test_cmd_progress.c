/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_cmd_progress.c - the line of the progress bar fits its terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "progress.h"

#define GIB (1ull << 30)

static const char *
line(const char *what, uint64_t done, uint64_t total, double rate, size_t width)
{
	static char buf[256];
	struct progress_state s = { what, done, total, rate, width };

	progress_line(&s, buf, sizeof(buf));
	assert_true(strlen(buf) < width);
	return buf;
}

static void
test_line(void **state)
{
	(void)state;
	assert_string_equal(
		line("xvda", GIB, 4 * GIB, 100 << 20, 80),
		"xvda  [#####----------------]   25%  1.0 GiB of 4.0 GiB  "
		"100.0 MiB/s  0:31 left");
	assert_string_equal(line("xvda", GIB, 4 * GIB, 100 << 20, 60),
			    "xvda   25%  1.0 GiB of 4.0 GiB  100.0 MiB/s  0:31 "
			    "left");
	/* Without a total, or past it, there is no bar. */
	assert_string_equal(line("memory", GIB, 0, 1024, 80),
			    "memory  1.0 GiB  1.0 KiB/s");
	assert_string_equal(line("memory", 2 * GIB, GIB, 1024, 80),
			    "memory  2.0 GiB  1.0 KiB/s");
	/* Without a rate no time is promised. */
	assert_null(strstr(line("x", 0, GIB, 0, 80), "left"));
	assert_non_null(strstr(line("x", 0, GIB, 1, 80), "days left"));
	assert_non_null(strstr(line("x", 0, GIB, 100000, 80), "2:58:58 left"));
	assert_non_null(strstr(line("x", GIB, GIB, 100000, 80), "100%"));
}

static void
test_any_width(void **state)
{
	(void)state;
	for (size_t width = 20; width < 250; width++) {
		line("xvda", UINT64_MAX - 1, UINT64_MAX, 1, width);
		line("a-long-name-of-something", 5, 10, 1e18, width);
		line("memory", 12345, 0, 5e9, width);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_any_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
