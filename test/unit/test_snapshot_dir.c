/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_dir.c - a folder's name is its state: made, kept, deleted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "scratch.h"
#include "snapshot.h"

static int
begin(void **state)
{
	if (scratch_begin(state))
		return -1;
	return setenv("XENSNAP_ROOT", scratch_path("root"), 1);
}

static const struct snapshot *
sample(const char *domain, const char *name)
{
	static struct snapshot s;

	memset(&s, 0, sizeof(s));
	snprintf(s.domain, sizeof(s.domain), "%s", domain);
	snprintf(s.name, sizeof(s.name), "%s", name);
	strcpy(s.uuid, "11111111-2222-4333-8444-555555555555");
	strcpy(s.generation, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
	strcpy(s.created, "2026-11-22T20:35:13Z");
	strcpy(s.type, "PV");
	strcpy(s.xen_version, "4.17.7");
	return &s;
}

/* Make one with a file in it, and commit it or not. */
static void
make(const char *domain, const char *name, bool commit)
{
	const struct snapshot *s = sample(domain, name);
	struct err err = ERR_INIT;
	int fd = snapshot_begin(s, &err);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_file(fd, "memory.xl", "m", 1, &err), 0);
	if (commit)
		assert_int_equal(snapshot_commit(s, fd, &err), 0);
	close(fd);
	assert_int_equal(err.code, ERR_NONE);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(scratch_path(name), &st), 0);
	return st.st_mode & 07777;
}

