/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * write_queue.c - see write_queue.h.
 *
 * Any write may fail for the way it was asked for (a file system that takes no
 * O_DIRECT there, a short write): it is then done again in the plain way, whose
 * error, if it has one, is what the caller is told.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd.h"
#include "write_queue.h"

#define PAGE 4096
#define WRITES 64 /* under way at most */

struct write {
	const uint8_t *p;
	size_t len;
	uint64_t offset;
	unsigned int buffer;
	struct write *next; /* of those that are free */
};

struct write_queue {
	int fd;
	int around; /* the same with O_DIRECT, or -1 */
	bool has_ring;
	bool broken; /* the ring: what is under way will not be told */
	struct io_uring ring;
	size_t room;
	uint8_t *buffers[WRITE_QUEUE_BUFFERS];
	unsigned int under_way[WRITE_QUEUE_BUFFERS]; /* writes from each */
	unsigned int current;
	struct write writes[WRITES];
	struct write *free;
};

static int
open_around(int fd)
{
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open(self, O_WRONLY | O_DIRECT | O_CLOEXEC);
}

struct write_queue *
write_queue_new(int fd, size_t room, struct err *err)
{
	struct write_queue *q = calloc(1, sizeof(*q));

	if (!q)
		goto nomem;
	q->fd = fd;
	q->room = (room + PAGE - 1) / PAGE * PAGE;
	q->around = open_around(fd);
	for (unsigned int i = 0; i < WRITES; i++) {
		q->writes[i].next = q->free;
		q->free = &q->writes[i];
	}
	for (unsigned int i = 0; i < WRITE_QUEUE_BUFFERS; i++) {
		q->buffers[i] = aligned_alloc(PAGE, q->room);
		if (!q->buffers[i])
			goto nomem;
	}
	q->has_ring = q->around >= 0 &&
		      io_uring_queue_init(WRITES, &q->ring, 0) == 0;
	return q;
nomem:
	write_queue_free(q);
	err_set(err, ERR_NOMEM, 0, "out of memory");
	return NULL;
}

/* Wait until one write has ended. */
static int
reap(struct write_queue *q, struct err *err)
{
	struct io_uring_cqe *cqe;
	struct write *w;
	bool done;
	int r;

	do
		r = io_uring_wait_cqe(&q->ring, &cqe);
	while (r == -EINTR);
	if (r) {
		q->broken = true;
		return err_set(err, ERR_IO, -r, "wait for a write");
	}
	w = io_uring_cqe_get_data(cqe);
	done = cqe->res >= 0 && (size_t)cqe->res == w->len;
	io_uring_cqe_seen(&q->ring, cqe);
	q->under_way[w->buffer]--;
	w->next = q->free;
	q->free = w;
	return done ? 0 : fd_pwrite_all(q->fd, w->p, w->len, w->offset, err);
}

uint8_t *
write_queue_room(struct write_queue *q, struct err *err)
{
	q->current = (q->current + 1) % WRITE_QUEUE_BUFFERS;
	while (q->under_way[q->current])
		if (reap(q, err))
			return NULL;
	return q->buffers[q->current];
}

/* 1: under way; 0: it is to be done plainly; -1 with an earlier one's error. */
static int
start(struct write_queue *q, const uint8_t *p, size_t len, uint64_t offset,
      struct err *err)
{
	struct io_uring_sqe *sqe;
	struct write *w;
	int r;

	while (!q->free)
		if (reap(q, err))
			return -1;
	sqe = io_uring_get_sqe(&q->ring);
	if (!sqe)
		return 0;
	w = q->free;
	q->free = w->next;
	w->p = p;
	w->len = len;
	w->offset = offset;
	w->buffer = q->current;
	q->under_way[q->current]++;
	io_uring_prep_write(sqe, q->around, p, (unsigned int)len, offset);
	io_uring_sqe_set_data(sqe, w);
	do
		r = io_uring_submit(&q->ring);
	while (r == -EINTR);
	if (r >= 0)
		return 1;
	q->broken = true;
	return err_set(err, ERR_IO, -r, "start a write");
}

int
write_queue_add(struct write_queue *q, size_t at, size_t len, uint64_t offset,
		struct err *err)
{
	const uint8_t *p = q->buffers[q->current] + at;
	int r = 0;

	assert(at <= q->room && len <= q->room - at);
	if (q->has_ring && at % PAGE == 0 && len % PAGE == 0 &&
	    offset % PAGE == 0)
		r = start(q, p, len, offset, err);
	if (r)
		return r < 0 ? -1 : 0;
	return fd_pwrite_all(q->fd, p, len, offset, err);
}

static bool
any_under_way(const struct write_queue *q)
{
	for (unsigned int i = 0; i < WRITE_QUEUE_BUFFERS; i++)
		if (q->under_way[i])
			return true;
	return false;
}

int
write_queue_end(struct write_queue *q, struct err *err)
{
	struct err later = ERR_INIT;
	int rc = 0;

	while (!q->broken && any_under_way(q))
		if (reap(q, rc ? &later : err))
			rc = -1;
	return rc;
}

void
write_queue_free(struct write_queue *q)
{
	struct err ignored = ERR_INIT;

	if (!q)
		return;
	if (q->has_ring) {
		/* The kernel reads the buffers until then. */
		write_queue_end(q, &ignored);
		io_uring_queue_exit(&q->ring);
	}
	fd_close(&q->around);
	for (unsigned int i = 0; i < WRITE_QUEUE_BUFFERS; i++)
		free(q->buffers[i]);
	free(q);
}
