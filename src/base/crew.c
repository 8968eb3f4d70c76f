/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crew.c - see crew.h. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "cancel.h"
#include "crew.h"

struct member {
	pthread_t thread;
	struct crew *crew;
	crew_fn *fn;
	struct err err;
	int rc;
};

static void *
work(void *arg)
{
	struct member *m = arg;

	m->rc = m->fn(m->crew, &m->err);
	if (m->rc)
		atomic_store(&m->crew->stop, true);
	return NULL;
}

/* The first reason; that others gave up is none. */
static int
result(const struct member *m, unsigned int n, struct err *err)
{
	int rc = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (m[i].rc == 0)
			continue;
		if (rc == 0 || err->code == ERR_CANCELLED)
			*err = m[i].err;
		rc = -1;
	}
	return rc;
}

int
crew_run(unsigned int n, crew_fn *fn, void *ctx, struct err *err)
{
	struct crew crew = { .ctx = ctx };
	struct member m[CREW_MAX];
	unsigned int started;

	memset(m, 0, sizeof(m));
	for (started = 0; started < n; started++) {
		int r;

		m[started].crew = &crew;
		m[started].fn = fn;
		r = pthread_create(&m[started].thread, NULL, work, &m[started]);
		if (r == 0)
			continue;
		/* Fewer do as well, but for none. */
		if (started == 0)
			return err_set(err, ERR_IO, r, "start a thread");
		break;
	}
	for (unsigned int i = 0; i < started; i++)
		pthread_join(m[i].thread, NULL);
	return result(m, started, err);
}

bool
crew_stopped(struct crew *c, struct err *err)
{
	if (cancel_check(err))
		return true;
	if (!atomic_load(&c->stop))
		return false;
	err_set(err, ERR_CANCELLED, 0, "given up for another thread's error");
	return true;
}

unsigned int
crew_size(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n + 1 < CREW_MAX ? (unsigned int)n + 1 : CREW_MAX;
}
