/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_json.c - what is not what we expect is refused, by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "json.h"

static struct json_object *
parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *o = json_parse(text, strlen(text), "it", &err);

	if (!o)
		fail_msg("%s: %s", text, err.text);
	return o;
}

static void
test_parse(void **state)
{
	static const char *const good[] = { "{}", " {\"a\":1}\n", "[]", "12",
					    "\"x\"" };
	static const char *const bad[] = { "",     " ",   "{",    "[1,2",
					   "{} x", "nul", "null", "\"\xff\"",
					   "{}{}", "[1,]" };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		json_object_put(parse(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&err);
		assert_null(json_parse(bad[i], strlen(bad[i]), "it", &err));
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_memory_equal(err.text, "it ", 3);
	}
	assert_null(json_parse("{}\0{}", 5, "it", &err));
	/* Not NUL-terminated: nothing past the length is looked at. */
	json_object_put(json_parse("123456", 3, "it", &err));
}

/* However deep it is nested, the stack is not. */
static void
test_deep(void **state)
{
	struct err err = ERR_INIT;
	size_t n = 1000000;
	char *text = malloc(n);

	(void)state;
	assert_non_null(text);
	memset(text, '[', n);
	assert_null(json_parse(text, n, "it", &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	free(text);
}

static void
test_strings(void **state)
{
	struct json_object *o = parse("{\"s\":\"x\",\"n\":1,\"e\":\"\","
				      "\"z\":\"a\\u0000b\"}");
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(json_str(o, "s", &err), "x");
	assert_string_equal(json_str(o, "e", &err), "");
	assert_null(json_str(o, "n", &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, "'n'"));
	assert_null(json_str(o, "none", &err));
	assert_null(json_str(o, "z", &err));
	assert_string_equal(json_str_or(o, "n", "d"), "d");
	assert_null(json_str_or(NULL, "n", NULL));
	json_object_put(o);
	o = parse("[1]");
	assert_null(json_str(o, "s", &err));
	json_object_put(o);
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = { "neg",   "text", "float", "signed",
					   "space", "over", "huge",  "none" };
	struct json_object *o =
		parse("{\"n\":1,\"max\":18446744073709551615,\"s\":\"42\","
		      "\"neg\":-1,\"text\":\"4x\",\"float\":1.5,"
		      "\"signed\":\"-1\",\"space\":\" 1\",\"over\":"
		      "\"18446744073709551616\",\"huge\":1e30}");
	struct err err = ERR_INIT;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(json_u64(o, "n", &n, &err), 0);
	assert_true(n == 1);
	assert_int_equal(json_u64(o, "max", &n, &err), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(json_u64(o, "s", &n, &err), 0);
	assert_true(n == 42);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(json_u64(o, bad[i], &n, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_true(n == 42);
		assert_true(json_u64_or(o, bad[i], 7) == 7);
	}
	json_object_put(o);
}

static void
test_others(void **state)
{
	struct json_object *o = parse("{\"t\":true,\"a\":[1],\"s\":\"true\"}");
	struct err err = ERR_INIT;

	(void)state;
	assert_true(json_bool_or(o, "t", false));
	assert_false(json_bool_or(o, "s", false));
	assert_true(json_bool_or(o, "none", true));
	assert_non_null(json_array(o, "a", &err));
	assert_null(json_array(o, "t", &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	json_object_put(o);
}

static void
test_files(void **state)
{
	char name[] = "/tmp/xensnap-test-XXXXXX";
	struct err err = ERR_INIT;
	struct json_object *o;
	char *text;
	size_t len;
	int dir;

	(void)state;
	assert_non_null(mkdtemp(name));
	dir = fd_open_dir(AT_FDCWD, name, &err);
	o = parse("{\"path\":\"/dev/vg\"}");
	assert_int_equal(json_write_file(dir, "f.json", o, &err), 0);
	json_object_put(o);
	assert_int_equal(fd_read_file(dir, "f.json", 100, &text, &len, &err),
			 0);
	assert_string_equal(text, "{\n  \"path\": \"/dev/vg\"\n}\n");
	free(text);
	o = json_read_file(dir, "f.json", &err);
	assert_non_null(o);
	json_object_put(o);
	assert_int_equal(fd_write_file(dir, "f.json", "{", 1, &err), 0);
	assert_null(json_read_file(dir, "f.json", &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_null(json_read_file(dir, "none", &err));
	assert_int_equal(err.code, ERR_NOTFOUND);
	unlinkat(dir, "f.json", 0);
	fd_close(&dir);
	rmdir(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),   cmocka_unit_test(test_deep),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_others),  cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
