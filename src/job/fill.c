/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fill.c - see fill.h.
 *
 * A slab is what a thread takes at a time: neighbouring chunks, a MiB at most.
 * Of a stream there is one reader at a time, whoever has the lock.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "crew.h"
#include "fd.h"
#include "fill.h"
#include "get.h"
#include "scan.h"

#define SLAB BLOB_RAW_MAX
#define SLAB_CHUNKS_MAX BLOB_PIECES_MAX

struct filling {
	const struct fill *f;
	struct map *map;
	uint32_t chunk;
	pthread_mutex_t lock; /* of all below */
	struct scan scan;     /* of a disk */
	uint64_t at;          /* how much of a stream was read */
	uint64_t done;        /* for progress */
	bool ended;           /* the stream */
	struct filled result;
};

static uint32_t
slab_max(const struct filling *x)
{
	uint32_t chunks = SLAB / x->chunk;

	return (chunks < SLAB_CHUNKS_MAX ? chunks : SLAB_CHUNKS_MAX) * x->chunk;
}

/* What is next; 1, or 0 when there is no more. */
static int
next_slab(struct filling *x, struct slab *ret, struct err *err)
{
	int r;

	pthread_mutex_lock(&x->lock);
	r = scan_next(&x->scan, ret, err);
	if (r > 0 && ret->hole)
		x->result.holes = true;
	else if (r > 0)
		x->result.read_bytes += ret->len;
	pthread_mutex_unlock(&x->lock);
	return r;
}

static int
read_slab(const struct filling *x, const struct slab *s, uint8_t *to,
	  struct err *err)
{
	if (reader_read(x->f->from, to, s->len, s->offset, err))
		return err_add(err, "read %s", x->f->what);
	return 0;
}

/* ---- streams ---- */

/* As many bytes as there are, up to @len; fewer only at the end.  Ctrl-C must
 * not wait for who writes at the other end. */
static ssize_t
read_on(int fd, uint8_t *to, size_t len, struct err *err)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = cancel_fd(), .events = POLLIN } };
	size_t got = 0;

	while (got < len) {
		ssize_t n;

		if (cancel_check(err))
			return -1;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(err, ERR_IO, errno, "wait for it");
		if (!p[0].revents)
			continue;
		n = read(fd, to + got, len - got);
		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return err_set(err, fd_code(errno), errno, "read");
	}
	return (ssize_t)got;
}

/* What comes next of it, into @to; 1, or 0 when there is no more. */
static int
next_of_stream(struct filling *x, struct slab *ret, uint8_t *to,
	       struct err *err)
{
	uint32_t max = slab_max(x);
	ssize_t n = 0;

	pthread_mutex_lock(&x->lock);
	if (!x->ended)
		n = read_on(x->f->stream, to, max, err);
	x->ended = n < (ssize_t)max;
	if (n > 0) {
		ret->offset = x->at;
		ret->hole = false;
		ret->len = (uint64_t)n;
		x->at += ret->len;
		x->result.read_bytes += ret->len;
		if (map_grow(x->map, x->at, err))
			n = -1;
	}
	pthread_mutex_unlock(&x->lock);
	return n < 0 ? err_add(err, "read %s", x->f->what) : n > 0;
}

static int
next_of_disk(struct filling *x, struct slab *ret, uint8_t *to, struct err *err)
{
	int r = next_slab(x, ret, err);

	if (r <= 0 || ret->hole)
		return r;
	return read_slab(x, ret, to, err) ? -1 : 1;
}

/* ---- what each thread does ---- */

static void
tell(struct filling *x, uint64_t to)
{
	pthread_mutex_lock(&x->lock);
	if (to > x->done)
		x->done = to;
	to = x->done;
	pthread_mutex_unlock(&x->lock);
	if (x->f->progress)
		x->f->progress(x->f->what, to, x->f->from ? x->f->bytes : 0,
			       x->f->progress_ctx);
}

/* The map of a stream may be growing. */
static int
note(struct filling *x, uint64_t first, unsigned int n, const uint8_t *ids,
     struct err *err)
{
	int rc;

	if (x->f->from)
		return map_set(x->map, first, n, ids, err);
	pthread_mutex_lock(&x->lock);
	rc = map_set(x->map, first, n, ids, err);
	pthread_mutex_unlock(&x->lock);
	return rc;
}

