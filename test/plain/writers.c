/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* writers.c - see writers.h. */
#include "writers.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define THREADS 2u
#define LOG_MAX (1u << 16)
#define WORDS (WRITERS_BLOCK / sizeof(uint64_t))
#define MAGIC UINT64_C(0x78656e736e617021)

struct entry {
	uint32_t block;
	uint64_t number;
	uint64_t issued_ns;
	atomic_ullong acked_ns; /* 0: not yet */
};

struct writer {
	pthread_t thread;
	struct writers *all;
	unsigned int index;
	unsigned int seed;
	uint64_t *buf;
	struct entry *log;
	atomic_uint n_log;
};

struct writers {
	int fd;
	uint64_t stride; /* bytes between blocks */
	atomic_ullong next;
	atomic_ullong acked;
	atomic_bool stop;
	atomic_bool failed;
	pthread_rwlock_t gate; /* read: one write; write: nobody writes */
	struct writer w[THREADS];
};

static void
fill(uint64_t *buf, uint32_t block, uint64_t number)
{
	for (size_t i = 0; i < WORDS; i += 4) {
		buf[i] = MAGIC;
		buf[i + 1] = number;
		buf[i + 2] = block;
		buf[i + 3] = MAGIC ^ (number * 0x9e3779b97f4a7c15u) ^ block ^ i;
	}
}

/* The number in @buf, or 0 when it is not whole or of another block. */
static uint64_t
number_in(const uint64_t *buf, uint32_t block)
{
	uint64_t whole[WORDS];

	if (buf[0] != MAGIC || buf[2] != block)
		return 0;
	fill(whole, block, buf[1]);
	return memcmp(whole, buf, WRITERS_BLOCK) == 0 ? buf[1] : 0;
}

static bool
write_one(struct writer *w, uint32_t block)
{
	struct writers *all = w->all;
	unsigned int n = atomic_load(&w->n_log);
	struct entry *e = &w->log[n];
	ssize_t r;

	if (n == LOG_MAX)
		return false;
	e->block = block;
	e->number = atomic_fetch_add(&all->next, 1);
	atomic_store(&e->acked_ns, 0);
	fill(w->buf, block, e->number);
	e->issued_ns = clock_ns();
	atomic_store(&w->n_log, n + 1);
	r = pwrite(all->fd, w->buf, WRITERS_BLOCK,
		   (off_t)((uint64_t)block * all->stride));
	if (r != (ssize_t)WRITERS_BLOCK) {
		warn("write");
		atomic_store(&all->failed, true);
		return false;
	}
	atomic_store(&e->acked_ns, clock_ns());
	atomic_fetch_add(&all->acked, 1);
	return true;
}

static void *
run(void *arg)
{
	struct writer *w = arg;

	while (!atomic_load(&w->all->stop)) {
		uint32_t block =
			(uint32_t)rand_r(&w->seed) % (WRITERS_BLOCKS / THREADS);
		bool more;

		pthread_rwlock_rdlock(&w->all->gate);
		more = write_one(w, block * THREADS + w->index);
		pthread_rwlock_unlock(&w->all->gate);
		if (!more)
			break;
		usleep(3000);
	}
	return NULL;
}

static void
start_one(struct writers *all, unsigned int index)
{
	struct writer *w = &all->w[index];

	w->all = all;
	w->index = index;
	w->seed = index + 1;
	w->log = calloc(LOG_MAX, sizeof(*w->log));
	if (!w->log ||
	    posix_memalign((void **)&w->buf, WRITERS_BLOCK, WRITERS_BLOCK))
		errx(2, "out of memory");
	for (uint32_t b = index; b < WRITERS_BLOCKS; b += THREADS)
		if (!write_one(w, b))
			errx(2, "cannot fill the disk");
	if (pthread_create(&w->thread, NULL, run, w))
		errx(2, "cannot start a thread");
}

struct writers *
writers_start(const char *path, uint64_t bytes)
{
	struct writers *all = calloc(1, sizeof(*all));
	pthread_rwlockattr_t attr;

	if (!all)
		errx(2, "out of memory");
	all->fd = open(path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
	if (all->fd < 0)
		err(2, "%s", path);
	all->stride = bytes / WRITERS_BLOCKS / WRITERS_BLOCK * WRITERS_BLOCK;
	atomic_store(&all->next, 1);
	/* Who closes the gate must not wait for ever. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&all->gate, &attr);
	for (unsigned int i = 0; i < THREADS; i++)
		start_one(all, i);
	return all;
}

uint64_t
writers_count(struct writers *w)
{
	return atomic_load(&w->acked);
}

void
writers_gate(struct writers *w, bool closed)
{
	if (closed)
		pthread_rwlock_wrlock(&w->gate);
	else
		pthread_rwlock_unlock(&w->gate);
}

/*
 * Of @block: the last number that must be there at least, and the first one
 * that cannot be there.
 */
static void
bounds(struct writers *all, uint32_t block, uint64_t from_ns, uint64_t to_ns,
       uint64_t *ret_least, uint64_t *ret_beyond)
{
	struct writer *w = &all->w[block % THREADS];
	unsigned int n = atomic_load(&w->n_log);

	*ret_least = 0;
	*ret_beyond = UINT64_MAX;
	for (unsigned int i = 0; i < n; i++) {
		struct entry *e = &w->log[i];
		uint64_t acked_ns = atomic_load(&e->acked_ns);

		if (e->block != block)
			continue;
		if (acked_ns && acked_ns < from_ns)
			*ret_least = e->number;
		if (e->issued_ns > to_ns) {
			*ret_beyond = e->number;
			return;
		}
	}
}

void
writers_judge(struct writers *w, int fd, uint64_t from_ns, uint64_t to_ns,
	      struct writers_verdict *ret)
{
	uint64_t buf[WORDS], least, beyond, number;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t b = 0; b < WRITERS_BLOCKS; b++) {
		if (pread(fd, buf, sizeof(buf),
			  (off_t)((uint64_t)b * w->stride)) !=
		    (ssize_t)sizeof(buf)) {
			ret->torn++;
			continue;
		}
		ret->blocks++;
		number = number_in(buf, b);
		bounds(w, b, from_ns, to_ns, &least, &beyond);
		if (!number)
			ret->torn++;
		else if (number < least)
			ret->lost++;
		else if (number >= beyond)
			ret->future++;
	}
}

bool
writers_halt(struct writers *w)
{
	if (!atomic_exchange(&w->stop, true))
		for (unsigned int i = 0; i < THREADS; i++)
			pthread_join(w->w[i].thread, NULL);
	return !atomic_load(&w->failed);
}

void
writers_free(struct writers *w)
{
	writers_halt(w);
	for (unsigned int i = 0; i < THREADS; i++) {
		free(w->w[i].buf);
		free(w->w[i].log);
	}
	close(w->fd);
	pthread_rwlock_destroy(&w->gate);
	free(w);
}
