/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_dir_broken.c - a store in a directory whose disk and file system
 * fail: fsync, write, link and readdir here are ours, and stand before libc's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scratch.h"
#include "store_dir.h"

/* Which calls of a kind fail, and how: from the @at-th, @times of them. */
struct trouble {
	int at, times;
	int sys;
	bool folders; /* of fsync: count folders only, else files only */
};

static struct trouble
trouble(int at, int times, int sys)
{
	return (struct trouble){ at, times, sys, false };
}

static struct trouble
of_folders(int at, int times, int sys)
{
	return (struct trouble){ at, times, sys, true };
}

static struct trouble bad_fsync, bad_write, bad_link, bad_readdir;
static bool link_first;    /* do it, then fail */
static bool only_nameless; /* of link: those of a file without a name */
static bool link_replaces; /* as rename does */

static bool
strikes(struct trouble *t)
{
	if (t->at == 0 || --t->at > 0)
		return false;
	t->at = --t->times > 0 ? 1 : 0;
	errno = t->sys;
	return true;
}

int
fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (!!S_ISDIR(st.st_mode) == bad_fsync.folders && strikes(&bad_fsync))
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

ssize_t
write(int fd, const void *p, size_t len)
{
	struct stat st;

	if (bad_write.at > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    strikes(&bad_write))
		return -1;
	return syscall(SYS_write, fd, p, len);
}

int
linkat(int from, const char *name, int to, const char *as, int flags)
{
	if (link_replaces)
		syscall(SYS_unlinkat, to, as, 0);
	if ((!only_nameless || from == AT_FDCWD) && bad_link.at > 0) {
		if (link_first)
			syscall(SYS_linkat, from, name, to, as, flags);
		if (strikes(&bad_link))
			return -1;
	}
	return (int)syscall(SYS_linkat, from, name, to, as, flags);
}

struct dirent *
readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir64");
	return strikes(&bad_readdir) ? NULL : real(dir);
}

static struct store *s;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	bad_fsync = bad_write = bad_link = bad_readdir = trouble(0, 0, 0);
	link_first = only_nameless = link_replaces = false;
	if (scratch_begin(state))
		return -1;
	return store_dir_open(scratch_path("repo"), true, 0, &s, &err);
}

static int
teardown(void **state)
{
	bad_readdir.at = 0;
	store_close(s);
	s = NULL;
	return scratch_end(state);
}

static int
open_again(unsigned int without, struct err *err)
{
	store_close(s);
	s = NULL;
	return store_dir_open(scratch_path("repo"), false, without, &s, err);
}

/* Put heads/1, in the way that the store was opened. */
static enum err_code
put(struct err *err)
{
	err_clear(err);
	return store_put(s, "heads/1", "0123456789", 10, err) ? err->code :
								ERR_NONE;
}

static void
assert_there(void)
{
	struct err err = ERR_INIT;
	size_t len;
	char *got = scratch_get("repo/heads/1", &len);

	assert_string_equal(got, "0123456789");
	assert_int_equal(scratch_count("repo/heads"), 1);
	free(got);
	assert_int_equal(store_drop(s, "heads/1", &err), 0);
}

/* Run @test with and without names for what is being written. */
static void
both_ways(void (*test)(struct err *err))
{
	struct err err = ERR_INIT;

	test(&err);
	assert_int_equal(open_again(STORE_DIR_NO_TMPFILE, &err), 0);
	test(&err);
}

/* A file that could not be written is tried anew, once. */
static void
file_fails(struct trouble *t, struct err *err)
{
	*t = trouble(1, 1, EIO);
	assert_int_equal(put(err), ERR_NONE);
	assert_int_equal(t->at, 0);
	assert_there();
	*t = trouble(1, 2, EIO);
	assert_int_equal(put(err), ERR_IO);
	assert_int_equal(err->sys, EIO);
	assert_non_null(strstr(err->text, "heads/1"));
	assert_int_equal(t->at, 0);
	assert_int_equal(scratch_count("repo/heads"), 0);
	/* No room: a second file would have none either. */
	*t = trouble(1, 2, ENOSPC);
	assert_int_equal(put(err), ERR_NOSPC);
	assert_int_equal(t->times, 1);
	assert_int_equal(scratch_count("repo/heads"), 0);
	*t = trouble(1, 1, EDQUOT);
	assert_int_equal(put(err), ERR_NOSPC);
	assert_int_equal(scratch_count("repo/heads"), 0);
	*t = trouble(0, 0, 0);
	assert_int_equal(put(err), ERR_NONE);
	assert_there();
}

