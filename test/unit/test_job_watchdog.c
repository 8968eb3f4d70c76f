/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_job_watchdog.c - starting, arming and stopping it; what it does when we
 * die is in test/sim/, where there is something to put right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "watchdog.h"

static int
arm(struct watchdog *w, struct err *err)
{
	static struct leftover l = { .domain = true };

	l.saved.domid = 4000000000u;
	strcpy(l.saved.uuid, "11111111-2222-4333-8444-555555555555");
	return watchdog_arm(w, &l, err);
}

static bool
is_gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

static void
test_stop(void **state)
{
	struct watchdog w = WATCHDOG_INIT;
	struct err err = ERR_INIT;
	pid_t pid;

	(void)state;
	watchdog_stop(&w); /* was never started */
	assert_int_equal(watchdog_start(&w, &err), 0);
	pid = w.pid;
	assert_true(pid > 0);
	watchdog_stop(&w);
	assert_true(is_gone(pid));
	assert_int_equal(w.fd, -1);
	watchdog_stop(&w);
}

static void
test_arm(void **state)
{
	struct watchdog w = WATCHDOG_INIT;
	struct err err = ERR_INIT;
	pid_t pid;

	(void)state;
	assert_int_equal(watchdog_start(&w, &err), 0);
	pid = w.pid;
	assert_int_equal(arm(&w, &err), 0);
	assert_int_equal(arm(&w, &err), 0);
	watchdog_stop(&w);
	assert_true(is_gone(pid));
	assert_int_equal(err.code, ERR_NONE);
}

/* It must not be taken for alive: nothing may be begun without it. */
static void
test_dead(void **state)
{
	struct watchdog w = WATCHDOG_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(watchdog_start(&w, &err), 0);
	kill(w.pid, SIGKILL);
	assert_int_equal(arm(&w, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "watchdog"));
	watchdog_stop(&w);
	assert_int_equal(w.fd, -1);
}

/* Signals of a terminal are not for it. */
static void
test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGPIPE };
	struct watchdog w = WATCHDOG_INIT;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	assert_int_equal(watchdog_start(&w, &err), 0);
	assert_int_equal(arm(&w, &err), 0);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		kill(w.pid, signals[i]);
	clock_sleep_ms(20);
	assert_int_equal(arm(&w, &err), 0);
	watchdog_stop(&w);
}

/* One that was never armed goes quietly when its owner dies. */
static void
test_not_armed(void **state)
{
	struct watchdog w = WATCHDOG_INIT;
	struct err err = ERR_INIT;
	int status;

	(void)state;
	assert_int_equal(watchdog_start(&w, &err), 0);
	close(w.fd);
	assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_arm),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_not_armed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
