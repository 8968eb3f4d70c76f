/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_qcow2.c - which qcow2 images are whole by themselves, by their
 * headers: bytes as docs/interop/qcow2.txt of QEMU has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "qcow2.h"
#include "scratch.h"

#define HEADER_LEN 104

/* An image of version 3 that has nothing special. */
static void
plain(unsigned char *header)
{
	memset(header, 0, HEADER_LEN);
	memcpy(header, "QFI\xfb\0\0\0\3", 8);
	header[23] = 16; /* cluster bits */
	header[103] = HEADER_LEN;
}

/* What is said of an image whose byte @at is @byte. */
static enum err_code
with(unsigned int at, unsigned char byte, struct err *err)
{
	unsigned char header[HEADER_LEN];
	int rc;

	plain(header);
	header[at] = byte;
	scratch_put("i.qcow2", header, sizeof(header));
	err_clear(err);
	rc = qcow2_check(scratch_path("i.qcow2"), err);
	assert_int_equal(rc, err->code == ERR_NONE ? 0 : -1);
	return err->code;
}

static void
whole(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(with(7, 3, &err), ERR_NONE);
	assert_int_equal(with(7, 2, &err), ERR_NONE);
	/* dirty: as any that is in use with lazy reference counts */
	assert_int_equal(with(79, 1, &err), ERR_NONE);
}

static void
not_whole(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(with(7, 4, &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "version 4"));
	assert_int_equal(with(15, 104, &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "backing file"));
	assert_int_equal(with(8, 1, &err), ERR_UNSUPPORTED);
	assert_int_equal(with(35, 2, &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "encrypted"));
	assert_int_equal(with(79, 4, &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "another file"));
	assert_int_equal(with(79, 2, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.text, "marked as corrupt"));
}

/* Version 2 has no such word: other things may be there. */
static void
version_2(void **state)
{
	unsigned char header[HEADER_LEN];
	struct err err = ERR_INIT;

	(void)state;
	plain(header);
	header[7] = 2;
	header[79] = 2 | 4;
	scratch_put("i.qcow2", header, 72);
	assert_int_equal(qcow2_check(scratch_path("i.qcow2"), &err), 0);
	scratch_put("i.qcow2", header, sizeof(header));
	assert_int_equal(qcow2_check(scratch_path("i.qcow2"), &err), 0);
}

static void
no_image(void **state)
{
	struct err err = ERR_INIT;
	unsigned char header[HEADER_LEN];

	(void)state;
	assert_int_equal(with(0, 'X', &err), ERR_CORRUPT);
	plain(header);
	scratch_put("i.qcow2", header, 71);
	err_clear(&err);
	assert_int_equal(qcow2_check(scratch_path("i.qcow2"), &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	scratch_put("i.qcow2", header, 75);
	err_clear(&err);
	assert_int_equal(qcow2_check(scratch_path("i.qcow2"), &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	err_clear(&err);
	assert_int_equal(qcow2_check(scratch_path("none"), &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(not_whole, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(version_2, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(no_image, scratch_begin,
						scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
