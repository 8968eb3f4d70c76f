/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_text.c - what is shown cannot drive a terminal, and is UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void
test_clean(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "web1", "web1" },
		{ "gr\u00fc\u00df \u20ac \U0001f600",
		  "gr\u00fc\u00df \u20ac \U0001f600" },
		{ "\t\n\r\x01\x1f\x7f", "??????" },
		{ "\xc2\x9b"
		  "31m",
		  "?31m" },                     /* C1: CSI */
		{ "a\u202eb\u2066c", "a?b?c" }, /* direction */
		{ "a\u2028b", "a?b" },          /* line separator */
		{ "\xc0\xaf", "??" },           /* overlong */
		{ "\xe0\x80\xaf", "???" },      /* overlong */
		{ "\xed\xa0\x80", "???" },      /* surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* over 10ffff */
		{ "\xe2\x82", "??" },           /* cut short */
		{ "\x80 \xff", "? ?" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(buf, sizeof(buf), "%s", cases[i].in);
		assert_ptr_equal(text_clean(buf), buf);
		assert_string_equal(buf, cases[i].out);
	}
}

/* Whatever comes in: nothing below space comes out, and cleaning it again
 * changes nothing. */
static void
test_any_bytes(void **state)
{
	unsigned int seed = 20261122;
	char buf[64], again[64];

	(void)state;
	print_message("# seed %u\n", seed);
	for (unsigned int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(buf);

		for (size_t j = 0; j < n; j++)
			buf[j] = (char)(1 + rand_r(&seed) % 255);
		buf[n] = '\0';
		text_clean(buf);
		assert_true(strlen(buf) <= n);
		for (const char *p = buf; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		memcpy(again, buf, sizeof(buf));
		text_clean(again);
		assert_string_equal(again, buf);
	}
}

static void
test_plain(void **state)
{
	static const char *const good[] = { "", "a b", "\xc3\xa4",
					    "\xe2\x82\xac\xf0\x9f\x98\x80",
					    "\xc2\x85" };
	static const char *const bad[] = { "\t",          "a\n",  "\x7f",
					   "\xe4",        "\xc3", "\xc0\x80",
					   "\xed\xa0\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_plain(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char out[40];

		assert_false(text_is_plain(bad[i]));
		text_escape(bad[i], out, sizeof(out));
		assert_true(text_is_plain(out));
	}
}

static void
test_cut(void **state)
{
	static const char s[] = "a\u20acb";

	(void)state;
	assert_int_equal(text_cut(s, 9), 5);
	assert_int_equal(text_cut(s, 5), 5);
	assert_int_equal(text_cut(s, 4), 4);
	assert_int_equal(text_cut(s, 3), 1);
	assert_int_equal(text_cut(s, 2), 1);
	assert_int_equal(text_cut(s, 1), 1);
	assert_int_equal(text_cut(s, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
