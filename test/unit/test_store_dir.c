/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_dir.c - a store in a directory: how it begins, who may read it,
 * and what others put into it.  Who wins is in test_store_dir_race.c, what goes
 * wrong in system calls in test_store_dir_broken.c, and what store.h promises
 * in test_store.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "store_dir.h"

#define NOBODY 65534

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

static void
assert_mode(const char *name, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(scratch_path(name), &st), 0);
	assert_int_equal(st.st_mode, mode);
}

static void
assert_not_opened(const char *address, bool create, enum err_code code)
{
	struct err err = ERR_INIT;
	struct store *s = NULL;

	assert_int_equal(store_open(address, create, &s, &err), -1);
	assert_int_equal(err.code, code);
	assert_null(s);
	assert_non_null(strstr(err.text, address));
}

/* ---- how it begins ---- */

static void
test_create(void **state)
{
	struct err err = ERR_INIT;
	struct store *s;
	char name[20];

	(void)state;
	assert_not_opened(scratch_path("repo"), false, ERR_NOTFOUND);
	assert_int_equal(store_open(scratch_path("repo/"), true, &s, &err), 0);
	assert_int_equal(scratch_count("repo"), 7);
	assert_int_equal(scratch_count("repo/packs"), 256);
	for (unsigned int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "repo/packs/%02x", i);
		assert_mode(name, S_IFDIR | 0700);
	}
	put(s, "config", "c");
	store_close(s);
	assert_int_equal(store_open(scratch_path("repo"), false, &s, &err), 0);
	assert_int_equal(listed(s, ""), 1);
	store_close(s);
	assert_not_opened(scratch_path("repo"), true, ERR_EXISTS);
	assert_file("repo/config", "c");
}

/* Folders that a create left which was killed are no content. */
static void
test_create_again(void **state)
{
	struct store *s;

	(void)state;
	scratch_mkdir("repo");
	scratch_mkdir("repo/packs");
	scratch_mkdir("repo/packs/00");
	scratch_mkdir("repo/keys");
	scratch_puts("repo/.probe-0123456789abcdef", "");
	s = open_way(true, 0);
	assert_int_equal(scratch_count("repo/packs"), 256);
	store_close(s);
	scratch_puts("repo/packs/aa/x", "");
	assert_not_opened(scratch_path("repo"), true, ERR_EXISTS);
}

static void
test_create_in_use(void **state)
{
	(void)state;
	scratch_mkdir("a");
	scratch_puts("a/file", "mine");
	assert_not_opened(scratch_path("a"), true, ERR_EXISTS);
	assert_int_equal(scratch_count("a"), 1);
	scratch_mkdir("b");
	assert_int_equal(symlink("/", scratch_path("b/link")), 0);
	assert_not_opened(scratch_path("b"), true, ERR_EXISTS);
	scratch_mkdir("c");
	scratch_mkdir("c/1");
	scratch_mkdir("c/1/2");
	scratch_mkdir("c/1/2/3");
	scratch_mkdir("c/1/2/3/4");
	assert_not_opened(scratch_path("c"), true, ERR_EXISTS);
	assert_not_opened(scratch_path("none/repo"), true, ERR_NOTFOUND);
	assert_not_opened(scratch_path("a/file"), true, ERR_IO);
	assert_not_opened(scratch_path("a/file"), false, ERR_IO);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	assert_not_opened(scratch_path("fifo"), false, ERR_IO);
	assert_file("a/file", "mine");
}

static void
test_addresses(void **state)
{
	struct err err = ERR_INIT;
	struct store *s;

	(void)state;
	assert_not_opened("", false, ERR_INVALID);
	assert_not_opened("s3://bucket/x", true, ERR_INVALID);
	assert_not_opened("host:dir", false, ERR_INVALID);
	assert_not_opened("./none:dir", false, ERR_NOTFOUND);
	/* The address may be a link: it is the user's. */
	store_close(open_way(true, 0));
	assert_int_equal(symlink("repo", scratch_path("link")), 0);
	assert_int_equal(store_open(scratch_path("link"), false, &s, &err), 0);
	put(s, "config", "c");
	assert_file("repo/config", "c");
	store_close(s);
	store_close(NULL);
}

