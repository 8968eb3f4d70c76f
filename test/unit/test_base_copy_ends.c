/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_copy_ends.c - copying disks: progress, and all that ends a copy
 * early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "cancel.h"
#include "copy.h"
#include "scratch.h"

#define KIB 1024u
#define MIB (1024u * KIB)

static struct copy_task
task(int from, int to, uint64_t bytes)
{
	struct copy_task t = {
		.what = "xvda",
		.from = from,
		.to = to,
		.bytes = bytes,
	};

	return t;
}

static void
is_short(int from, uint64_t bytes)
{
	struct err err = ERR_INIT;
	struct copy_task t = task(from, scratch_new("to"), bytes);
	uint64_t data;
	char sum[65];

	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "xvda"));
	err_clear(&err);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	err_clear(&err);
	assert_int_equal(copy_sum(&t, sum, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	close(t.to);
	unlink(scratch_path("to"));
}

/* A source that ends early is no source with a hole at its end. */
static void
test_short_source(void **state)
{
	static const struct scratch_piece all[] = { { 0, 10000, 'x' } };
	int fd;

	(void)state;
	scratch_make("data", 10000, all, 1);
	fd = scratch_open("data");
	is_short(fd, 10001);
	is_short(fd, 100 * MIB);
	close(fd);
	scratch_make("hole", 20000, all, 1);
	fd = scratch_open("hole");
	is_short(fd, 20001);
	is_short(fd, MIB);
	close(fd);
	scratch_make("empty", 0, NULL, 0);
	fd = scratch_open("empty");
	is_short(fd, 1);
	close(fd);
}

static void
test_unreadable(void **state)
{
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];

	(void)state;
	t = task(scratch_dir(""), scratch_new("to"), 4096);
	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(copy_sum(&t, sum, &err), -1);
	close(t.from);
	t.from = -1;
	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	close(t.to);
}

/* The target is full: /dev/full for a stream, a limit for a file. */
static void
test_no_room(void **state)
{
	static const struct scratch_piece all[] = { { 0, 4 * MIB, 'x' } };
	struct err err = ERR_INIT;
	struct rlimit old, limit;
	struct copy_task t;
	uint64_t data;

	(void)state;
	scratch_make("from", 4 * MIB, all, 1);
	t = task(scratch_open("from"), open("/dev/full", O_WRONLY | O_CLOEXEC),
		 4 * MIB);
	assert_true(t.to >= 0);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	close(t.to);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4 * MIB;
	t.to = scratch_new("to");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	t.bytes = 4 * MIB + 1;
	err_clear(&err);
	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	close(t.to);
	close(t.from);
}

/* A reader that goes away is an error, and not the end of us. */
static void
test_broken_pipe(void **state)
{
	static const struct scratch_piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	int pipes[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	scratch_make("from", MIB, all, 1);
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	t = task(scratch_open("from"), pipes[1], MIB);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	close(pipes[1]);
	close(t.from);
}

struct seen {
	unsigned int calls;
	uint64_t last;
	bool fell;
};

static void
see(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	struct seen *s = ctx;

	assert_string_equal(what, "xvda");
	assert_true(done <= total);
	s->calls++;
	s->fell = s->fell || done < s->last;
	s->last = done;
}

static void
test_progress(void **state)
{
	struct seen seen = { 0, 0, false };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];

	(void)state;
	scratch_make("from", 200 * MIB, NULL, 0);
	t = task(scratch_open("from"), scratch_new("to"), 200 * MIB);
	t.progress = see;
	t.progress_ctx = &seen;
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_true(seen.calls >= 2);
	assert_false(seen.fell);
	assert_int_equal(seen.last, 200 * MIB);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(copy_sum(&t, sum, &err), 0);
	assert_false(seen.fell);
	assert_int_equal(seen.last, 200 * MIB);
	close(t.from);
	close(t.to);
}

/* A progress that lets the copy go on for some parts. */
struct patience {
	atomic_bool stop;
	unsigned int left;
	unsigned int calls;
};

static void
lose_patience(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	struct patience *p = ctx;

	(void)what;
	(void)done;
	(void)total;
	p->calls++;
	if (p->left-- == 0)
		atomic_store(&p->stop, true);
}

/* Whoever asked for a copy can give it up, whether it reads or skips holes. */
static void
given_up(uint64_t data_bytes)
{
	struct scratch_piece all = { 0, data_bytes, 'x' };
	struct patience patience = { .left = 2 };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;

	scratch_make("from", 200 * MIB, &all, data_bytes ? 1 : 0);
	t = task(scratch_open("from"), scratch_new("to"), 200 * MIB);
	t.hurry = true;
	t.stop = &patience.stop;
	t.progress = lose_patience;
	t.progress_ctx = &patience;
	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_non_null(strstr(err.text, "xvda"));
	/* Both workers may have been at the end of one more part. */
	assert_true(patience.calls >= 3 && patience.calls <= 5);
	err_clear(&err);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	close(t.from);
	close(t.to);
	unlink(scratch_path("from"));
	unlink(scratch_path("to"));
}

static void
test_given_up(void **state)
{
	(void)state;
	given_up(20 * MIB);
	given_up(0);
}

/* Last, for a request to stop is never taken back. */
static void
test_cancel(void **state)
{
	static const struct scratch_piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];

	(void)state;
	assert_int_equal(cancel_init(&err), 0);
	raise(SIGINT);
	scratch_make("from", MIB, all, 1);
	t = task(scratch_open("from"), scratch_new("to"), MIB);
	assert_int_equal(copy_sparse(&t, &data, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	err_clear(&err);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	err_clear(&err);
	assert_int_equal(copy_sum(&t, sum, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	close(t.from);
	close(t.to);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_short_source), TEST(test_unreadable),
		TEST(test_no_room),      TEST(test_broken_pipe),
		TEST(test_progress),     TEST(test_given_up),
		TEST(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