static void
write_fails(struct err *err)
{
	file_fails(&bad_write, err);
	bad_write = trouble(1, 5, EINTR);
	assert_int_equal(put(err), ERR_NONE);
	assert_there();
}

static void
test_write(void **state)
{
	(void)state;
	both_ways(write_fails);
}

static void
fsync_fails(struct err *err)
{
	file_fails(&bad_fsync, err);
}

static void
test_fsync(void **state)
{
	(void)state;
	both_ways(fsync_fails);
}

static void
link_fails(struct err *err)
{
	static const struct {
		int sys;
		enum err_code code;
	} cases[] = {
		{ EIO, ERR_IO },
		{ ENOSPC, ERR_NOSPC },
		{ EROFS, ERR_DENIED },
		{ EEXIST, ERR_EXISTS },
		{ EPERM, ERR_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bad_link = trouble(1, 2, cases[i].sys);
		assert_int_equal(put(err), cases[i].code);
		assert_int_equal(err->sys, cases[i].sys);
		assert_int_equal(scratch_count("repo/heads"), 0);
	}
	bad_link.at = 0;
}

static void
test_link(void **state)
{
	(void)state;
	both_ways(link_fails);
}

/* Over a network: it was done, the answer got lost, the second says EEXIST. */
static void
test_link_answer_lost(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(open_again(STORE_DIR_NO_TMPFILE, &err), 0);
	link_first = true;
	bad_link = trouble(1, 1, EEXIST);
	assert_int_equal(put(&err), ERR_NONE);
	link_first = false;
	assert_there();
}

/* A file that has no name cannot be given one: it is done the other way. */
static void
test_nameless_only(void **state)
{
	static const int why[] = { ENOENT, EPERM, EOPNOTSUPP, EINVAL, ENOSYS };
	struct err err = ERR_INIT;

	(void)state;
	only_nameless = true;
	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		bad_link = trouble(1, 100, why[i]);
		assert_int_equal(put(&err), ERR_NONE);
		assert_there();
		assert_int_equal(open_again(0, &err), 0);
	}
}

