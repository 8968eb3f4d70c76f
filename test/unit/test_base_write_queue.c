/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_write_queue.c - what is in the file, and which errors are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "write_queue.h"

#define ROOM (64u << 10)
#define ROUNDS 40

static int
open_file(int flags)
{
	int fd = open("write_queue.file", O_RDWR | O_CREAT | O_TRUNC | flags,
		      0600);

	assert_true(fd >= 0);
	unlink("write_queue.file");
	return fd;
}

static void
assert_bytes(int fd, uint64_t offset, size_t len, uint8_t want)
{
	struct err err = ERR_INIT;
	uint8_t *is = malloc(len);

	assert_int_equal(fd_pread_full(fd, is, len, offset, &err),
			 (ssize_t)len);
	for (size_t i = 0; i < len; i++)
		if (is[i] != want)
			fail_msg("byte %llu is %u, not %u",
				 (unsigned long long)(offset + i), is[i], want);
	free(is);
}

/* Each buffer is filled anew while others are under way. */
static void
all_is_written(void **state)
{
	struct err err = ERR_INIT;
	int fd = open_file(0);
	struct write_queue *q = write_queue_new(fd, ROOM, &err);

	(void)state;
	assert_non_null(q);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint8_t *room = write_queue_room(q, &err);

		assert_non_null(room);
		memset(room, (int)i + 1, ROOM);
		assert_int_equal(write_queue_add(q, 0, ROOM, (uint64_t)i * ROOM,
						 &err),
				 0);
	}
	assert_int_equal(write_queue_end(q, &err), 0);
	for (unsigned int i = 0; i < ROUNDS; i++)
		assert_bytes(fd, (uint64_t)i * ROOM, ROOM, (uint8_t)(i + 1));
	write_queue_free(q);
	close(fd);
}

/* Many small ones of one buffer, more than can be under way, and holes. */
static void
parts_of_a_buffer(void **state)
{
	struct err err = ERR_INIT;
	int fd = open_file(0);
	struct write_queue *q = write_queue_new(fd, 1u << 20, &err);
	uint8_t *room = write_queue_room(q, &err);

	(void)state;
	memset(room, 7, 1u << 20);
	for (size_t at = 0; at < 1u << 20; at += 8192)
		assert_int_equal(write_queue_add(q, at, 4096, at, &err), 0);
	assert_int_equal(write_queue_end(q, &err), 0);
	for (size_t at = 0; at < (1u << 20) - 8192; at += 8192) {
		assert_bytes(fd, at, 4096, 7);
		assert_bytes(fd, at + 4096, 4096, 0);
	}
	write_queue_free(q);
	close(fd);
}

/* What O_DIRECT would refuse: the end of a disk, odd places. */
static void
odd_places(void **state)
{
	struct err err = ERR_INIT;
	int fd = open_file(0);
	struct write_queue *q = write_queue_new(fd, ROOM, &err);
	uint8_t *room = write_queue_room(q, &err);
	struct stat st;

	(void)state;
	memset(room, 9, ROOM);
	assert_int_equal(write_queue_add(q, 0, 4096, 0, &err), 0);
	assert_int_equal(write_queue_add(q, 4096, 513, 4096, &err), 0);
	assert_int_equal(write_queue_add(q, 5000, 1, 10001, &err), 0);
	assert_int_equal(write_queue_end(q, &err), 0);
	assert_bytes(fd, 0, 4609, 9);
	assert_bytes(fd, 4609, 10001 - 4609, 0);
	assert_bytes(fd, 10001, 1, 9);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 10002);
	write_queue_free(q);
	close(fd);
}

/* An error is told, at the latest at the end, and with its reason. */
static void
full(void **state)
{
	struct rlimit none = { 1u << 20, RLIM_INFINITY };
	struct err err = ERR_INIT;
	int fd = open_file(0), rc = 0;
	struct write_queue *q;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	q = write_queue_new(fd, ROOM, &err);
	for (unsigned int i = 0; i < ROUNDS && rc == 0; i++) {
		uint8_t *room = write_queue_room(q, &err);

		if (!room)
			rc = -1;
		else
			rc = write_queue_add(q, 0, ROOM, (uint64_t)i * ROOM,
					     &err);
	}
	if (rc == 0)
		rc = write_queue_end(q, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.sys, EFBIG);
	none.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &none);
	write_queue_free(q);
	close(fd);
}

static void
not_for_writing(void **state)
{
	struct err err = ERR_INIT;
	int fd = open("/", O_RDONLY | O_DIRECTORY), rc;
	struct write_queue *q = write_queue_new(fd, ROOM, &err);

	(void)state;
	assert_non_null(write_queue_room(q, &err));
	rc = write_queue_add(q, 0, 4096, 0, &err);
	if (rc == 0)
		rc = write_queue_end(q, &err);
	assert_int_equal(rc, -1);
	assert_true(err.code != ERR_NONE);
	write_queue_free(q);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_written),
		cmocka_unit_test(parts_of_a_buffer),
		cmocka_unit_test(odd_places),
		cmocka_unit_test(full),
		cmocka_unit_test(not_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
