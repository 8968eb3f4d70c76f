/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_quiesce.c - the words between us and a guest's agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "quiesce.h"

#define NONCE "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
test_request(void **state)
{
	char text[128];

	(void)state;
	assert_string_equal(quiesce_request(NONCE, 70000, text, sizeof(text)),
			    "freeze " NONCE " 70000");
}

static void
test_words(void **state)
{
	static const struct {
		const char *text;
		enum quiesce_word word;
	} cases[] = {
		{ "freezing " NONCE, QUIESCE_FREEZING },
		{ "frozen " NONCE " 3 1", QUIESCE_FROZEN },
		{ "frozen " NONCE " 0 0", QUIESCE_FROZEN },
		{ "failed " NONCE " why", QUIESCE_FAILED },
		{ "failed " NONCE, QUIESCE_FAILED },
		{ "thawing " NONCE, QUIESCE_THAWED },
		{ "thawed " NONCE, QUIESCE_THAWED },
		/* of another request */
		{ "frozen " NONCE "x 3 1", QUIESCE_OTHER },
		{ "frozen aaaaaaaa 3 1", QUIESCE_OTHER },
		{ "thawed", QUIESCE_OTHER },
		/* no sense */
		{ "", QUIESCE_OTHER },
		{ " ", QUIESCE_OTHER },
		{ NONCE, QUIESCE_OTHER },
		{ "frozen " NONCE, QUIESCE_OTHER },
		{ "frozen " NONCE " 3", QUIESCE_OTHER },
		{ "frozen " NONCE " x y", QUIESCE_OTHER },
		{ "frozen " NONCE " -1 0", QUIESCE_OTHER },
		{ "frozen " NONCE " 3 -1", QUIESCE_OTHER },
		{ "melted " NONCE " 3 1", QUIESCE_OTHER },
		{ "a-word-that-is-much-too-long " NONCE, QUIESCE_OTHER },
	};
	struct quiesce_reply r;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		memset(&r, 0xff, sizeof(r));
		quiesce_parse(cases[i].text, NONCE, &r);
		if (r.word != cases[i].word)
			fail_msg("\"%s\" is %d", cases[i].text, (int)r.word);
	}
}

static void
test_details(void **state)
{
	struct quiesce_reply r;
	char text[400] = "failed " NONCE " ";

	(void)state;
	quiesce_parse("frozen " NONCE " 3 1", NONCE, &r);
	assert_int_equal(r.n_frozen, 3);
	assert_int_equal(r.n_synced, 1);
	quiesce_parse("failed " NONCE " freeze /mnt: busy", NONCE, &r);
	assert_string_equal(r.why, "freeze /mnt: busy");
	quiesce_parse("failed " NONCE, NONCE, &r);
	assert_true(r.why[0] != '\0');
	/* However long it is. */
	memset(text + strlen(text), 'w', 300);
	quiesce_parse(text, NONCE, &r);
	assert_int_equal(r.word, QUIESCE_FAILED);
	assert_int_equal(strlen(r.why), sizeof(r.why) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
