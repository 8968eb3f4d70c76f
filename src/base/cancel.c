/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cancel.c - the handler sets a flag and makes an eventfd readable; nothing
 * else is safe there.  System calls are restarted: only who polls cancel_fd()
 * or asks cancel_check() is to notice.
 */
#include "cancel.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_MS 1000

static volatile sig_atomic_t requested;
static volatile sig_atomic_t event = -1;
/* When that was, in ms of CLOCK_MONOTONIC; 0 before. */
static atomic_llong first_ms;

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void
on_signal(int sig)
{
	int saved = errno;
	uint64_t one = 1;
	long long first = 0, now = now_ms();
	ssize_t r;

	if (!atomic_compare_exchange_strong(&first_ms, &first, now) &&
	    now - first >= SECOND_MS) {
		/* It is blocked in here, and ends us as soon as we return. */
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		return;
	}
	requested = 1;
	/* Fails only when the counter is full: then it is readable. */
	r = write((int)event, &one, sizeof(one));
	(void)r;
	errno = saved;
}

int
cancel_init(struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa, old;
	int fd;

	if (event >= 0)
		return 0;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "eventfd");
	event = fd;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* nohup and shells that start us in the background ignore. */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &sa, NULL))
			return err_set(err, ERR_IO, errno, "sigaction");
	}
	return 0;
}

bool
cancel_requested(void)
{
	return requested != 0;
}

int
cancel_fd(void)
{
	return (int)event;
}

int
cancel_check(struct err *err)
{
	if (!requested)
		return 0;
	return err_set(err, ERR_CANCELLED, 0, "stopped on request");
}