/* No links at all, or folders that cannot be synced: refused at once. */
static void
test_unfit(void **state)
{
	struct err err = ERR_INIT;
	struct store *made;

	(void)state;
	bad_link = trouble(1, 100, EPERM);
	assert_int_equal(open_again(0, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "not fit for a repository"));
	assert_non_null(strstr(err.text, scratch_path("repo")));
	/* A folder that was made for it goes again. */
	assert_int_equal(
		store_dir_open(scratch_path("new"), true, 0, &made, &err), -1);
	assert_false(scratch_there("new"));
	bad_link.at = 0;
	bad_fsync = of_folders(1, 1, EINVAL);
	assert_int_equal(open_again(0, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	bad_fsync = of_folders(1, 1, EIO);
	assert_int_equal(open_again(0, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(scratch_count("repo"), 7);
}

/* Whatever can be created twice is no place to agree on something. */
static void
test_not_exclusive(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	link_replaces = true;
	assert_int_equal(open_again(0, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(open_again(STORE_DIR_NO_TMPFILE, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	link_replaces = false;
	/* A second one that fails for another reason proves nothing. */
	bad_link = trouble(2, 1, EIO);
	assert_int_equal(open_again(STORE_DIR_NO_TMPFILE, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(scratch_count("repo"), 7);
}

/* A full disk must be opened: how else should something be dropped. */
static void
test_open_full(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(put(&err), ERR_NONE);
	bad_link = trouble(1, 100, ENOSPC);
	assert_int_equal(open_again(0, &err), 0);
	assert_int_equal(put(&err), ERR_NOSPC);
	err_clear(&err);
	assert_int_equal(store_drop(s, "heads/1", &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(scratch_count("repo/heads"), 0);
}

/* After a folder's fsync failed the next one would say that all is well. */
static void
test_sync_sticks(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(put(&err), ERR_NONE);
	assert_int_equal(store_put(s, "keys/a", "x", 1, &err), 0);
	bad_fsync = of_folders(1, 1, EIO);
	assert_int_equal(store_sync(s, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "fsync heads"));
	for (int i = 0; i < 3; i++) {
		err_clear(&err);
		assert_int_equal(store_sync(s, &err), -1);
		assert_int_equal(err.code, ERR_IO);
		assert_non_null(strstr(err.text, "fsync heads"));
	}
	assert_int_equal(store_put(s, "keys/b", "x", 1, &err), 0);
	assert_int_equal(store_sync(s, &err), -1);
	assert_int_equal(open_again(0, &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
}

/* Also when it failed in a put that made room for more folders. */
static void
test_early_sync_sticks(void **state)
{
	struct err err = ERR_INIT;
	char name[30];

	(void)state;
	bad_fsync = of_folders(10, 1, ENOSPC);
	for (unsigned int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "packs/%02x/x", i);
		assert_int_equal(store_put(s, name, "x", 1, &err), 0);
	}
	assert_int_equal(bad_fsync.at, 0);
	assert_int_equal(store_sync(s, &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	assert_int_equal(store_sync(s, &err), -1);
}

/* A sync is of what changed since the last one, and of what was found. */
static void
test_sync_what(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	bad_fsync = of_folders(1000, 1, EIO);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(bad_fsync.at, 1000);
	assert_int_equal(put(&err), ERR_NONE);
	assert_int_equal(store_put(s, "heads/2", "x", 1, &err), 0);
	assert_int_equal(store_put(s, "config", "x", 1, &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(bad_fsync.at, 998);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(bad_fsync.at, 998);
	assert_int_equal(put(&err), ERR_EXISTS);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(bad_fsync.at, 997);
	err_clear(&err);
	assert_int_equal(store_drop(s, "heads/none", &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(bad_fsync.at, 996);
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

/* An error in a list is no end of it, wherever it comes. */
static void
test_readdir(void **state)
{
	struct err err = ERR_INIT;
	unsigned int n = 0;
	int failed = 0;

	(void)state;
	assert_int_equal(put(&err), ERR_NONE);
	assert_int_equal(store_put(s, "heads/2", "x", 1, &err), 0);
	for (int at = 1;; at++) {
		bad_readdir = trouble(at, 1, EIO);
		n = 0;
		err_clear(&err);
		if (store_list(s, "heads/", count, &n, &err) == 0)
			break;
		failed++;
		assert_int_equal(err.code, ERR_IO);
		assert_non_null(strstr(err.text, "heads"));
	}
	/* Two entries, "." and "..", and the end. */
	assert_int_equal(failed, 5);
	assert_int_equal(n, 2);
	bad_readdir = trouble(20, 1, EIO);
	assert_int_equal(store_list(s, "", count, &n, &err), -1);
}

/* A create that fails anywhere can be tried again. */
static void
test_create_fails(void **state)
{
	struct store *other = NULL;
	struct err err = ERR_INIT;
	int failed = 0;

	(void)state;
	for (int at = 1;; at += at < 20 ? 1 : 50) {
		bad_fsync = of_folders(at, 1, EIO);
		err_clear(&err);
		if (store_dir_open(scratch_path("other"), true, 0, &other,
				   &err) == 0)
			break;
		failed++;
		assert_int_equal(err.code, ERR_IO);
		assert_null(other);
	}
	assert_true(failed > 20);
	assert_int_equal(scratch_count("other"), 7);
	store_close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_write),         TEST(test_fsync),
		TEST(test_link),          TEST(test_link_answer_lost),
		TEST(test_nameless_only), TEST(test_unfit),
		TEST(test_not_exclusive), TEST(test_open_full),
		TEST(test_sync_sticks),   TEST(test_early_sync_sticks),
		TEST(test_sync_what),     TEST(test_readdir),
		TEST(test_create_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
