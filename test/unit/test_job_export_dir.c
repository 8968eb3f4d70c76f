/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_job_export_dir.c - the folder of an export, and its undoing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "export_dir.h"
#include "log.h"
#include "scratch.h"

static void
check_is(const char *dir, enum err_code code)
{
	struct err err = ERR_INIT;
	int rc = export_dir_check(dir, &err);

	if (err.code != code || rc != (code == ERR_NONE ? 0 : -1))
		fail_msg("%s: error %d: %s", dir, (int)err.code, err.text);
	/* It names what is wrong, unless that has no name. */
	if (rc && *dir && strlen(dir) < 100)
		assert_non_null(strstr(err.text, dir[0] == '/' ? "/" : "fold"));
}

static void
test_check(void **state)
{
	static char longest[PATH_MAX + 10];

	(void)state;
	scratch_mkdir("empty");
	scratch_mkdir("full");
	scratch_puts("full/.hidden", "");
	scratch_puts("file", "");
	assert_int_equal(symlink("/nowhere", scratch_path("link")), 0);
	check_is(scratch_path("new"), ERR_NONE);
	check_is(scratch_path("new/"), ERR_NONE);
	check_is(scratch_path("new///"), ERR_NONE);
	check_is(scratch_path("empty"), ERR_NONE);
	check_is(scratch_path("empty/"), ERR_NONE);
	check_is(scratch_path("empty/new"), ERR_NONE);
	check_is(scratch_path("full"), ERR_EXISTS);
	check_is(scratch_path("file"), ERR_EXISTS);
	check_is(scratch_path("link"), ERR_EXISTS);
	check_is(scratch_path("none/new"), ERR_NOTFOUND);
	check_is("/", ERR_EXISTS);
	check_is("", ERR_INVALID);
	memset(longest, 'x', PATH_MAX + 5);
	check_is(longest, ERR_INVALID);
	assert_false(scratch_there("new"));
	/* A folder without a slash is in this one. */
	assert_int_equal(chdir(scratch_path("")), 0);
	check_is("new", ERR_NONE);
	check_is("full", ERR_EXISTS);
	assert_int_equal(chdir("/"), 0);
}

static void
open_at(struct export_dir *d, const char *name)
{
	struct err err = ERR_INIT;

	assert_int_equal(export_dir_open(d, scratch_path(name), &err), 0);
}

static void
put(struct export_dir *d, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(export_dir_write(d, name, text, &err), 0);
}

static void
test_new(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	char *text;
	int fd;

	(void)state;
	umask(0);
	open_at(&d, "new");
	assert_true(d.made);
	assert_int_equal(d.path[0], '/');
	fd = export_dir_create(&d, "xvda.img", &err);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	put(&d, "domain.cfg", "text\n");
	assert_int_equal(export_dir_sync(&d, &err), 0);
	assert_int_equal(export_dir_create(&d, "xvda.img", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	export_dir_close(&d);
	export_dir_close(&d);
	text = scratch_get("new/domain.cfg", NULL);
	assert_string_equal(text, "text\n");
	free(text);
	assert_int_equal(stat(scratch_path("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(scratch_path("new/xvda.img"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
test_undo_new(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;

	(void)state;
	open_at(&d, "new");
	put(&d, "a", "1");
	put(&d, "b", "2");
	export_dir_undo(&d);
	assert_false(scratch_there("new"));
	export_dir_undo(&d);
	export_dir_close(&d);
}

static void
test_undo_there(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;

	(void)state;
	scratch_mkdir("mine");
	open_at(&d, "mine");
	assert_false(d.made);
	put(&d, "a", "1");
	export_dir_undo(&d);
	assert_true(scratch_there("mine"));
	assert_int_equal(scratch_count("mine"), 0);
	export_dir_close(&d);
}

static void
count(enum log_level level, const char *line, void *ctx)
{
	(void)line;
	if (level == LOG_WARNING)
		++*(int *)ctx;
}

/* What somebody else put there meanwhile stays, and is told. */
static void
test_undo_others(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;
	int warnings = 0;

	(void)state;
	log_to(count, &warnings);
	open_at(&d, "new");
	put(&d, "a", "1");
	scratch_puts("new/theirs", "x");
	assert_int_equal(unlink(scratch_path("new/a")), 0);
	export_dir_undo(&d);
	assert_int_equal(warnings, 1);
	assert_true(scratch_there("new/theirs"));
	assert_false(scratch_there("new/a"));
	export_dir_close(&d);
	log_to(NULL, NULL);
}

/* A file that is there is not written to, nor removed, nor a link followed. */
static void
test_taken(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	scratch_puts("outside", "mine");
	open_at(&d, "new");
	scratch_puts("new/a", "theirs");
	assert_int_equal(symlink("../outside", scratch_path("new/b")), 0);
	assert_int_equal(export_dir_write(&d, "a", "x", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_int_equal(export_dir_write(&d, "b", "x", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_int_equal(d.n_files, 0);
	log_to(NULL, NULL);
	export_dir_undo(&d);
	export_dir_close(&d);
	text = scratch_get("outside", NULL);
	assert_string_equal(text, "mine");
	free(text);
	text = scratch_get("new/a", NULL);
	assert_string_equal(text, "theirs");
	free(text);
}

static void
test_cannot_open(void **state)
{
	struct export_dir d = EXPORT_DIR_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(export_dir_open(&d, scratch_path("no/new"), &err), -1);
	assert_int_equal(d.fd, -1);
	scratch_puts("file", "");
	assert_int_equal(export_dir_open(&d, scratch_path("file"), &err), -1);
	assert_int_equal(d.fd, -1);
	assert_true(scratch_there("file"));
	export_dir_close(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),       TEST(test_new),
		TEST(test_undo_new),    TEST(test_undo_there),
		TEST(test_undo_others), TEST(test_taken),
		TEST(test_cannot_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
