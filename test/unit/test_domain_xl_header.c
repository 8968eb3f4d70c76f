/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_xl_header.c - the bytes in front of a save stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "xl_header.h"

static void
test_bytes(void **state)
{
	static const char want[] = "Xen saved domain, xl format\n \0 \r"
				   "\x04\x03\x02\x01"
				   "\x03\0\0\0"
				   "\0\0\0\0"
				   "\x07\0\0\0"
				   "\x03\0\0\0"
				   "{}";
	struct err err = ERR_INIT;
	FILE *f = tmpfile();
	char found[128];
	size_t n;

	(void)state;
	assert_int_equal(sizeof(want), 32 + 5 * 4 + 3);
	assert_non_null(f);
	assert_int_equal(xl_header_write(fileno(f), "{}", &err), 0);
	rewind(f);
	n = fread(found, 1, sizeof(found), f);
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(found, want, n);
	fclose(f);
}

static void
test_too_long(void **state)
{
	struct err err = ERR_INIT;
	FILE *f = tmpfile();
	char *text = malloc(XL_CONFIG_MAX + 1);

	(void)state;
	assert_non_null(f);
	assert_non_null(text);
	memset(text, 'a', XL_CONFIG_MAX);
	text[XL_CONFIG_MAX] = '\0';
	assert_int_equal(xl_header_write(fileno(f), text, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(lseek(fileno(f), 0, SEEK_END), 0);
	free(text);
	fclose(f);
}

static void
test_no_space(void **state)
{
	struct err err = ERR_INIT;
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(xl_header_write(fileno(f), "{}", &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
