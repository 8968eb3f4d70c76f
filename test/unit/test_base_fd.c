/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_base_fd.c - files are replaced whole or not at all, links are not
 * followed, and what is no plain file is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

static char dir_name[] = "/tmp/xensnap-test-XXXXXX";
static int dir = -1;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	strcpy(dir_name + sizeof(dir_name) - 7, "XXXXXX");
	if (!mkdtemp(dir_name))
		return -1;
	dir = fd_open_dir(AT_FDCWD, dir_name, &err);
	return dir < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	char command[100];

	(void)state;
	fd_close(&dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir_name);
	return system(command);
}

static void
assert_holds(const char *name, const char *want)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(dir, name, 1000, &text, &len, &err), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(text, want);
	free(text);
}

static void
assert_refused(const char *name, size_t max, enum err_code code)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(dir, name, max, &text, &len, &err), -1);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, name));
	assert_null(text);
}

static void
test_write_and_read(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(fd_write_file(dir, "a", "one", 3, &err), 0);
	assert_holds("a", "one");
	assert_int_equal(fd_write_file(dir, "a", "second", 6, &err), 0);
	assert_holds("a", "second");
	assert_int_equal(fd_write_file(dir, "a", "", 0, &err), 0);
	assert_holds("a", "");
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	umask(0777);
	assert_int_equal(fd_write_file(dir, "a", "x", 1, &err), 0);
	umask(022);
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	/* Nothing but the file is left. */
	assert_int_equal(faccessat(dir, ".a.new", F_OK, 0), -1);
}

/* No room: the old file stays as it was, and nothing lies beside it. */
static void
test_write_fails(void **state)
{
	struct rlimit old, small = { 10, RLIM_INFINITY };
	struct err err = ERR_INIT;
	char big[100];

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(fd_write_file(dir, "a", "old", 3, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(fd_write_file(dir, "a", big, sizeof(big), &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err.sys, EFBIG);
	assert_holds("a", "old");
	assert_int_equal(faccessat(dir, ".a.new", F_OK, 0), -1);
}

/* What a dead process or an enemy put in the way is replaced, not followed. */
static void
test_write_over_leftover(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fd_write_file(dir, "victim", "safe", 4, &err), 0);
	assert_int_equal(symlinkat("victim", dir, ".a.new"), 0);
	assert_int_equal(fd_write_file(dir, "a", "new", 3, &err), 0);
	assert_holds("victim", "safe");
	assert_holds("a", "new");
	assert_int_equal(symlinkat("victim", dir, "link"), 0);
	assert_int_equal(fd_write_file(dir, "link", "mine", 4, &err), 0);
	assert_holds("victim", "safe");
	assert_holds("link", "mine");
}

static void
test_write_names(void **state)
{
	struct err err = ERR_INIT;
	char name[300];

	(void)state;
	assert_int_equal(fd_write_file(dir, "../a", "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(fd_write_file(dir, name, "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
test_read_refuses(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_refused("none", 10, ERR_NOTFOUND);
	assert_int_equal(fd_write_file(dir, "a", "12345678", 8, &err), 0);
	assert_refused("a", 7, ERR_CORRUPT);
	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_refused("link", 10, ERR_CORRUPT);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_refused("fifo", 10, ERR_CORRUPT);
	assert_int_equal(mkdirat(dir, "folder", 0700), 0);
	assert_refused("folder", 10, ERR_CORRUPT);
}

/* Around the limit and around the sizes at which the buffer grows. */
static void
test_read_sizes(void **state)
{
	static const size_t sizes[] = { 0,     1,      65533,  65534, 65535,
					65536, 131070, 131071, 131072 };
	struct err err = ERR_INIT;
	char *data = malloc(131072);
	char *text;
	size_t len;

	(void)state;
	assert_non_null(data);
	memset(data, 'd', 131072);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(fd_write_file(dir, "a", data, sizes[i], &err),
				 0);
		assert_int_equal(
			fd_read_file(dir, "a", sizes[i], &text, &len, &err), 0);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(text[len], '\0');
		assert_memory_equal(text, data, len);
		free(text);
		if (sizes[i] > 0)
			assert_refused("a", sizes[i] - 1, ERR_CORRUPT);
	}
	free(data);
}

static void
test_read_proc(void **state)
{
	struct err err = ERR_INIT;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/stat", 4096, &text,
				      &len, &err),
			 0);
	assert_true(len > 20);
	free(text);
}

static void
test_pread_pwrite(void **state)
{
	struct err err = ERR_INIT;
	char buf[8] = "";
	int fd;

	(void)state;
	fd = openat(dir, "p", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite_all(fd, "abc", 3, 5, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(fd_pread_full(fd, buf, 8, 4, &err), 4);
	assert_memory_equal(buf, "\0abc", 4);
	assert_int_equal(fd_pread_full(fd, buf, 8, 8, &err), 0);
	assert_int_equal(fd_write_all(fd, "start", 5, &err), 0);
	assert_int_equal(fd_pread_full(fd, buf, 8, 0, &err), 8);
	assert_memory_equal(buf, "startabc", 8);
	assert_int_equal(fd_sync(fd, "p", &err), 0);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_int_equal(fd_pread_full(-1, buf, 1, 0, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(fd_sync(-1, "p", &err), -1);
}

static void
test_full_device(void **state)
{
	struct err err = ERR_INIT;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	fd_close(&fd);
}

static void
test_dirs(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	int fd;

	(void)state;
	umask(0);
	assert_int_equal(fd_make_dir(dir, "d", &err), 0);
	umask(022);
	assert_int_equal(fstatat(dir, "d", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fd_make_dir(dir, "d", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_int_equal(symlinkat("d", dir, "l"), 0);
	assert_int_equal(fd_open_dir(dir, "l", &err), -1);
	assert_int_equal(fd_open_dir(dir, "none", &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	fd = fd_open_dir(dir, "d", &err);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_file(fd, "f", "x", 1, &err), 0);
	assert_int_equal(symlinkat("/etc/passwd", fd, "s"), 0);
	fd_close(&fd);
	assert_int_equal(fd_remove_dir(dir, "l", &err), -1);
	assert_int_equal(faccessat(dir, "d/f", F_OK, 0), 0);
	err_clear(&err);
	assert_int_equal(fd_remove_dir(dir, "d", &err), 0);
	assert_int_equal(faccessat(dir, "d", F_OK, 0), -1);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	assert_int_equal(fd_remove_dir(dir, "d", &err), 0);
	assert_int_equal(err.code, ERR_NONE);
}

/* Ours hold no folders: one that does isn't ours to empty. */
static void
test_remove_nested(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fd_make_dir(dir, "d", &err), 0);
	assert_int_equal(mkdirat(dir, "d/inner", 0700), 0);
	assert_int_equal(fd_remove_dir(dir, "d", &err), -1);
	assert_int_equal(faccessat(dir, "d/inner", F_OK, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_write_and_read),      TEST(test_write_fails),
		TEST(test_write_over_leftover), TEST(test_write_names),
		TEST(test_read_refuses),        TEST(test_read_sizes),
		TEST(test_read_proc),           TEST(test_pread_pwrite),
		TEST(test_full_device),         TEST(test_dirs),
		TEST(test_remove_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
