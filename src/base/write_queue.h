/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * write_queue.h - writes to one file or device that are under way while their
 * caller goes on; for one thread.
 *
 * They go around the page cache, where the file system lets them: what is
 * written once is not read soon, and the way through the cache costs more than
 * to decrypt and expand the same bytes.  A device answers such a write late,
 * so that several must be under way (io_uring(7)); a file on ext4 admits no
 * other while one waits, unless it waits in the kernel's queue.
 */
#ifndef XENSNAP_WRITE_QUEUE_H
#define XENSNAP_WRITE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define WRITE_QUEUE_BUFFERS 4

struct write_queue;

/*
 * write_queue_new() - for @fd, which stays the caller's, open for writing by
 * offset, with buffers of @room bytes.  Where there is no io_uring it writes
 * one after another.  NULL with ERR_NOMEM.  For write_queue_free().
 */
struct write_queue *write_queue_new(int fd, size_t room, struct err *err);

/*
 * write_queue_room() - a buffer to be filled, page-aligned; the one before
 * belongs to its writes.  Waits for one.  NULL with a write's error: then
 * what is written is unknown.
 */
uint8_t *write_queue_room(struct write_queue *q, struct err *err);

/*
 * write_queue_add() - write @len bytes of the buffer, from @at on, to @offset.
 * The same bytes must not be written by two writes that are under way.  -1
 * with an earlier write's error, or its own: ERR_IO or ERR_NOSPC.
 */
int write_queue_add(struct write_queue *q, size_t at, size_t len,
		    uint64_t offset, struct err *err);

/* write_queue_end() - wait for all.  -1 with the first error.  Nothing is
 * fsynced. */
int write_queue_end(struct write_queue *q, struct err *err);

/* write_queue_free() - waits for what is under way; NULL is allowed. */
void write_queue_free(struct write_queue *q);

#endif
