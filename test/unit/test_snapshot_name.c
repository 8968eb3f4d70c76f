/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_name.c - what is a name, and every reason why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "snapshot.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void
test_good(void **state)
{
	static const struct {
		const char *text, *domain, *name;
	} good[] = {
		{ "web1", "web1", "" },
		{ "web1@before", "web1", "before" },
		{ "a@b", "a", "b" },
		{ "0@9", "0", "9" },
		{ "A.b_c+d-e@Z.y_x+w-v", "A.b_c+d-e", "Z.y_x+w-v" },
		{ SIXTY "1234@" SIXTY "5678", SIXTY "1234", SIXTY "5678" },
	};
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(snapshot_split_name(good[i].text, false,
						     domain, name, &err),
				 0);
		assert_string_equal(domain, good[i].domain);
		assert_string_equal(name, good[i].name);
	}
	assert_int_equal(err.code, ERR_NONE);
}

static void
refused(const char *text, bool need_name, const char *why)
{
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	struct err err = ERR_INIT;

	if (snapshot_split_name(text, need_name, domain, name, &err) != -1)
		fail_msg("\"%s\" was taken as a name", text);
	assert_int_equal(err.code, ERR_INVALID);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" is refused with \"%s\", not with \"%s\"", text,
			 err.text, why);
	/* One line, and nothing in it that a terminal would act on. */
	assert_null(strpbrk(err.text, "\n\r\t\033\b\x7f"));
}

static void
test_refused(void **state)
{
	(void)state;
	refused("", false, "domain's name is empty");
	refused("@", false, "domain's name is empty");
	refused("@x", false, "domain's name is empty");
	refused("web1@", false, "snapshot's name is empty");
	refused("web1", true, "names no snapshot");
	refused("web1@a@b", false, "may hold only");
	refused("web1@@", false, "may hold only");
	refused("a/b", false, "may hold only");
	refused("web1@a/b", false, "may hold only");
	refused("/etc", false, "may hold only");
	refused("web1@../../etc", false, "may hold only");
	refused("web1@..", false, "must begin with");
	refused("..", false, "must begin with");
	refused(".", false, "must begin with");
	refused(".hidden", false, "must begin with");
	refused("web1@.x.partial", false, "must begin with");
	refused("-rf", false, "must begin with");
	refused("web1@-rf", false, "must begin with");
	refused("+x", false, "must begin with");
	refused("_x", false, "must begin with");
	refused("a b", false, "may hold only");
	refused("a\nb", false, "may hold only");
	refused("a\tb", false, "may hold only");
	refused("a\033[2Jb", false, "may hold only");
	refused("a\x7f", false, "may hold only");
	refused("web1@a\x01", false, "may hold only");
	refused("w\xc3\xa4rme", false, "may hold only");
	refused("a\xff", false, "may hold only");
	refused("a:b", false, "may hold only");
	refused("a*", false, "may hold only");
	refused("$(reboot)", false, "may hold only");
	refused("a;b", false, "may hold only");
	refused("a'b", false, "may hold only");
	refused("a\"b", false, "may hold only");
	refused("a\\b", false, "may hold only");
	refused("a=b", false, "may hold only");
	refused("a%s", false, "may hold only");
}

static void
test_too_long(void **state)
{
	(void)state;
	refused(SIXTY "12345", false, "longer than 64");
	refused("web1@" SIXTY "12345", false, "longer than 64");
	refused(SIXTY SIXTY SIXTY "12345678901234567890", false,
		"longer than 64");
	refused(SIXTY "12345@x", false, "longer than 64");
}

/* Each byte alone: only what the header promises. */
static void
test_each_byte(void **state)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789";
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		char alone[2] = { (char)c, '\0' }, second[3] = { 'a', (char)c };
		bool letter = strchr(first, (char)c) != NULL;
		bool mark = strchr("._+-", (char)c) != NULL;
		struct err err = ERR_INIT;

		if (c == '@')
			continue;
		assert_int_equal(snapshot_split_name(alone, false, domain, name,
						     &err),
				 letter ? 0 : -1);
		assert_int_equal(snapshot_split_name(second, false, domain,
						     name, &err),
				 letter || mark ? 0 : -1);
	}
}

/* The file system's own folder must never be taken for a domain's. */
static void
test_lost_and_found(void **state)
{
	(void)state;
	refused("lost+found", false, "file system");
	refused("lost+found@x", false, "file system");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_lost_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
