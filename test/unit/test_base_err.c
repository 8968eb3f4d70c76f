/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_err.c - an error's text is one line, harmless, and always ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "err.h"

static void
test_set(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.text, "");
	assert_int_equal(err_set(&err, ERR_IO, EIO, "read %s", "x"), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(err.sys, EIO);
	assert_string_equal(err.text, "read x: Input/output error");
	err_set(&err, ERR_BUSY, 0, "busy");
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.text, "busy");
	err_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.text, "");
}

static void
test_unknown_errno(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_IO, 4242, "read");
	assert_string_equal(err.text, "read: unknown error");
}

static void
test_context(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_NOSPC, 0, "full");
	assert_int_equal(err_add(&err, "disk %s", "xvda"), -1);
	assert_int_equal(err_more(&err, "%d left", 2), -1);
	assert_string_equal(err.text, "disk xvda: full; 2 left");
	assert_int_equal(err.code, ERR_NOSPC);
}

/* A text given to its own error must not be overwritten while it is read. */
static void
test_own_text(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_IO, 0, "inner");
	err_set(&err, ERR_IO, 0, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	err_more(&err, "again %s", err.text);
	assert_string_equal(err.text, "outer (inner); again outer (inner)");
}

/* The reason is at the end: what was tried is cut, not the reason. */
static void
test_cut_keeps_reason(void **state)
{
	static const char reason[] = "...: No such file or directory";
	struct err err = ERR_INIT;
	char name[2000];
	size_t n;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	err_set(&err, ERR_NOTFOUND, ENOENT, "open %s", name);
	n = strlen(err.text);
	assert_int_equal(n, sizeof(err.text) - 1);
	assert_string_equal(err.text + n - strlen(reason), reason);
}

static void
test_cut_context(void **state)
{
	struct err err = ERR_INIT;
	size_t n;

	(void)state;
	err_set(&err, ERR_IO, 0, "inner");
	for (int i = 0; i < 100; i++)
		err_add(&err, "context %d", i);
	n = strlen(err.text);
	assert_true(n < sizeof(err.text));
	assert_string_equal(err.text + n - 3, "...");
	assert_memory_equal(err.text, "context 99: context 98: ", 24);
	err_set(&err, ERR_IO, 0, "x");
	for (int i = 0; i < 200; i++)
		err_more(&err, "fact %d", i);
	assert_true(strlen(err.text) < sizeof(err.text));
}

/* What is cut is cut between characters. */
static void
test_cut_utf8(void **state)
{
	struct err err = ERR_INIT;
	char name[1200];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(name, 'a', shift);
		for (size_t i = shift; i + 3 < sizeof(name); i += 3)
			memcpy(name + i, "\u20ac", 4);
		err_set(&err, ERR_IO, 0, "%s", name);
		assert_null(strchr(err.text, '?'));
		assert_true(strlen(err.text) > sizeof(err.text) - 8);
	}
}

static void
test_hostile(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_INVALID, 0, "no %s", "a\033[2Jb\nc\x7f\xff");
	assert_string_equal(err.text, "no a?[2Jb?c??");
	err_add(&err, "\r%s", "\x1b");
	assert_string_equal(err.text, "??: no a?[2Jb?c??");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_unknown_errno),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_own_text),
		cmocka_unit_test(test_cut_keeps_reason),
		cmocka_unit_test(test_cut_context),
		cmocka_unit_test(test_cut_utf8),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
