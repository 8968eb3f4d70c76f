/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strand.c - see strand.h: threads, of which all but one wait. */
#include "strand.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct strand {
	pthread_t thread;
	sem_t go, stop;
	strand_fn *fn;
	void *ctx;
	bool ended;
};

static _Thread_local struct strand *ours;

static void
wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void *
work(void *arg)
{
	ours = arg;
	wait_for(&ours->go);
	ours->fn(ours->ctx);
	ours->ended = true;
	sem_post(&ours->stop);
	return NULL;
}

struct strand *
strand_new(strand_fn *fn, void *ctx)
{
	struct strand *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fn = fn;
	s->ctx = ctx;
	sem_init(&s->go, 0, 0);
	sem_init(&s->stop, 0, 0);
	if (pthread_create(&s->thread, NULL, work, s) == 0)
		return s;
	free(s);
	return NULL;
}

bool
strand_run(struct strand *s)
{
	sem_post(&s->go);
	wait_for(&s->stop);
	if (!s->ended)
		return true;
	pthread_join(s->thread, NULL);
	sem_destroy(&s->go);
	sem_destroy(&s->stop);
	free(s);
	return false;
}

void
strand_pause(void)
{
	if (!ours)
		return;
	sem_post(&ours->stop);
	wait_for(&ours->go);
}
