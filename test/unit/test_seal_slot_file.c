/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files: they can be typed, and a mistake in them is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seal_help.h"
#include "slot.h"

static const char frozen_text[] =
	"xensnap-key-1 a0a1a2a3-a4a5a6a7-a8a9aaab-acadae"
	"af-b0b1b2b3-b4b5b6b7-b8b9babb-bcbdbebf-00e98867\n";

static void
frozen(void **state)
{
	struct err err = ERR_INIT;
	uint8_t raw[32], back[32];
	char text[SLOT_FILE_TEXT];

	(void)state;
	counting(raw, 0xa0, 32);
	slot_file_text(raw, text);
	assert_string_equal(text, frozen_text);
	assert_int_equal(slot_file_parse(text, back, &err), 0);
	assert_memory_equal(raw, back, 32);
}

/* As it may be typed. */
static void
typed(void **state)
{
	struct err err = ERR_INIT;
	char text[4 * sizeof(frozen_text)];
	uint8_t raw[32], back[32];
	size_t n = 0;

	(void)state;
	counting(raw, 0xa0, 32);
	for (size_t i = 0; frozen_text[i]; i++) {
		char c = frozen_text[i];

		if (c != '-')
			text[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		if (i % 7 == 0)
			text[n++] = "- \t\r\n"[i % 5];
	}
	text[n] = '\0';
	assert_int_equal(slot_file_parse(text, back, &err), 0);
	assert_memory_equal(raw, back, 32);
}

static void
refused(const char *text, const char *why)
{
	struct err err = ERR_INIT;
	uint8_t raw[32];

	assert_int_equal(slot_file_parse(text, raw, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_non_null(strstr(err.text, why));
}

static void
one_wrong_digit(void **state)
{
	static const char digits[] = "0123456789abcdef";
	char text[sizeof(frozen_text)];

	(void)state;
	strcpy(text, frozen_text);
	for (size_t i = 14; text[i] != '\n'; i++) {
		char was = text[i];

		if (was == '-')
			continue;
		for (size_t d = 0; d < 16; d++) {
			if (digits[d] == was)
				continue;
			text[i] = digits[d];
			refused(text, "mistake");
		}
		text[i] = 'o';
		refused(text, "no digits");
		text[i] = was;
	}
}

static void
no_key(void **state)
{
	char text[4096];

	(void)state;
	refused("", "no key");
	refused("xensnap-key-2 00", "no key");
	refused("-----BEGIN OPENSSH PRIVATE KEY-----", "no key");
	refused("xensnap-key-1 ", "0 digits");
	for (size_t len = 14; len < sizeof(frozen_text) - 2; len++) {
		memcpy(text, frozen_text, len);
		text[len] = '\0';
		refused(text, "digits instead of 72");
	}
	strcpy(text, frozen_text);
	strcat(text, "0");
	refused(text, "73 digits");
	memset(text + strlen(text), '0', 2000);
	text[3000] = '\0';
	refused(text, "digits");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen),
		cmocka_unit_test(typed),
		cmocka_unit_test(one_wrong_digit),
		cmocka_unit_test(no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
