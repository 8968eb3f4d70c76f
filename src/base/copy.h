/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy.h - move the bytes of a disk from one descriptor to another.
 *
 * Only descriptors, numbers and names come in here, so that one day this can
 * be done by a process without privileges.
 */
#ifndef XENSNAP_COPY_H
#define XENSNAP_COPY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * Long work tells how far it is: @what ("memory", "xvda"), bytes done and all
 * bytes (0: unknown).  Called often; the callee limits its own output.
 */
typedef void copy_progress(const char *what, uint64_t done, uint64_t total,
			   void *ctx);

struct copy_task {
	const char *what;        /* "xvda", for progress and errors */
	int from;                /* a file or a block device, read by offset */
	int to;                  /* see below */
	uint64_t bytes;          /* how many, from the beginning */
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
	const atomic_bool *stop; /* or NULL; when true: give up */
	/*
	 * copy_sparse() alone: somebody stands still for it.  What is written
	 * is left to the page cache, which is faster than the device as long
	 * as it has room, and the source is read from front to back: one with
	 * O_DIRECT has no read-ahead that would make up for jumps.
	 */
	bool hurry;
};

/*
 * copy_sparse() - make the empty regular file @t->to hold @t->bytes bytes of
 * @t->from.
 *
 * Holes are not read where the source can name them, and runs of zeros (of
 * 4 KiB, aligned) are not written: the file is sparse.  Two workers read and
 * write side by side, with at most COPY_IN_FLIGHT bytes in memory.  Reads are
 * aligned as O_DIRECT wants it, if the source's size is.  The data is not
 * fsynced.  *@ret_data: bytes really written.
 *
 * A source that is shorter than @t->bytes is ERR_IO.  -1 also with
 * ERR_CANCELLED (by a request, see cancel.h, or by @t->stop), ERR_NOSPC; the
 * file then holds a part.
 */
int copy_sparse(const struct copy_task *t, uint64_t *ret_data, struct err *err);

/*
 * copy_clone() - the same by sharing the blocks, where the file system of both
 * files can do that, else by copy_sparse().  What @t->from has beyond @t->bytes
 * is cut off; that it is shorter is ERR_IO.  *@ret_data is 0 when all is
 * shared.
 */
int copy_clone(const struct copy_task *t, uint64_t *ret_data, struct err *err);

/*
 * copy_stream() - write @t->bytes bytes of @t->from to @t->to in sequence,
 * zeros and all: for pipes.  -1 as copy_sparse(); then a part is written.
 */
int copy_stream(const struct copy_task *t, struct err *err);

/*
 * copy_next_data() - the first range of data of @from at or after *@offset and
 * before @end, by what the source knows of its holes; a device knows nothing,
 * and all is data.  1 with it in *@offset and *@ret_len; 0 when only holes
 * come; -1 with ERR_IO when @from ends before @end.
 */
int copy_next_data(int from, uint64_t end, uint64_t *offset, uint64_t *ret_len,
		   struct err *err);

#define COPY_IN_FLIGHT (8u << 20)

/*
 * copy_sum() - SHA-256 of the first @t->bytes of @t->from, as hex in @ret (65
 * bytes).  Holes are not read.
 */
int copy_sum(const struct copy_task *t, char *ret, struct err *err);

#endif
