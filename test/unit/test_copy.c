/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_copy.c - copying disks: holes, odd ends, and all that stops it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cancel.h"
#include "copy.h"
#include "scratch.h"

#define KIB 1024u
#define MIB (1024u * KIB)

static int
open_new(const char *name)
{
	int fd = open(scratch_path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0600);

	assert_true(fd >= 0);
	return fd;
}

static int
open_it(const char *name)
{
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t
on_disk(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* What is in a source: pieces of data, with holes between them. */
struct piece {
	uint64_t offset;
	size_t len;
	char byte; /* 0: zeros that are written, not a hole */
};

static void
make_source(const char *name, uint64_t size, const struct piece *pieces,
	    size_t n)
{
	int fd = open_new(name);
	size_t i;

	for (i = 0; i < n; i++) {
		char *data = malloc(pieces[i].len);

		assert_non_null(data);
		memset(data, pieces[i].byte, pieces[i].len);
		assert_int_equal(pwrite(fd, data, pieces[i].len,
					(off_t)pieces[i].offset),
				 pieces[i].len);
		free(data);
	}
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

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

/* The first line of what a program prints. */
static void
output_of(const char *program, const char *a, const char *b, char *ret,
	  size_t len)
{
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], 1);
		execlp(program, program, a, b, NULL);
		_exit(127);
	}
	close(pipes[1]);
	n = read(pipes[0], ret, len - 1);
	assert_true(n >= 0);
	ret[n] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool
same_files(const char *a, const char *b)
{
	size_t len_a, len_b;
	char *x = scratch_get(a, &len_a), *y = scratch_get(b, &len_b);
	bool same = len_a == len_b && memcmp(x, y, len_a) == 0;

	free(x);
	free(y);
	return same;
}

/*
 * Copy "from" in each way and compare; the sum is that of sha256sum.  @most:
 * what a sparse copy may take on disk.
 */
static void
copies_well(uint64_t size, uint64_t most)
{
	char sum[65], want[256];
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data = 0;
	int from = open_it("from"), to = open_new("to");

	t = task(from, to, size);
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_true(same_files("from", "to"));
	assert_true(on_disk(to) <= most);
	assert_true(data <= most);
	t.to = -1;
	assert_int_equal(copy_sum(&t, sum, &err), 0);
	output_of("sha256sum", scratch_path("from"), NULL, want, sizeof(want));
	want[64] = '\0';
	assert_string_equal(sum, want);
	close(to);
	to = open_new("stream");
	t.to = to;
	assert_int_equal(copy_stream(&t, &err), 0);
	assert_true(same_files("from", "stream"));
	assert_int_equal(err.code, ERR_NONE);
	close(to);
	close(from);
	unlink(scratch_path("from"));
	unlink(scratch_path("to"));
	unlink(scratch_path("stream"));
}

static void
test_sizes(void **state)
{
	static const uint64_t sizes[] = {
		0,
		1,
		511,
		512,
		4095,
		4096,
		4097,
		8191,
		256 * KIB - 1,
		256 * KIB,
		256 * KIB + 1,
		MIB - 1,
		MIB,
		MIB + 1,
		4 * MIB + 4096,
		8 * MIB + 13,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct piece all = { 0, sizes[i], 'x' };

		make_source("from", sizes[i], &all, sizes[i] ? 1 : 0);
		copies_well(sizes[i], sizes[i] + 8192);
		/* The same, all holes; and all zeros that are written. */
		make_source("from", sizes[i], NULL, 0);
		copies_well(sizes[i], 0);
		all.byte = 0;
		make_source("from", sizes[i], &all, sizes[i] ? 1 : 0);
		copies_well(sizes[i], 0);
	}
}

static void
test_holes(void **state)
{
	static const struct piece begin[] = { { 0, 4096, 'a' } };
	static const struct piece end[] = { { 10 * MIB - 100, 100, 'z' } };
	static const struct piece between[] = {
		{ 4096, 1, 'a' },
		{ 256 * KIB - 1, 2, 'b' },
		{ MIB, 70000, 'c' },
		{ 3 * MIB + 5, 5, 'd' },
		{ 8 * MIB - 4096, 8192, 'e' },
	};
	static const struct piece zeros[] = {
		{ 0, 64 * KIB, 0 },      { 64 * KIB, 4096, 'a' },
		{ MIB, MIB, 0 },         { MIB + 4096, 4096, 'b' },
		{ 2 * MIB - 1, 1, 'c' },
	};

	(void)state;
	make_source("from", 10 * MIB, begin, 1);
	copies_well(10 * MIB, 8192);
	make_source("from", 10 * MIB, end, 1);
	copies_well(10 * MIB, 8192);
	make_source("from", 10 * MIB + 1, between, 5);
	copies_well(10 * MIB + 1, 128 * KIB);
	make_source("from", 3 * MIB, zeros, 5);
	copies_well(3 * MIB, 16 * KIB);
}

/* Over several of the segments in which the workers take turns. */
static void
test_large(void **state)
{
	static const struct piece pieces[] = {
		{ 0, 4096, 'a' },
		{ 64 * MIB - 1, 2, 'b' },
		{ 128 * MIB - 4096, 4096, 'c' },
		{ 150 * MIB, 300000, 'd' },
		{ 200 * MIB, 7, 'e' },
	};

	(void)state;
	make_source("from", 200 * MIB + 7, pieces, 5);
	copies_well(200 * MIB + 7, MIB);
}

/* Random pieces of data, zeros and holes. */
static void
test_random(void **state)
{
	unsigned int seed = 20261122, round;

	(void)state;
	for (round = 0; round < 20; round++) {
		struct piece pieces[12];
		uint64_t size = (uint64_t)rand_r(&seed) % (2 * MIB) + 1;
		size_t i;

		for (i = 0; i < 12; i++) {
			uint64_t at = (uint64_t)rand_r(&seed) % size;
			uint64_t len = (uint64_t)rand_r(&seed) % 100000 + 1;

			pieces[i].offset = at;
			pieces[i].len =
				(size_t)(len < size - at ? len : size - at);
			pieces[i].byte = (char)(rand_r(&seed) % 3);
		}
		make_source("from", size, pieces, 12);
		copies_well(size, size + 16 * KIB);
	}
}

/* A source may be larger than what is asked for: the rest is not copied. */
static void
test_part(void **state)
{
	static const struct piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];
	int to;

	(void)state;
	make_source("from", MIB, all, 1);
	to = open_new("to");
	t = task(open_it("from"), to, 5000);
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_int_equal(lseek(to, 0, SEEK_END), 5000);
	assert_int_equal(data, 5000);
	assert_int_equal(copy_sum(&t, sum, &err), 0);
	close(t.from);
	close(to);
}

