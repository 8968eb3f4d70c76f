/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_wake.c - a call that waits is disturbed when its time is up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "wake.h"

static int never[2];

static int
make_pipe(void **state)
{
	(void)state;
	return pipe(never);
}

static void
test_wakes(void **state)
{
	struct err err = ERR_INIT;
	uint64_t from = clock_ns();
	struct wake w;
	char c;

	(void)state;
	assert_int_equal(wake_begin(&w, 50, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read(never[0], &c, 1), -1);
		assert_int_equal(errno, EINTR);
	}
	wake_end(&w);
	assert_true(clock_ms_since(from) >= 50);
}

/* Whoever has blocked all signals is disturbed too, and has them blocked
 * again afterwards. */
static void
test_mask(void **state)
{
	struct err err = ERR_INIT;
	sigset_t all, before, after;
	struct wake w;
	char c;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_sigmask(SIG_SETMASK, NULL, &all);
	assert_int_equal(wake_begin(&w, 10, &err), 0);
	assert_int_equal(read(never[0], &c, 1), -1);
	wake_end(&w);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < NSIG; i++)
		assert_int_equal(sigismember(&all, i), sigismember(&after, i));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Who is done in time is left alone for good. */
static void
test_ends(void **state)
{
	struct err err = ERR_INIT;
	struct wake w;

	(void)state;
	assert_int_equal(wake_begin(&w, 20, &err), 0);
	wake_end(&w);
	assert_int_equal(usleep(150000), 0);
	assert_int_equal(wake_begin(&w, 1, &err), 0);
	while (usleep(5000) == 0)
		continue;
	wake_end(&w);
	assert_int_equal(usleep(150000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wakes),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, make_pipe, NULL);
}