/* A new map is all zeros; one that begins as another's may be not. */
static int
put_hole(struct filling *x, const struct slab *s, struct err *err)
{
	if (!x->f->base)
		return 0;
	return map_zero(x->map, s->offset / x->chunk,
			(s->len + x->chunk - 1) / x->chunk, err);
}

/* Name and store it, and note its ids in the map. */
static int
put_slab(struct filling *x, struct putter *t, const struct slab *s,
	 const uint8_t *bytes, struct err *err)
{
	struct blob_piece pieces[SLAB_CHUNKS_MAX];
	uint8_t ids[SLAB_CHUNKS_MAX * NAME_BYTES];
	unsigned int n = 0;

	if (s->hole)
		return put_hole(x, s, err);
	for (uint32_t at = 0; at < s->len; at += x->chunk, n++) {
		uint32_t left = (uint32_t)s->len - at;

		pieces[n].type = PIECE_CHUNK;
		pieces[n].p = bytes + at;
		pieces[n].len = left < x->chunk ? left : x->chunk;
	}
	if (putter_put(t, pieces, n, ids, err))
		return -1;
	return note(x, s->offset / x->chunk, n, ids, err);
}

static int
work(struct crew *c, struct err *err)
{
	struct filling *x = c->ctx;
	struct putter *t = putter_new(x->f->put, err);
	uint8_t *bytes = malloc(SLAB);
	struct slab s;
	int r = -1;

	if (!bytes)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	while (t && bytes && !crew_stopped(c, err)) {
		r = x->f->from ? next_of_disk(x, &s, bytes, err) :
				 next_of_stream(x, &s, bytes, err);
		if (r <= 0)
			break;
		r = -1;
		if (put_slab(x, t, &s, bytes, err))
			break;
		tell(x, s.offset + s.len);
	}
	free(bytes);
	putter_free(t);
	return r < 0 ? -1 : 0;
}

static int
build(struct filling *x, struct err *err)
{
	struct putter *t = putter_new(x->f->put, err);
	int rc;

	if (!t)
		return -1;
	x->result.bytes = map_tree(x->map)->bytes;
	x->result.levels = (uint8_t)map_tree(x->map)->levels;
	rc = map_build(x->map, t, x->result.root, err);
	putter_free(t);
	return rc;
}

/* The map begins as the base's, as far as chunks of it will be set. */
static int
begin_as_base(struct filling *x, struct err *err)
{
	const struct fill_base *base = x->f->base;
	struct getter *g;
	int rc;

	if (map_tree(x->map)->levels != base->levels)
		return err_set(err, ERR_CORRUPT, 0,
			       "the map of the backup before has %u levels, "
			       "not %u",
			       base->levels, map_tree(x->map)->levels);
	g = getter_new(x->f->r, put_index(x->f->put), base->realm, err);
	if (!g)
		return -1;
	rc = map_load_parts(x->map, g, base->root, x->scan.ranges,
			    x->scan.n_ranges, err);
	getter_free(g);
	return rc;
}

static int
begin(struct filling *x, struct map_range **ret_ranges, struct err *err)
{
	const struct fill *f = x->f;

	x->scan.from = f->from;
	x->scan.bytes = f->bytes;
	x->scan.chunk = x->chunk;
	x->scan.max = slab_max(x);
	x->map = map_new(f->r->statefd, f->from ? f->bytes : 0, x->chunk,
			 f->r->fanout_log2, err);
	if (!x->map || !f->base)
		return x->map ? 0 : -1;
	*ret_ranges = scan_ranges(f->base->changes, f->base->n_changes,
				  x->chunk, &x->scan.n_ranges, err);
	x->scan.ranges = *ret_ranges;
	if (!*ret_ranges)
		return -1;
	if (!f->base->root || begin_as_base(x, err) == 0)
		return 0;
	x->result.base_is_bad = err->code == ERR_NOTFOUND ||
				err->code == ERR_CORRUPT;
	return -1;
}

int
fill_disk(const struct fill *f, struct filled *ret, struct err *err)
{
	struct filling x = { .f = f, .chunk = f->r->chunk };
	struct map_range *ranges = NULL;
	int rc;

	pthread_mutex_init(&x.lock, NULL);
	rc = begin(&x, &ranges, err);
	if (rc == 0 && (!f->base || x.scan.n_ranges))
		rc = crew_run(crew_size(), work, &x, err);
	if (rc == 0)
		rc = build(&x, err);
	*ret = x.result;
	pthread_mutex_destroy(&x.lock);
	map_free(x.map);
	free(ranges);
	return rc;
}