static void
test_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 0777 };

	(void)state;
	for (size_t i = 0; i < 3 * 2; i++) {
		mode_t old = umask(masks[i % 3]);
		struct store *s = open_way(true, ways[i / 3]);

		put(s, "config", "c");
		put(s, "packs/00/x", "p");
		put(s, "made/later/x", "l");
		umask(old);
		store_close(s);
		assert_mode("repo", S_IFDIR | 0700);
		assert_mode("repo/packs", S_IFDIR | 0700);
		assert_mode("repo/packs/ff", S_IFDIR | 0700);
		assert_mode("repo/made", S_IFDIR | 0700);
		assert_mode("repo/made/later", S_IFDIR | 0700);
		assert_mode("repo/config", S_IFREG | 0600);
		assert_mode("repo/packs/00/x", S_IFREG | 0600);
		assert_mode("repo/made/later/x", S_IFREG | 0600);
		assert_int_equal(scratch_end(state), 0);
		assert_int_equal(scratch_begin(state), 0);
	}
}

/* What cannot be written to can still be read. */
static int
read_only_child(const char *path)
{
	struct err err = ERR_INIT;
	struct store *s;
	char got[10];
	size_t n;

	if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
		return 1;
	if (store_open(path, false, &s, &err))
		return 2;
	if (store_get(s, "config", 0, got, sizeof(got), &n, &err) || n != 1)
		return 3;
	if (store_put(s, "heads/1", "x", 1, &err) == 0 ||
	    err.code != ERR_DENIED)
		return 4;
	if (store_drop(s, "config", &err) == 0 || err.code != ERR_DENIED)
		return 5;
	store_close(s);
	return 0;
}

static int
status_of(pid_t child)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
test_read_only(void **state)
{
	struct store *s = open_way(true, 0);
	pid_t child;

	(void)state;
	put(s, "config", "c");
	store_close(s);
	assert_int_equal(chmod(scratch_path(""), 0755), 0);
	assert_int_equal(chmod(scratch_path("repo"), 0555), 0);
	assert_int_equal(chmod(scratch_path("repo/heads"), 0555), 0);
	assert_int_equal(chmod(scratch_path("repo/config"), 0444), 0);
	child = fork();
	if (child == 0)
		_exit(read_only_child(scratch_path("repo")));
	assert_int_equal(status_of(child), 0);
	assert_int_equal(chmod(scratch_path("repo"), 0700), 0);
	assert_int_equal(chmod(scratch_path("repo/heads"), 0700), 0);
}

/* ---- what others put there ---- */

