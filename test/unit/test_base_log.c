/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_base_log.c - lines reach the sink clean, warnings are counted; and
 * Ctrl-C (cancel.h) is a flag and a descriptor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "log.h"

static bool
readable(void)
{
	struct pollfd p = { cancel_fd(), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

/* In a process of its own, since the flag never goes down again. */
static int
child(int sig)
{
	struct err err = ERR_INIT;

	if (cancel_fd() != -1 || cancel_init(&err) || cancel_init(&err))
		return 1;
	if (cancel_requested() || cancel_check(&err) || readable())
		return 2;
	raise(sig);
	raise(sig);
	if (!cancel_requested() || !readable() || !readable())
		return 3;
	if (cancel_check(&err) != -1 || err.code != ERR_CANCELLED)
		return 4;
	return 0;
}

static int
in_child(int (*f)(int), int sig)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(f(sig));
	waitpid(pid, &status, 0);
	return status;
}

static void
test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(in_child(child, signals[i]), 0);
}

/* One that comes at once is nothing new, one that comes later is the end. */
static int
impatient(int sig)
{
	struct err err = ERR_INIT;

	if (cancel_init(&err))
		return 1;
	for (int i = 0; i < 100; i++)
		raise(sig);
	if (!cancel_requested())
		return 2;
	clock_sleep_ms(1100);
	raise(sig);
	return 3;
}

static void
test_twice(void **state)
{
	int status;

	(void)state;
	status = in_child(impatient, SIGTERM);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* nohup stays nohup. */
static int
ignored(int sig)
{
	struct err err = ERR_INIT;

	signal(sig, SIG_IGN);
	if (cancel_init(&err))
		return 1;
	raise(sig);
	return cancel_requested();
}

static void
test_ignored(void **state)
{
	(void)state;
	assert_int_equal(in_child(ignored, SIGHUP), 0);
}

struct heard {
	unsigned int n;
	enum log_level level;
	char line[1100];
};

static void
hear(enum log_level level, const char *line, void *ctx)
{
	struct heard *h = ctx;

	h->n++;
	h->level = level;
	strncpy(h->line, line, sizeof(h->line) - 1);
}

static void
test_log(void **state)
{
	struct heard h = { 0 };
	char big[3000];

	(void)state;
	log_warning("to nobody");
	assert_int_equal(log_warnings(), 1);
	log_to(hear, &h);
	log_notice("paused %s", "web1");
	assert_int_equal(h.level, LOG_NOTICE);
	assert_string_equal(h.line, "paused web1");
	log_warning("a\033b\n");
	assert_int_equal(h.level, LOG_WARNING);
	assert_string_equal(h.line, "a?b?");
	assert_int_equal(log_warnings(), 2);
	log_info("i");
	assert_int_equal(h.level, LOG_INFO);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_debug("%s", big);
	assert_int_equal(h.level, LOG_DEBUG);
	assert_int_equal(strlen(h.line), 1023);
	log_to(NULL, NULL);
	log_info("to nobody");
	assert_int_equal(h.n, 4);
	assert_int_equal(log_warnings(), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
