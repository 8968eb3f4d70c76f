/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_file_view.c - views of files, as they are found afterwards: no
 * file system that shares blocks is needed for that, only one that has
 * extended attributes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file_view.h"

static char dir[] = "/var/tmp/xensnap-reflink.XXXXXX";
static struct disk_view_ref ref;

/* A file of @bytes, with @generation as its mark if that is something. */
static void
make(const char *path, off_t bytes, const char *generation)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	if (generation[0] && fsetxattr(fd, FILE_VIEW_ATTR_GENERATION,
				       generation, strlen(generation), 0)) {
		close(fd);
		print_message("no extended attributes here\n");
		skip();
	}
	close(fd);
}

static int
set_up(void **state)
{
	char inode[FILE_VIEW_INODE_LEN];
	struct stat st;

	(void)state;
	memset(&ref, 0, sizeof(ref));
	strcpy(ref.driver, "reflink");
	strcpy(ref.generation, "g1");
	ref.bytes = 4096;
	snprintf(ref.source, sizeof(ref.source), "%s/disk", dir);
	snprintf(ref.view, sizeof(ref.view), "%s/disk.xs-s", dir);
	make(ref.source, 4096, "");
	make(ref.view, 4096, "g1");
	assert_int_equal(stat(ref.source, &st), 0);
	strcpy(ref.source_uuid, file_view_inode(&st, inode));
	assert_int_equal(stat(ref.view, &st), 0);
	strcpy(ref.view_uuid, file_view_inode(&st, inode));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(ref.source);
	unlink(ref.view);
	return 0;
}

/* The state, its reason, and that opening says the same. */
static void
is(enum disk_view_state want, const char *why)
{
	struct disk_view_health h;
	struct err err = ERR_INIT;
	bool readable = want == DISK_VIEW_GOOD || want == DISK_VIEW_IMPAIRED;
	int fd;

	assert_int_equal(disk_view_state(&ref, &h, &err), 0);
	if (h.state != want || !strstr(h.why, why))
		fail_msg("state %d: '%s' instead of '%s'", (int)h.state, h.why,
			 why);
	assert_int_equal(disk_view_open(&ref, &fd, &err), readable ? 0 : -1);
	if (readable)
		assert_int_equal(disk_view_close(&ref, fd, &err), 0);
	else if (!strstr(err.text, why))
		fail_msg("'%s' instead of '%s'", err.text, why);
}

static void
test_view(void **state)
{
	(void)state;
	is(DISK_VIEW_GOOD, "");
	ref.view_uuid[0] = '\0'; /* records of 0.1.0's first days have none */
	is(DISK_VIEW_GOOD, "");
}

static void
test_lost(void **state)
{
	char other[1100];

	(void)state;
	assert_int_equal(truncate(ref.view, 8192), 0);
	is(DISK_VIEW_LOST, "8.0 KiB long, its disk was 4.0 KiB");
	snprintf(other, sizeof(other), "%s.new", ref.view);
	make(other, 4096, "g1");
	assert_int_equal(rename(other, ref.view), 0);
	is(DISK_VIEW_LOST, "a copy perhaps");
}

static void
test_not_ours(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	strcpy(ref.generation, "g2");
	is(DISK_VIEW_FOREIGN, "not ours");
	assert_int_equal(disk_view_drop(&ref, &err), 0);
	assert_int_equal(access(ref.view, F_OK), 0);
	strcpy(ref.generation, "g1");
	assert_int_equal(unlink(ref.view), 0);
	is(DISK_VIEW_GONE, "its file is gone");
	assert_int_equal(symlink("disk", ref.view), 0);
	is(DISK_VIEW_FOREIGN, "not ours");
}

static void
test_impaired(void **state)
{
	char other[1100];

	(void)state;
	snprintf(other, sizeof(other), "%s.new", ref.source);
	make(other, 4096, "");
	assert_int_equal(rename(other, ref.source), 0);
	is(DISK_VIEW_IMPAIRED, "replaced by another file");
	assert_int_equal(unlink(ref.source), 0);
	is(DISK_VIEW_IMPAIRED, "disk is gone");
}

/* What is lost while it is read is told at the end; and it can be dropped. */
static void
test_meanwhile(void **state)
{
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	assert_int_equal(disk_view_open(&ref, &fd, &err), 0);
	assert_int_equal(truncate(ref.view, 0), 0);
	assert_int_equal(disk_view_close(&ref, fd, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, "was lost while it was read: it is"));
	assert_int_equal(disk_view_drop(&ref, &err), 0);
	is(DISK_VIEW_GONE, "its file is gone");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_view),     CASE(test_lost),      CASE(test_not_ours),
		CASE(test_impaired), CASE(test_meanwhile),
	};
	int rc;

	if (!mkdtemp(dir))
		return 2;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return rc;
}
