/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What killed puts left in a directory, and what looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "store_dir.h"

static const unsigned int ways[] = { 0, STORE_DIR_NO_TMPFILE };

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct store *
open_way(bool create, unsigned int without)
{
	struct err err = ERR_INIT;
	struct store *s = NULL;

	if (store_dir_open(scratch_path("repo"), create, without, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

/* The file @name, last written to @hours ago. */
static void
leave(const char *name, unsigned int hours)
{
	struct timespec times[2];

	scratch_puts(name, "half");
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= (time_t)hours * 3600;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(name), times, 0), 0);
}

/* What killed puts left goes when it is a day old, and nothing else does. */
static void
test_tidy(void **state)
{
	struct err err = ERR_INIT;
	unsigned int n = 7;

	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct store *s = open_way(i == 0, ways[i]);

		if (i == 0)
			assert_int_equal(store_put(s, "heads/1", "x", 1, &err),
					 0);
		assert_int_equal(store_tidy(s, &n, &err), 0);
		assert_int_equal(n, 0);
		leave("repo/.probe-0123456789abcdef", 25);
		leave("repo/heads/.new-0123456789abcdef", 25);
		leave("repo/packs/fe/.new-0123456789abcdef", 999);
		leave("repo/heads/.new-fresh", 23);
		leave("repo/heads/.hidden", 999);
		leave("repo/heads/2", 999);
		leave("repo/heads/new-", 999);
		scratch_mkdir("repo/packs/00/.new-folder");
		assert_int_equal(store_tidy(s, &n, &err), 0);
		assert_int_equal(n, 3);
		assert_false(scratch_there("repo/.probe-0123456789abcdef"));
		assert_int_equal(scratch_count("repo/heads"), 5);
		assert_int_equal(scratch_count("repo/packs/fe"), 0);
		assert_true(scratch_there("repo/packs/00/.new-folder"));
		assert_int_equal(
			rmdir(scratch_path("repo/packs/00/.new-folder")), 0);
		store_close(s);
	}
}

/* Nothing outside is touched, wherever links lead. */
static void
test_tidy_links(void **state)
{
	struct err err = ERR_INIT;
	struct store *s = open_way(true, 0);
	unsigned int n;

	(void)state;
	scratch_mkdir("outside");
	leave("outside/.new-0123456789abcdef", 999);
	assert_int_equal(rmdir(scratch_path("repo/packs/00")), 0);
	assert_int_equal(symlink(scratch_path("outside"),
				 scratch_path("repo/packs/00")),
			 0);
	assert_int_equal(symlink(scratch_path("outside"),
				 scratch_path("repo/.new-link")),
			 0);
	assert_int_equal(store_tidy(s, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(scratch_count("outside"), 1);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)
		TEST(test_tidy),
		TEST(test_tidy_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
