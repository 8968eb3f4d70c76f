/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_memory.c - see restore_memory.h. */
#include "restore_memory.h"

#include <errno.h>
#include <unistd.h>

#include "drain.h"
#include "fd.h"
#include "memory_out.h"

static struct drain
drain_of(const struct restore_memory *m, const struct backup_disk *image)
{
	return (struct drain){
		.r = m->r,
		.ix = m->ix,
		.realm = m->realm,
		.disk = image,
		.what = image->vdev,
		.progress = m->progress,
		.progress_ctx = m->progress_ctx,
	};
}

/* The frame is small, and needed from several sides at once: into a file that
 * nobody else sees. */
static int
fetch_frame(const struct restore_memory *m, struct err *err)
{
	const struct backup_disk *image = backup_frame(m->b);
	struct drain d = drain_of(m, image);
	struct drain_count n;

	d.to = fd_open_scratch(m->r->statefd, err);
	if (d.to < 0)
		return -1;
	if (ftruncate(d.to, (off_t)image->bytes))
		err_set(err, fd_code(errno), errno, "make room for the frame");
	else if (drain_disk(&d, &n, err) == 0)
		return d.to;
	fd_close(&d.to);
	return -1;
}

static int
put_pages(void *ctx, const uint8_t *p, size_t len, struct err *err)
{
	return memory_out_pages(ctx, p, len, err);
}

static int
drain_pages(const struct restore_memory *m, struct memory_out *out,
	    uint64_t *ret_bytes, struct err *err)
{
	const struct backup_disk *image = backup_pages(m->b);
	struct drain d = drain_of(m, image);
	struct drain_count n;

	if (image->bytes != memory_out_page_bytes(out))
		return err_set(err, ERR_CORRUPT, 0,
			       "the pages of its memory are not those of its "
			       "frame");
	d.stream = true;
	d.sink = put_pages;
	d.sink_ctx = out;
	if (memory_out_begin(out, m->to, m->config, err) ||
	    drain_disk(&d, &n, err) || memory_out_end(out, err))
		return -1;
	*ret_bytes = image->read_bytes;
	return 0;
}

int
restore_memory(const struct restore_memory *m, uint64_t *ret_bytes,
	       struct err *err)
{
	struct memory_out *out = NULL;
	int frame = fetch_frame(m, err);
	int rc = -1;

	if (frame >= 0 &&
	    memory_out_open(frame, backup_frame(m->b)->bytes, &out, err) == 0)
		rc = drain_pages(m, out, ret_bytes, err);
	memory_out_close(out);
	fd_close(&frame);
	return rc ? err_add(err, "its memory") : 0;
}

int
restore_memory_cpu(const struct restore_memory *m, struct cpu_features *ret,
		   struct err *err)
{
	struct memory_out *out = NULL;
	int frame = fetch_frame(m, err);
	int r = -1;

	if (frame >= 0 &&
	    memory_out_open(frame, backup_frame(m->b)->bytes, &out, err) == 0)
		r = memory_out_cpu(out, ret, err);
	memory_out_close(out);
	fd_close(&frame);
	return r < 0 ? err_add(err, "its memory") : r;
}
