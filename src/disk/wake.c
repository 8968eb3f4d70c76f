/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wake.c - see wake.h. */
#include "wake.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define WAKE_SIGNAL (SIGRTMIN + 5)
#define WAKE_AGAIN_NS 100000000

static void
on_wake(int sig)
{
	(void)sig;
}

int
wake_begin(struct wake *w, unsigned int ms, struct err *err)
{
	struct itimerspec when = {
		.it_interval = { .tv_nsec = WAKE_AGAIN_NS },
		.it_value = { .tv_sec = ms / 1000,
			      .tv_nsec = (long)(ms % 1000) * 1000000 },
	};
	struct sigaction sa;
	struct sigevent ev;
	sigset_t wake;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_wake; /* and no SA_RESTART */
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = WAKE_SIGNAL;
	ev._sigev_un._tid = gettid();
	if (sigaction(WAKE_SIGNAL, &sa, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &ev, &w->timer))
		return err_set(err, ERR_IO, errno, "make a timer");
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &wake, &w->mask);
	timer_settime(w->timer, 0, &when, NULL);
	return 0;
}

void
wake_end(struct wake *w)
{
	timer_delete(w->timer);
	pthread_sigmask(SIG_SETMASK, &w->mask, NULL);
}
