/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_copy.c - copying disks: holes and odd ends. */
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

static uint64_t
on_disk(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
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
	int from = scratch_open("from"), to = scratch_new("to");

	t = task(from, to, size);
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_true(same_files("from", "to"));
	assert_true(on_disk(to) <= most);
	assert_true(data <= most);
	close(to);
	to = scratch_new("hurry");
	t.to = to;
	t.hurry = true;
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_true(same_files("from", "hurry"));
	assert_true(on_disk(to) <= most);
	t.hurry = false;
	t.to = -1;
	assert_int_equal(copy_sum(&t, sum, &err), 0);
	output_of("sha256sum", scratch_path("from"), NULL, want, sizeof(want));
	want[64] = '\0';
	assert_string_equal(sum, want);
	close(to);
	to = scratch_new("stream");
	t.to = to;
	assert_int_equal(copy_stream(&t, &err), 0);
	assert_true(same_files("from", "stream"));
	assert_int_equal(err.code, ERR_NONE);
	close(to);
	close(from);
	unlink(scratch_path("from"));
	unlink(scratch_path("to"));
	unlink(scratch_path("hurry"));
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
		struct scratch_piece all = { 0, sizes[i], 'x' };

		scratch_make("from", sizes[i], &all, sizes[i] ? 1 : 0);
		copies_well(sizes[i], sizes[i] + 8192);
		/* The same, all holes; and all zeros that are written. */
		scratch_make("from", sizes[i], NULL, 0);
		copies_well(sizes[i], 0);
		all.byte = 0;
		scratch_make("from", sizes[i], &all, sizes[i] ? 1 : 0);
		copies_well(sizes[i], 0);
	}
}

static void
test_holes(void **state)
{
	static const struct scratch_piece begin[] = { { 0, 4096, 'a' } };
	static const struct scratch_piece end[] = { { 10 * MIB - 100, 100,
						      'z' } };
	static const struct scratch_piece between[] = {
		{ 4096, 1, 'a' },
		{ 256 * KIB - 1, 2, 'b' },
		{ MIB, 70000, 'c' },
		{ 3 * MIB + 5, 5, 'd' },
		{ 8 * MIB - 4096, 8192, 'e' },
	};
	static const struct scratch_piece zeros[] = {
		{ 0, 64 * KIB, 0 },      { 64 * KIB, 4096, 'a' },
		{ MIB, MIB, 0 },         { MIB + 4096, 4096, 'b' },
		{ 2 * MIB - 1, 1, 'c' },
	};

	(void)state;
	scratch_make("from", 10 * MIB, begin, 1);
	copies_well(10 * MIB, 8192);
	scratch_make("from", 10 * MIB, end, 1);
	copies_well(10 * MIB, 8192);
	scratch_make("from", 10 * MIB + 1, between, 5);
	copies_well(10 * MIB + 1, 128 * KIB);
	scratch_make("from", 3 * MIB, zeros, 5);
	copies_well(3 * MIB, 16 * KIB);
}

/* Over several of the segments in which the workers take turns. */
static void
test_large(void **state)
{
	static const struct scratch_piece pieces[] = {
		{ 0, 4096, 'a' },
		{ 64 * MIB - 1, 2, 'b' },
		{ 128 * MIB - 4096, 4096, 'c' },
		{ 150 * MIB, 300000, 'd' },
		{ 200 * MIB, 7, 'e' },
	};

	(void)state;
	scratch_make("from", 200 * MIB + 7, pieces, 5);
	copies_well(200 * MIB + 7, MIB);
}

/* Random pieces of data, zeros and holes. */
static void
test_random(void **state)
{
	unsigned int seed = 20261122, round;

	(void)state;
	for (round = 0; round < 20; round++) {
		struct scratch_piece pieces[12];
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
		scratch_make("from", size, pieces, 12);
		copies_well(size, size + 16 * KIB);
	}
}

/* A source may be larger than what is asked for: the rest is not copied. */
static void
test_part(void **state)
{
	static const struct scratch_piece all[] = { { 0, MIB, 'x' } };
	struct err err = ERR_INIT;
	struct copy_task t;
	uint64_t data;
	char sum[65];
	int to;

	(void)state;
	scratch_make("from", MIB, all, 1);
	to = scratch_new("to");
	t = task(scratch_open("from"), to, 5000);
	assert_int_equal(copy_sparse(&t, &data, &err), 0);
	assert_int_equal(lseek(to, 0, SEEK_END), 5000);
	assert_int_equal(data, 5000);
	assert_int_equal(copy_sum(&t, sum, &err), 0);
	close(t.from);
	close(to);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sizes),  TEST(test_holes), TEST(test_large),
		TEST(test_random), TEST(test_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