static void
test_commit(void **state)
{
	static struct snapshot got;
	struct err err = ERR_INIT;

	(void)state;
	umask(0);
	make("web1", "a", false);
	assert_true(scratch_there("root/web1/.a.partial/memory.xl"));
	assert_false(scratch_there("root/web1/a"));
	assert_int_equal(snapshot_load("web1", "a", &got, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_int_equal(snapshot_abort("web1", "a", &err), 0);
	make("web1", "a", true);
	assert_false(scratch_there("root/web1/.a.partial"));
	err_clear(&err);
	assert_int_equal(snapshot_load("web1", "a", &got, &err), 0);
	assert_string_equal(got.name, "a");
	assert_int_equal(mode_of("root"), 0700);
	assert_int_equal(mode_of("root/web1"), 0700);
	assert_int_equal(mode_of("root/web1/a"), 0700);
	assert_int_equal(mode_of("root/web1/a/snapshot.json"), 0600);
	assert_int_equal(mode_of("root/web1/a/memory.xl"), 0600);
}

static void
test_taken(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(snapshot_check_free("web1", "a", &err), 0);
	assert_false(scratch_there("root"));
	make("web1", "a", true);
	assert_int_equal(snapshot_begin(sample("web1", "a"), &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_int_equal(snapshot_check_free("web1", "a", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	make("web1", "b", false);
	assert_int_equal(snapshot_begin(sample("web1", "b"), &err), -1);
	assert_int_equal(err.code, ERR_STATE);
	assert_non_null(strstr(err.text, "half made"));
	assert_non_null(strstr(err.text, "recover web1"));
	err_clear(&err);
	assert_int_equal(snapshot_begin_delete("web1", "a", &err), 0);
	assert_int_equal(snapshot_check_free("web1", "a", &err), -1);
	assert_int_equal(err.code, ERR_STATE);
	assert_non_null(strstr(err.text, "half deleted"));
	err_clear(&err);
	assert_int_equal(snapshot_check_free("web1", "c", &err), 0);
	assert_int_equal(snapshot_check_free("web2", "a", &err), 0);
	assert_int_equal(err.code, ERR_NONE);
}

static void
test_abort(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	make("web1", "a", false);
	make("web1", "b", true);
	assert_int_equal(snapshot_abort("web1", "a", &err), 0);
	assert_int_equal(snapshot_abort("web1", "a", &err), 0);
	assert_int_equal(snapshot_abort("web1", "none", &err), 0);
	assert_int_equal(snapshot_abort("nosuch", "a", &err), 0);
	assert_int_equal(snapshot_abort("web1", "b", &err), 0);
	assert_true(scratch_there("root/web1/b"));
	assert_int_equal(scratch_count("root/web1"), 1);
	assert_int_equal(err.code, ERR_NONE);
}

static void
test_end_commit(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	make("web1", "a", false);
	assert_int_equal(snapshot_end_commit("web1", "a", &err), 0);
	assert_true(scratch_there("root/web1/a/memory.xl"));
	assert_int_equal(snapshot_end_commit("web1", "a", &err), -1);
	err_clear(&err);
	assert_int_equal(snapshot_end_commit("web1", "none", &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

static void
test_delete(void **state)
{
	static struct snapshot got;
	struct err err = ERR_INIT;

	(void)state;
	make("web1", "a", true);
	assert_int_equal(snapshot_begin_delete("web1", "a", &err), 0);
	assert_int_equal(snapshot_load("web1", "a", &got, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_true(scratch_there("root/web1/.a.deleting/memory.xl"));
	assert_int_equal(snapshot_begin_delete("web1", "a", &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	err_clear(&err);
	assert_int_equal(snapshot_end_delete("web1", "a", &err), 0);
	assert_int_equal(snapshot_end_delete("web1", "a", &err), 0);
	assert_int_equal(scratch_count("root/web1"), 0);
	assert_int_equal(snapshot_begin_delete("nosuch", "a", &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

static void
test_use(void **state)
{
	struct err err = ERR_INIT;
	int one, two;

	(void)state;
	make("web1", "a", true);
	one = snapshot_use("web1", "a", &err);
	two = snapshot_use("web1", "a", &err);
	assert_true(one >= 0 && two >= 0);
	close(one);
	assert_int_equal(snapshot_begin_delete("web1", "a", &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_true(scratch_there("root/web1/a"));
	close(two);
	err_clear(&err);
	assert_int_equal(snapshot_begin_delete("web1", "a", &err), 0);
	assert_int_equal(snapshot_use("web1", "a", &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

/* A link in a folder's place is not followed: it could lead anywhere. */
static void
test_links(void **state)
{
	static struct snapshot got;
	struct err err = ERR_INIT;

	(void)state;
	make("web1", "a", true);
	assert_int_equal(symlink(scratch_path("root/web1/a"),
				 scratch_path("root/web1/b")),
			 0);
	assert_int_equal(snapshot_load("web1", "b", &got, &err), -1);
	assert_int_equal(snapshot_use("web1", "b", &err), -1);
	assert_int_equal(snapshot_begin_delete("web1", "b", &err), -1);
	assert_true(scratch_there("root/web1/a/memory.xl"));
	assert_int_equal(symlink(scratch_path("root/web1"),
				 scratch_path("root/web2")),
			 0);
	assert_int_equal(snapshot_load("web2", "a", &got, &err), -1);
}

static void
load_fails(enum err_code code, const char *record)
{
	static struct snapshot got;
	struct err err = ERR_INIT;

	unlink(scratch_path("root/web1/a/snapshot.json"));
	if (record)
		scratch_puts("root/web1/a/snapshot.json", record);
	assert_int_equal(snapshot_load("web1", "a", &got, &err), -1);
	if (err.code != code)
		fail_msg("error %d: %s", (int)err.code, err.text);
}

static void
test_load(void **state)
{
	static struct snapshot got;
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	make("web1", "a", true);
	text = scratch_get("root/web1/a/snapshot.json", NULL);
	load_fails(ERR_CORRUPT, "");
	load_fails(ERR_CORRUPT, "{}");
	load_fails(ERR_CORRUPT, "{\"format\": 1");
	load_fails(ERR_UNSUPPORTED, "{\"format\": 2}");
	/* There is a snapshot, so this is not the same as none. */
	load_fails(ERR_CORRUPT, NULL);
	/* A record that was moved from elsewhere. */
	scratch_mkdir("root/web1/b");
	scratch_puts("root/web1/b/snapshot.json", text);
	assert_int_equal(snapshot_load("web1", "b", &got, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, "web1@a"));
	free(text);
}

static void
test_root_is_a_file(void **state)
{
	static struct snapshot got;
	struct err err = ERR_INIT;

	(void)state;
	scratch_puts("root", "");
	assert_int_equal(snapshot_begin(sample("web1", "a"), &err), -1);
	assert_int_equal(snapshot_lock("web1", 0, &err), -1);
	assert_int_equal(snapshot_load("web1", "a", &got, &err), -1);
	assert_int_equal(err.code, ERR_IO);
}

static void
test_root(void **state)
{
	(void)state;
	assert_string_equal(snapshot_root(), scratch_path("root"));
	setenv("XENSNAP_ROOT", "", 1);
	assert_string_equal(snapshot_root(), "/var/lib/xensnap");
	unsetenv("XENSNAP_ROOT");
	assert_string_equal(snapshot_root(), "/var/lib/xensnap");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commit),         TEST(test_taken),  TEST(test_abort),
		TEST(test_end_commit),     TEST(test_delete), TEST(test_use),
		TEST(test_links),          TEST(test_load),   TEST(test_root),
		TEST(test_root_is_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
