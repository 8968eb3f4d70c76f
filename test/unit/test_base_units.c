/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_units.c - sizes as people write them, numbers as they read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "err.h"
#include "units.h"

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "4096B", 4096 },
		{ "1K", 1024 },
		{ "1k", 1024 },
		{ "5G", 5ull << 30 },
		{ "5GB", 5ull << 30 },
		{ "512MiB", 512ull << 20 },
		{ "512mib", 512ull << 20 },
		{ "2T", 2ull << 40 },
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215T", 16777215ull << 40 },
	};
	struct err err = ERR_INIT;
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 1;
		assert_int_equal(units_parse_size(cases[i].text, &n, &err), 0);
		assert_true(n == cases[i].bytes);
	}
}

static void
test_refuse(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"G",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1 G",
		"1.5G",
		"1x",
		"1Gi",
		"1GiBB",
		"1Gb ",
		"0x10",
		"1KK",
		"5%",
		"18446744073709551616",
		"16777216T",
		"99999999999999999999G",
	};
	struct err err = ERR_INIT;
	uint64_t n = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&err);
		assert_int_equal(units_parse_size(bad[i], &n, &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.text, bad[i]));
		assert_true(n == 42);
	}
}

static void
test_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ (1 << 20) - 1, "1.0 MiB" },
		{ 5ull << 30, "5.0 GiB" },
		{ (1023ull << 30), "1023.0 GiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_size(cases[i].bytes, buf,
					       sizeof(buf)),
				    cases[i].text);
}

static void
test_ms(void **state)
{
	static const struct {
		double ms;
		const char *text;
	} cases[] = {
		{ 0, "0.0 ms" },          { 0.04, "0.0 ms" },
		{ 3.14, "3.1 ms" },       { 9.96, "10 ms" },
		{ 43, "43 ms" },          { 999.4, "999 ms" },
		{ 999.6, "1.00 s" },      { 1250, "1.25 s" },
		{ 59990, "59.99 s" },     { 59999, "1 min 0 s" },
		{ 125000, "2 min 5 s" },  { 3599400, "59 min 59 s" },
		{ 3600000, "1 h 0 min" }, { 5400000, "1 h 30 min" },
	};
	char buf[24];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_ms(cases[i].ms, buf, sizeof(buf)),
				    cases[i].text);
	units_ms(1e300, buf, sizeof(buf));
	assert_true(strlen(buf) < sizeof(buf));
}

static void
test_s(void **state)
{
	(void)state;
	assert_string_equal(units_s(0), "s");
	assert_string_equal(units_s(1), "");
	assert_string_equal(units_s(2), "s");
	assert_string_equal(units_s(UINT64_MAX), "s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_size),  cmocka_unit_test(test_ms),
		cmocka_unit_test(test_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