static void
assert_corrupt(struct store *s, const char *name)
{
	struct err err = ERR_INIT;
	uint64_t bytes;
	char got[4];
	size_t n;

	assert_int_equal(store_get(s, name, 0, got, 4, &n, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, name));
	err_clear(&err);
	assert_int_equal(store_size(s, name, &bytes, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	err_clear(&err);
	assert_int_equal(store_put(s, name, "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
}

static void
make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

/* Links, FIFOs and the like where an object belongs: no wait, no detour. */
static void
test_no_object(void **state)
{
	static const char *const names[] = { "heads/link", "heads/dangling",
					     "heads/fifo", "heads/socket",
					     "heads/loop" };
	struct err err = ERR_INIT;

	(void)state;
	scratch_puts("victim", "safe");
	store_close(open_way(true, 0));
	for (size_t way = 0; way < WAYS; way++) {
		struct store *s = open_way(false, ways[way]);

		assert_int_equal(symlink("../../victim",
					 scratch_path("repo/heads/link")),
				 0);
		assert_int_equal(symlink("none",
					 scratch_path("repo/heads/dangling")),
				 0);
		assert_int_equal(
			symlink("loop", scratch_path("repo/heads/loop")), 0);
		assert_int_equal(mkfifo(scratch_path("repo/heads/fifo"), 0600),
				 0);
		make_socket(scratch_path("repo/heads/socket"));
		scratch_mkdir("repo/heads/folder");
		assert_int_equal(listed(s, "heads/"), 0);
		assert_corrupt(s, "heads/folder");
		assert_int_equal(store_drop(s, "heads/folder", &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_int_equal(rmdir(scratch_path("repo/heads/folder")), 0);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			assert_corrupt(s, names[i]);
			assert_int_equal(store_drop(s, names[i], &err), 0);
		}
		assert_int_equal(scratch_count("repo/heads"), 0);
		store_close(s);
	}
	assert_file("victim", "safe");
}

/* The same where a folder belongs: nothing outside is touched. */
static void
test_no_folder(void **state)
{
	struct err err = ERR_INIT;
	char got[4];
	size_t n;

	(void)state;
	scratch_mkdir("outside");
	scratch_puts("outside/x", "safe");
	store_close(open_way(true, 0));
	assert_int_equal(rmdir(scratch_path("repo/packs/aa")), 0);
	assert_int_equal(
		symlink("../../outside", scratch_path("repo/packs/aa")), 0);
	assert_int_equal(rmdir(scratch_path("repo/keys")), 0);
	scratch_puts("repo/keys", "a file");
	for (size_t way = 0; way < WAYS; way++) {
		static const char *const names[] = { "packs/aa/x", "keys/x" };
		struct store *s = open_way(false, ways[way]);

		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(store_get(s, names[i], 0, got, 4, &n,
						   &err),
					 -1);
			assert_int_equal(err.code, ERR_CORRUPT);
			assert_int_equal(store_put(s, names[i], "y", 1, &err),
					 -1);
			assert_int_equal(err.code, ERR_CORRUPT);
			assert_int_equal(store_drop(s, names[i], &err), -1);
			assert_int_equal(err.code, ERR_CORRUPT);
		}
		assert_int_equal(store_list(s, "keys/", count, &n, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_int_equal(store_list(s, "packs/aa/", count, &n, &err),
				 -1);
		assert_int_equal(listed(s, "packs/"), 0);
		err_clear(&err);
		store_close(s);
	}
	assert_int_equal(scratch_count("outside"), 1);
	assert_file("outside/x", "safe");
}

/* Leftovers and what is not ours are passed over, and left alone. */
static void
test_foreign_names(void **state)
{
	struct store *s = open_way(true, 0);

	(void)state;
	put(s, "heads/1", "x");
	store_close(s);
	scratch_puts("repo/heads/.new-0123456789abcdef", "half");
	scratch_puts("repo/heads/.hidden", "");
	scratch_puts("repo/heads/UPPER", "");
	scratch_puts("repo/heads/a b", "");
	scratch_mkdir("repo/lost+found");
	scratch_puts("repo/lost+found/x", "");
	scratch_mkdir("repo/.git");
	scratch_puts("repo/.git/config", "");
	s = open_way(false, 0);
	assert_int_equal(listed(s, ""), 1);
	assert_int_equal(listed(s, "heads/"), 1);
	store_close(s);
	assert_int_equal(scratch_count("repo/heads"), 5);
}

/* A tool that copies no empty folders was at work. */
static void
test_missing_folders(void **state)
{
	struct store *s = open_way(true, 0);
	struct err err = ERR_INIT;

	(void)state;
	put(s, "packs/00/a", "x");
	for (unsigned int i = 1; i < 256; i++) {
		char name[30];

		snprintf(name, sizeof(name), "repo/packs/%02x", i);
		assert_int_equal(rmdir(scratch_path(name)), 0);
	}
	assert_int_equal(listed(s, "packs/"), 1);
	assert_int_equal(listed(s, "packs/01/"), 0);
	put(s, "packs/fe/b", "y");
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(listed(s, "packs/"), 2);
	assert_int_equal(store_drop(s, "packs/03/none", &err), 0);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)
		TEST(test_create),        TEST(test_create_again),
		TEST(test_create_in_use), TEST(test_addresses),
		TEST(test_umask),         TEST(test_read_only),
		TEST(test_no_object),     TEST(test_no_folder),
		TEST(test_foreign_names), TEST(test_missing_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
