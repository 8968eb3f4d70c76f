/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_base_run_fed.c - a program that reads what we write. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fd.h"
#include "run_fed.h"

#define PIECES 64u
#define PIECE 65536u /* together more than a pipe holds */

struct feeding {
	unsigned int pieces, fail_at;
	unsigned int n;
};

static int
feed(void *ctx, int to, struct err *err)
{
	static const uint8_t piece[PIECE] = { 1 };
	struct feeding *f = ctx;

	for (f->n = 0; f->n < f->pieces; f->n++) {
		if (f->n == f->fail_at)
			return err_set(err, ERR_CORRUPT, 0, "no more");
		if (fd_write_all(to, piece, sizeof(piece), err))
			return -1;
	}
	return 0;
}

/* A shell's words, fed with @f; how it ended is in @err. */
static int
fed(const char *words, struct feeding *f, struct err *err)
{
	const char *const argv[] = { "sh", "-c", words, NULL };
	struct run_opts how = RUN_OPTS_INIT;

	return run_fed(argv, &how, feed, f, err);
}

static void
test_all_of_it_is_read(void **state)
{
	struct feeding f = { .pieces = PIECES, .fail_at = PIECES };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fed("test $(wc -c) -eq 4194304", &f, &err), 0);
	assert_int_equal(f.n, PIECES);
	assert_int_equal(fed("test $(wc -c < /dev/fd/0) -eq 4194304", &f, &err),
			 0);
}

static void
test_what_failed_to_feed_is_told(void **state)
{
	struct feeding f = { .pieces = PIECES, .fail_at = 7 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fed("cat > /dev/null; exit 1", &f, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_string_equal(err.text, "no more");
	/* Also if the program does not mind. */
	err_clear(&err);
	assert_int_equal(fed("cat > /dev/null", &f, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
}

/* It does not wait for one who does not read; that is not the reason told. */
static void
test_one_that_ends_early(void **state)
{
	struct feeding f = { .pieces = PIECES, .fail_at = PIECES };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fed("echo enough >&2; exit 3", &f, &err), -1);
	assert_string_equal(err.text, "sh: enough");
	assert_true(f.n < PIECES);
	/* Having read what it wanted, it is content; we are not. */
	err_clear(&err);
	assert_int_equal(fed("head -c 1 > /dev/null", &f, &err), -1);
	assert_int_equal(err.code, ERR_IO);
}

static void
test_no_program(void **state)
{
	const char *const argv[] = { "nosuchprogram", NULL };
	struct feeding f = { .pieces = PIECES, .fail_at = PIECES };
	struct run_opts how = RUN_OPTS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run_fed(argv, &how, feed, &f, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_is_read),
		cmocka_unit_test(test_what_failed_to_feed_is_told),
		cmocka_unit_test(test_one_that_ends_early),
		cmocka_unit_test(test_no_program),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
