/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_dir_race.c - a store in a directory when two processes want the
 * same, one is killed, or a file gets too large.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "store_dir.h"

static const unsigned int ways[] = {
	0,
	STORE_DIR_NO_TMPFILE,
	STORE_DIR_NO_OPENAT2,
	STORE_DIR_NO_TMPFILE | STORE_DIR_NO_OPENAT2,
};

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

static void
put(struct store *s, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	if (store_put(s, name, text, strlen(text), &err))
		fail_msg("%s", err.text);
}

#ifdef XENSNAP_FAIL_POINTS
static void
assert_file(const char *name, const char *text)
{
	char *got = scratch_get(name, NULL);

	assert_string_equal(got, text);
	free(got);
}

static int
count(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	(void)name;
	(void)bytes;
	(void)err;
	++*(unsigned int *)ctx;
	return 0;
}

static unsigned int
listed(struct store *s, const char *prefix)
{
	struct err err = ERR_INIT;
	unsigned int n = 0;

	if (store_list(s, prefix, count, &n, &err))
		fail_msg("%s", err.text);
	return n;
}
#endif

static int
status_of(pid_t child)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

#define ROUNDS 150

/* Put all names; one byte for each says whether we won. */
static void
contend(unsigned int without, char me, int ready, int results)
{
	struct store *s = open_way(false, without);
	struct err err = ERR_INIT;
	char data[3000];
	char won[ROUNDS];
	char name[30];
	char byte;

	memset(data, me, sizeof(data));
	/* Both begin when the other end is closed. */
	if (read(ready, &byte, 1) != 0)
		_exit(1);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "outcomes/%d", i);
		won[i] = store_put(s, name, data, sizeof(data), &err) == 0;
		if (!won[i] && err.code != ERR_EXISTS)
			_exit(2);
	}
	if (write(results, won, sizeof(won)) != sizeof(won))
		_exit(3);
	store_close(s);
	_exit(0);
}

/* Two processes put the same names at once. */
static void
two_processes(unsigned int without)
{
	char won[2][ROUNDS];
	int ready[2], results[2][2];
	pid_t child[2];

	assert_int_equal(pipe(ready), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(results[i]), 0);
		child[i] = fork();
		if (child[i] == 0) {
			close(ready[1]);
			contend(without, (char)('a' + i), ready[0],
				results[i][1]);
		}
	}
	close(ready[0]);
	close(ready[1]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(status_of(child[i]), 0);
		assert_int_equal(read(results[i][0], won[i], ROUNDS), ROUNDS);
		close(results[i][0]);
		close(results[i][1]);
	}
	for (int i = 0; i < ROUNDS; i++) {
		char name[40];
		size_t len;
		char *got;

		assert_int_equal(won[0][i] + won[1][i], 1);
		snprintf(name, sizeof(name), "repo/outcomes/%d", i);
		got = scratch_get(name, &len);
		assert_int_equal(len, 3000);
		assert_int_equal(got[0], won[0][i] ? 'a' : 'b');
		assert_int_equal(got[2999], got[0]);
		free(got);
	}
	assert_int_equal(scratch_count("repo/outcomes"), ROUNDS);
}

static void
test_two_processes(void **state)
{
	(void)state;
	store_close(open_way(true, 0));
	two_processes(0);
}

static void
test_two_processes_named(void **state)
{
	(void)state;
	store_close(open_way(true, 0));
	two_processes(STORE_DIR_NO_TMPFILE);
}

/* Die at @place during a put; how many entries are then in heads/. */
static unsigned int
die_at(const char *place, unsigned int without)
{
	pid_t child = fork();

	if (child == 0) {
		struct store *s = open_way(false, without);
		struct err err = ERR_INIT;

		setenv("XENSNAP_DIE_AT", place, 1);
		store_put(s, "heads/1", "whole", 5, &err);
		_exit(1);
	}
	assert_int_equal(status_of(child), SIGKILL);
	return scratch_count("repo/heads");
}

static void
test_killed(void **state)
{
#ifdef XENSNAP_FAIL_POINTS
	struct store *s = open_way(true, 0);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t way = 0; way < WAYS; way++) {
		die_at("store.filled", ways[way]);
		assert_false(scratch_there("repo/heads/1"));
		assert_int_equal(listed(s, "heads/"), 0);
		die_at("store.linked", ways[way]);
		assert_file("repo/heads/1", "whole");
		assert_int_equal(listed(s, "heads/"), 1);
		assert_int_equal(store_drop(s, "heads/1", &err), 0);
	}
	/* What has no name leaves nothing, if the system can do that. */
	if (scratch_count("repo/heads") != 8)
		assert_int_equal(scratch_count("repo/heads"), 4);
	store_close(s);
#else
	(void)state;
	(void)die_at;
	skip();
#endif
}

static void
test_too_large(void **state)
{
	struct rlimit old, small = { 4096, RLIM_INFINITY };
	struct store *s = open_way(true, 0);
	struct err err = ERR_INIT;
	char data[5000];

	(void)state;
	memset(data, 'x', sizeof(data));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (size_t way = 0; way < WAYS; way++) {
		store_close(s);
		s = open_way(false, ways[way]);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_equal(store_put(s, "heads/1", data, 5000, &err), -1);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(err.sys, EFBIG);
		assert_int_equal(scratch_count("repo/heads"), 0);
	}
	put(s, "heads/1", "x");
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)
		TEST(test_two_processes),
		TEST(test_two_processes_named),
		TEST(test_killed),
		TEST(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
