/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_pool.c - see pack_pool.h. */
#include <pthread.h>
#include <stdlib.h>

#include "pack_pool.h"

struct pack_pool {
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t given;
	unsigned int n_made;
	unsigned int n_idle;
	struct pack_out *idle[PACK_POOL_MAX];
};

struct pack_pool *
pack_pool_new(struct err *err)
{
	struct pack_pool *pool = calloc(1, sizeof(*pool));

	if (!pool) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->given, NULL);
	return pool;
}

void
pack_pool_free(struct pack_pool *pool)
{
	if (!pool)
		return;
	while (pool->n_idle > 0)
		pack_out_free(pool->idle[--pool->n_idle]);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct pack_out *
pack_pool_take(struct pack_pool *pool, struct err *err)
{
	struct pack_out *o;

	pthread_mutex_lock(&pool->lock);
	while (pool->n_idle == 0 && pool->n_made == PACK_POOL_MAX)
		pthread_cond_wait(&pool->given, &pool->lock);
	if (pool->n_idle > 0) {
		o = pool->idle[--pool->n_idle];
	} else {
		o = pack_out_new(err);
		pool->n_made += o != NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	return o;
}

void
pack_pool_give(struct pack_pool *pool, struct pack_out *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->n_idle++] = o;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}
