/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store.c - what store.h promises, of all kinds of store; what takes many
 * objects or threads is in test_store_many.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_kinds.h"

#define NAME                                                                \
	"packs/ab/abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefab" \
	"cdefabcd"

#define put store_kinds_put
#define assert_holds store_kinds_holds
#define see store_kinds_see
#define list store_kinds_list

static void
assert_missing(const char *name)
{
	struct err err = ERR_INIT;
	uint64_t bytes;
	char got[4];
	size_t n;

	assert_int_equal(store_size(s, name, &bytes, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_non_null(strstr(err.text, name));
	err_clear(&err);
	assert_int_equal(store_get(s, name, 0, got, sizeof(got), &n, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_non_null(strstr(err.text, name));
}

/* What is there can be hardened, by whoever; what is not cannot. */
static void
test_harden(void **state)
{
	struct err err = ERR_INIT;
	unsigned int n = 1;

	(void)state;
	assert_int_equal(store_harden(s, NAME, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	err_clear(&err);
	assert_int_equal(store_harden(s, "../x", &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	err_clear(&err);
	put(NAME, "x", 1);
	assert_int_equal(store_harden(s, NAME, &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(store_harden(s, NAME, &err), 0);
	assert_int_equal(store_tidy(s, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_holds(NAME, "x", 1);
}

static void
test_put_and_get(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 4095, 4096, 4097, 1000000 };
	struct err err = ERR_INIT;
	char *data = malloc(1000000);
	char name[20];

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < 1000000; i++)
		data[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(name, sizeof(name), "heads/%zu", i);
		assert_missing(name);
		put(name, data, sizes[i]);
		assert_holds(name, data, sizes[i]);
	}
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(list("heads/").n, 7);
	assert_int_equal(list("heads/").bytes, 1012291);
	free(data);
}

/* What is there stays as it is. */
static void
test_put_twice(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put("heads/1", "first", 5);
	for (int i = 0; i < 3; i++) {
		err_clear(&err);
		assert_int_equal(store_put(s, "heads/1", "other", 5, &err), -1);
		assert_int_equal(err.code, ERR_EXISTS);
		assert_non_null(strstr(err.text, "heads/1"));
	}
	assert_holds("heads/1", "first", 5);
	err_clear(&err);
	put("heads/2", "", 0);
	assert_int_equal(store_put(s, "heads/2", "other", 5, &err), -1);
	assert_holds("heads/2", "", 0);
	err_clear(&err);
	assert_int_equal(store_sync(s, &err), 0);
}

static void
test_get_parts(void **state)
{
	static const char data[] = "0123456789";
	static const struct {
		uint64_t offset;
		size_t len, want;
	} cases[] = {
		{ 0, 0, 0 },          { 0, 3, 3 },
		{ 3, 4, 4 },          { 6, 4, 4 },
		{ 6, 5, 4 },          { 9, 100, 1 },
		{ 10, 100, 0 },       { 11, 1, 0 },
		{ 4096, 100, 0 },     { INT64_MAX, 100, 0 },
		{ UINT64_MAX, 1, 0 }, { UINT64_MAX - 5, 100, 0 },
	};
	struct err err = ERR_INIT;
	char got[100];
	size_t n;

	(void)state;
	put("index/a", data, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 1000;
		assert_int_equal(store_get(s, "index/a", cases[i].offset, got,
					   cases[i].len, &n, &err),
				 0);
		assert_int_equal(n, cases[i].want);
		assert_memory_equal(got, &data[cases[i].offset % 11], n);
	}
}

static void
test_drop(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put("keys/a-1", "one", 3);
	put("keys/a-2", "two", 3);
	assert_int_equal(store_drop(s, "keys/a-1", &err), 0);
	assert_missing("keys/a-1");
	assert_holds("keys/a-2", "two", 3);
	/* Gone already is as good, and so is what never was. */
	assert_int_equal(store_drop(s, "keys/a-1", &err), 0);
	assert_int_equal(store_drop(s, "keys/none", &err), 0);
	assert_int_equal(store_drop(s, "nowhere/at/all", &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(list("keys/").n, 1);
	put("keys/a-1", "again", 5);
	assert_holds("keys/a-1", "again", 5);
}

static void
test_list(void **state)
{
	(void)state;
	assert_int_equal(list("").n, 0);
	assert_int_equal(list("packs/").n, 0);
	assert_int_equal(list("nowhere/").n, 0);
	put("config", "c", 1);
	put(NAME, "pack", 4);
	put("packs/ac/b", "pack", 4);
	put("heads/0000000000000001", "h", 1);
	put("heads-2", "h", 1);
	assert_int_equal(list("").n, 5);
	assert_int_equal(list("").bytes, 11);
	assert_int_equal(list("packs/").n, 2);
	assert_int_equal(list("packs").n, 2);
	assert_int_equal(list("packs/a").n, 2);
	assert_int_equal(list("packs/ab").n, 1);
	assert_int_equal(list("packs/ab/").n, 1);
	assert_string_equal(list("packs/ab/").last, NAME);
	assert_int_equal(list("packs/b").n, 0);
	assert_int_equal(list("packs/ad/").n, 0);
	assert_int_equal(list("heads").n, 2);
	assert_string_equal(list("heads/").last, "heads/0000000000000001");
	assert_string_equal(list("c").last, "config");
	assert_int_equal(list("config").n, 1);
	assert_int_equal(list("config-").n, 0);
	assert_int_equal(list("x").n, 0);
}

static void
assert_refused(const char *name, bool prefix_too)
{
	struct err err = ERR_INIT;
	struct seen seen = { .n = 0 };
	uint64_t bytes;
	char got[4];
	size_t n;

	assert_false(store_name_fits(name));
	assert_int_equal(store_put(s, name, "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	err_clear(&err);
	assert_int_equal(store_get(s, name, 0, got, 1, &n, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	err_clear(&err);
	assert_int_equal(store_size(s, name, &bytes, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	err_clear(&err);
	assert_int_equal(store_drop(s, name, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	err_clear(&err);
	if (!prefix_too)
		return;
	assert_int_equal(store_list(s, name, see, &seen, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
test_names(void **state)
{
	static const char *const bad[] = {
		"/",     "/etc/passwd", "..",          "../a",     "a/../b",
		"a/..",  "./a",         ".",           "a/.",      ".hidden",
		"a/.b",  "a//b",        "//a",         "A",        "packs/AB",
		"a_b",   "a b",         "a\n",         "a/b\x01",  "\xc3\xa4",
		"a\\b",  "a:b",         "a*",          "~",        "a/./b",
		"a/b//", "packs/../..", "heads/1\x7f", "a/b/.c/d", "%2e",
	};
	char name[STORE_NAME_MAX + 2];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], true);
	assert_refused("", false);
	assert_refused("a/", false);
	memset(name, 'n', sizeof(name));
	name[STORE_NAME_MAX + 1] = '\0';
	assert_refused(name, true);
	name[STORE_NAME_MAX] = '\0';
	assert_true(store_name_fits(name));
	put(name, "long", 4);
	assert_holds(name, "long", 4);
	assert_int_equal(list(name).n, 1);
	assert_int_equal(store_drop(s, name, &err), 0);
	put("a..b", "dots", 4);
	put("a-/-.", "more", 4);
	assert_int_equal(list("a").n, 2);
}

/* Names need no folders; and many parts are as good as one. */
static void
test_deep(void **state)
{
	char name[STORE_NAME_MAX + 1];
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < STORE_NAME_MAX; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[STORE_NAME_MAX - 1] = '\0';
	put(name, "deep", 4);
	assert_holds(name, "deep", 4);
	assert_string_equal(list("d/d/").last, name);
	assert_int_equal(store_drop(s, name, &err), 0);
	assert_int_equal(list("d/").n, 0);
	assert_int_equal(store_sync(s, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_harden),
		cmocka_unit_test(test_put_and_get),
		cmocka_unit_test(test_put_twice),
		cmocka_unit_test(test_get_parts),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_deep),
	};

	return store_kinds_run(tests, sizeof(tests) / sizeof(tests[0]));
}
