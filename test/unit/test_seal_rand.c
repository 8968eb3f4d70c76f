/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random bytes: new ones even from a kernel that says the same again and again,
 * as that of a cloned machine may; none from a kernel that has none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rand.h"

#define THREADS 4
#define EACH 500

static enum {
	REAL,
	CONSTANT,
	SHORT,
	INTERRUPTED,
	NONE
} kernel;
static int asked;

/* In place of libc's. */
ssize_t
getrandom(void *p, size_t len, unsigned int flags)
{
	switch (kernel) {
	case CONSTANT:
		memset(p, 0x55, len);
		return (ssize_t)len;
	case SHORT:
		len = 1;
		break;
	case INTERRUPTED:
		if (asked++ % 2 == 0) {
			errno = EINTR;
			return -1;
		}
		break;
	case NONE:
		errno = ENOSYS;
		return -1;
	case REAL:
		break;
	}
	return syscall(SYS_getrandom, p, len, flags);
}

static void
get(void *ret, size_t len)
{
	struct err err = ERR_INIT;

	assert_int_equal(rand_bytes(ret, len, &err), 0);
}

static void
lengths(void **state)
{
	uint8_t ret[70];
	struct err err = ERR_INIT;

	(void)state;
	kernel = REAL;
	for (size_t len = 0; len <= 64; len++) {
		memset(ret, 0, sizeof(ret));
		get(ret, len);
		for (size_t i = len; i < sizeof(ret); i++)
			assert_int_equal(ret[i], 0);
	}
	assert_int_equal(rand_bytes(ret, 65, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
slow_kernel(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	kernel = SHORT;
	get(a, sizeof(a));
	get(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	kernel = INTERRUPTED;
	get(a, sizeof(a));
	assert_memory_not_equal(a, b, sizeof(a));
	kernel = REAL;
}

static void
no_kernel(void **state)
{
	struct err err = ERR_INIT;
	uint8_t a[32];

	(void)state;
	kernel = NONE;
	assert_int_equal(rand_bytes(a, sizeof(a), &err), -1);
	kernel = REAL;
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(err.sys, ENOSYS);
}

static void *
many(void *p)
{
	uint8_t *to = p;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < EACH; i++)
		if (rand_bytes(to + 16 * i, 16, &err))
			return NULL;
	return p;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
same_kernel_many_threads(void **state)
{
	static uint8_t all[THREADS * EACH][16];
	pthread_t threads[THREADS];
	void *done;

	(void)state;
	kernel = CONSTANT;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many,
						all[i * EACH]),
				 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &done);
		assert_non_null(done);
	}
	kernel = REAL;
	qsort(all, THREADS * EACH, 16, compare);
	for (size_t i = 1; i < THREADS * EACH; i++)
		assert_memory_not_equal(all[i - 1], all[i], 16);
}

/* Two processes with the same counter and kernel. */
static void
same_kernel_fork(void **state)
{
	uint8_t ours[32], theirs[32];
	struct err err = ERR_INIT;
	int fds[2], status;
	pid_t pid;

	(void)state;
	kernel = CONSTANT;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (rand_bytes(theirs, sizeof(theirs), &err) ||
		    write(fds[1], theirs, sizeof(theirs)) != sizeof(theirs))
			_exit(1);
		_exit(0);
	}
	get(ours, sizeof(ours));
	kernel = REAL;
	assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_not_equal(ours, theirs, sizeof(ours));
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(slow_kernel),
		cmocka_unit_test(no_kernel),
		cmocka_unit_test(same_kernel_many_threads),
		cmocka_unit_test(same_kernel_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
