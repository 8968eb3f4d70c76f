/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.c - stops everything that changes disks or the pattern for a check.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "gate.h"
#include "say.h"

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_change = PTHREAD_COND_INITIALIZER;
static atomic_int gate_shut;
static enum gate_reason gate_why; /* under gate_lock, as the next two */
static unsigned int gate_members;
static unsigned int gate_parked;
static int gate_event = -1;

int
gate_init(void)
{
	gate_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return gate_event;
}

void
gate_join(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_members++;
	pthread_mutex_unlock(&gate_lock);
}

void
gate_request(enum gate_reason why)
{
	uint64_t one = 1;
	ssize_t r;

	atomic_store(&gate_shut, 1);
	pthread_mutex_lock(&gate_lock);
	if (why > gate_why)
		gate_why = why;
	pthread_mutex_unlock(&gate_lock);
	/* A full counter means main is to wake up already. */
	do {
		r = write(gate_event, &one, sizeof(one));
	} while (r < 0 && errno == EINTR);
}

int
gate_is_closed(void)
{
	return atomic_load(&gate_shut);
}

int
gate_closed(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	for (;;) {
		int late;

		if (atomic_load(&gate_shut))
			return 1;
		/*
		 * The watcher is late: maybe we have just been resumed and
		 * are first to run.  It will tick soon and decide.
		 */
		late = clock_watcher_late();
		/*
		 * Last, because it does not depend on how long we stood
		 * still: all that go on from one instant answer alike.
		 */
		if (clock_suspended()) {
			gate_request(GATE_RESUME);
			return 1;
		}
		if (!late)
			return 0;
		nanosleep(&ms, NULL);
	}
}

void
gate_park(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_parked++;
	pthread_cond_broadcast(&gate_change);
	while (atomic_load(&gate_shut))
		pthread_cond_wait(&gate_change, &gate_lock);
	gate_parked--;
	pthread_mutex_unlock(&gate_lock);
}

enum gate_reason
gate_wait_parked(void)
{
	enum gate_reason why;
	struct timespec until;
	unsigned int waited_s = 0;

	pthread_mutex_lock(&gate_lock);
	while (gate_parked < gate_members) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 1;
		if (pthread_cond_timedwait(&gate_change, &gate_lock, &until) ==
			    ETIMEDOUT &&
		    ++waited_s % 10 == 0)
			say("waiting for=%u writers since_s=%u",
			    gate_members - gate_parked, waited_s);
	}
	why = gate_why;
	gate_why = GATE_NONE;
	pthread_mutex_unlock(&gate_lock);
	return why;
}

void
gate_forget(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_why = GATE_NONE;
	pthread_mutex_unlock(&gate_lock);
}

int
gate_open(void)
{
	int again;

	pthread_mutex_lock(&gate_lock);
	again = gate_why == GATE_RESUME;
	if (!again) {
		gate_why = GATE_NONE;
		atomic_store(&gate_shut, 0);
		pthread_cond_broadcast(&gate_change);
	}
	pthread_mutex_unlock(&gate_lock);
	return again;
}

void
gate_hold(void)
{
	pthread_mutex_lock(&gate_lock);
}

void
gate_release(void)
{
	pthread_mutex_unlock(&gate_lock);
}

void
gate_reset_members(void)
{
	/* Waiters that were not forked along would be waited for. */
	gate_change = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	gate_members = 0;
	gate_parked = 0;
}