static void
is_short(int from, uint64_t bytes)
{
	struct err err = ERR_INIT;
	struct copy_task t = task(from, open_new("to"), bytes);
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
	static const struct piece all[] = { { 0, 10000, 'x' } };
	int fd;

	(void)state;
	make_source("data", 10000, all, 1);
	fd = open_it("data");
	is_short(fd, 10001);
	is_short(fd, 100 * MIB);
	close(fd);
	make_source("hole", 20000, all, 1);
	fd = open_it("hole");
	is_short(fd, 20001);
	is_short(fd, MIB);
	close(fd);
	make_source("empty", 0, NULL, 0);
	fd = open_it("empty");
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
	t = task(scratch_dir(""), open_new("to"), 4096);
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
	static const struct piece all[] = { { 0, 4 * MIB, 'x' } };
	struct err err = ERR_INIT;
	struct rlimit old, limit;
	struct copy_task t;
	uint64_t data;

	(void)state;
	make_source("from", 4 * MIB, all, 1);
	t = task(open_it("from"), open("/dev/full", O_WRONLY | O_CLOEXEC),
		 4 * MIB);
	assert_true(t.to >= 0);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	close(t.to);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4 * MIB;
	t.to = open_new("to");
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
	static const struct piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	int pipes[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	make_source("from", MIB, all, 1);
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	t = task(open_it("from"), pipes[1], MIB);
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
	make_source("from", 200 * MIB, NULL, 0);
	t = task(open_it("from"), open_new("to"), 200 * MIB);
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

/* Last, for a request to stop is never taken back. */
static void
test_cancel(void **state)
{
	static const struct piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];

	(void)state;
	assert_int_equal(cancel_init(&err), 0);
	raise(SIGINT);
	make_source("from", MIB, all, 1);
	t = task(open_it("from"), open_new("to"), MIB);
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
		TEST(test_sizes),       TEST(test_holes),
		TEST(test_large),       TEST(test_random),
		TEST(test_part),        TEST(test_short_source),
		TEST(test_unreadable),  TEST(test_no_room),
		TEST(test_broken_pipe), TEST(test_progress),
		TEST(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
