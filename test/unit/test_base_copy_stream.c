/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_copy_stream.c - a disk to a pipe: every byte, in order, at any
 * size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy.h"
#include "fd.h"

#define LARGE ((size_t)3 << 20)

static uint64_t told;

static void
on_progress(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	(void)ctx;
	assert_string_equal(what, "xvda");
	assert_true(done > told && done <= total);
	told = done;
}

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 24);
}

/* Read all of @fd; does it hold the @bytes first bytes? */
static int
reader(int fd, size_t bytes)
{
	unsigned char buf[4096];
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != byte_at(at++))
				return 2;
		}
	}
	return n < 0 || at != bytes;
}

/* Copy @bytes through a pipe to a reader; its verdict. */
static int
through_pipe(int from, size_t bytes)
{
	struct copy_task t = { .what = "xvda",
			       .from = from,
			       .bytes = bytes,
			       .progress = on_progress };
	struct err err = ERR_INIT;
	int p[2], status = -1;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		_exit(reader(p[0], bytes));
	}
	close(p[0]);
	t.to = p[1];
	told = 0;
	if (copy_stream(&t, &err))
		fail_msg("%s", err.text);
	assert_true(told == bytes);
	close(p[1]);
	waitpid(pid, &status, 0);
	return status;
}

static int
make_disk(void)
{
	struct err err = ERR_INIT;
	int fd = memfd_create("disk", MFD_CLOEXEC);
	unsigned char *data = malloc(LARGE);

	assert_true(fd >= 0);
	assert_non_null(data);
	for (size_t i = 0; i < LARGE; i++)
		data[i] = byte_at(i);
	assert_int_equal(fd_write_all(fd, data, LARGE, &err), 0);
	free(data);
	return fd;
}

static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 0,       1,         4096,
					262143,  262144,    262145,
					1 << 20, LARGE - 1, LARGE };
	int fd = make_disk();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(through_pipe(fd, sizes[i]), 0);
	close(fd);
}

static void
test_too_short(void **state)
{
	int fd = make_disk();
	struct copy_task t = { .what = "xvda", .from = fd, .bytes = LARGE + 1 };
	struct err err = ERR_INIT;

	(void)state;
	t.to = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(copy_stream(&t, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	close(t.to);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
