/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_agent_mounts.c - which file systems the guest's agent freezes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mounts.h"

#define MAX 32

static char text[4096];
static struct mount m[MAX];

static int
parse(const char *lines)
{
	snprintf(text, sizeof(text), "%s", lines);
	return mounts_parse(text, m, MAX);
}

static void
test_fields(void **state)
{
	(void)state;
	assert_int_equal(
		parse("36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 x:2 - "
		      "ext3 /dev/a\\134b rw,errors=continue\n"
		      "37 36 8:17 / /\\012 ro - xfs /dev/sdb1 ro\n"),
		2);
	assert_int_equal(m[0].id, 36);
	assert_int_equal(m[0].major, 98);
	assert_int_equal(m[0].minor, 0);
	assert_string_equal(m[0].point, "/mnt 2");
	assert_string_equal(m[0].type, "ext3");
	assert_string_equal(m[0].source, "/dev/a\\b");
	assert_true(m[0].writable);
	assert_int_equal(m[1].minor, 17);
	assert_string_equal(m[1].point, "/\n");
	assert_false(m[1].writable);
	assert_false(mounts_same(&m[0], &m[1]));
	assert_true(mounts_same(&m[0], &m[0]));
	assert_int_equal(parse(""), 0);
}

static void
test_on_disk(void **state)
{
	static const struct {
		const char *line;
		bool on_disk;
	} cases[] = {
		{ "1 0 202:1 / / rw - ext4 /dev/xvda1 rw", true },
		/* this mount is read-only, the file system is not */
		{ "1 0 202:1 / /b ro - ext4 /dev/xvda1 rw", true },
		{ "1 0 202:1 / / rw - ext4 /dev/xvda1 ro", false },
		{ "1 0 0:45 /@ / rw - btrfs /dev/xvda1 rw,subvol=/@", true },
		{ "1 0 7:0 / /snap ro - squashfs /dev/loop0 ro", false },
		{ "1 0 202:15 / /boot/efi rw - vfat /dev/xvda15 rw", true },
		{ "1 0 0:5 / /proc rw - proc proc rw", false },
		{ "1 0 0:6 / /dev rw - devtmpfs udev rw,size=1k", false },
		{ "1 0 0:7 / /n rw - nfs4 host:/dev/x rw", false },
		{ "1 0 0:8 / /o rw - overlay overlay rw,lowerdir=/", false },
		{ "1 0 0:2 / / rw - rootfs rootfs rw", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), 1);
		if (mounts_on_disk(&m[0]) != cases[i].on_disk)
			fail_msg("%s", cases[i].line);
	}
}

/* What is not understood is not left out: then nothing is known. */
static void
test_odd(void **state)
{
	static const char good[] = "1 0 8:1 / / rw - ext4 /dev/sda1 rw";
	char many[MAX * 64 + 64] = "";
	size_t i;

	(void)state;
	assert_int_equal(parse("x 0 8:1 / / rw - ext4 /dev/sda1 rw"), -1);
	assert_int_equal(parse("1 0 8 / / rw - ext4 /dev/sda1 rw"), -1);
	assert_int_equal(parse("1 0 8:1 / / rw ext4 /dev/sda1 rw"), -1);
	for (i = 1; i < sizeof(good) - 4; i++) {
		char cut[sizeof(good)] = "";

		memcpy(cut, good, i);
		assert_int_equal(parse(cut), -1);
	}
	for (i = 0; i < MAX; i++) {
		strcat(many, good);
		strcat(many, "\n");
	}
	assert_int_equal(parse(many), MAX);
	strcat(many, good);
	assert_int_equal(parse(many), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_on_disk),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
