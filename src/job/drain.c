/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drain.c - see drain.h.  The map is laid out as an array first, from which
 * each thread takes neighbouring chunks, since those lie together in packs.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crew.h"
#include "drain.h"
#include "fd.h"
#include "get.h"
#include "map.h"
#include "write_queue.h"
#include "zero.h"

#define SLAB BLOB_RAW_MAX
#define SLAB_CHUNKS_MAX BLOB_PIECES_MAX

struct draining {
	const struct drain *d;
	const struct tree *t;
	struct map *map;
	pthread_mutex_t lock; /* of all below */
	uint64_t next;        /* chunk */
	uint64_t streamed;    /* chunks that were written in sequence */
	pthread_cond_t turn;  /* that became more */
	struct drain_count count;
};

/* What one thread has. */
struct drainer {
	struct draining *x;
	struct getter *g;
	struct namer *namer;
	struct write_queue *queue;
	uint8_t *bytes; /* its room: a slab, each chunk at its place */
	uint32_t run_at, run_len; /* what of it is to be written */
	uint8_t *old;             /* SLAB: what the target has there, or NULL */
	uint8_t *stream;          /* SLAB: what goes into the stream, or NULL */
	struct drain_count count;
};

/* ---- where a chunk belongs ---- */

/* Write what is gathered of the slab that begins at @offset. */
static int
write_run(struct drainer *w, uint64_t offset, struct err *err)
{
	uint32_t len = w->run_len;

	if (len == 0)
		return 0;
	w->run_len = 0;
	w->count.written_bytes += len;
	if (write_queue_add(w->queue, w->run_at, len, offset + w->run_at, err))
		return err_add(err, "write %s", w->x->d->what);
	return 0;
}

/* Is chunk @id, of @len bytes, at @p already? */
static int
is_there(const struct drainer *w, const uint8_t *id, const uint8_t *p,
	 uint32_t len, struct err *err)
{
	uint8_t is[NAME_BYTES];

	if (name_is_zero(id))
		return zero_is(p, len);
	if (namer_name(w->namer, PIECE_CHUNK, p, len, is, err))
		return -1;
	return memcmp(is, id, NAME_BYTES) == 0;
}

/* The @want bytes of chunk @id into @to. */
static int
fetch(const struct drainer *w, const uint8_t *id, uint8_t *to, uint32_t want,
      struct err *err)
{
	const uint8_t *p;
	uint32_t len;

	assert(to); /* but with compare, which fetches nothing */
	if (name_is_zero(id)) {
		memset(to, 0, want);
		return 0;
	}
	if (getter_get(w->g, PIECE_CHUNK, id, &p, &len, err))
		return -1;
	if (len != want)
		return err_set(err, ERR_CORRUPT, 0,
			       "a chunk has %u bytes, not %u", len, want);
	memcpy(to, p, len);
	return 0;
}

static void
note_other(struct drainer *w, uint64_t at, uint32_t len)
{
	if (w->count.other_bytes == 0 || at < w->count.first_other)
		w->count.first_other = at;
	w->count.other_bytes += len;
}

/*
 * Chunk @k of the slab that begins at chunk @first: kept as it is, or gathered
 * with its neighbours.
 */
static int
put_chunk(struct drainer *w, uint64_t first, unsigned int k, const uint8_t *id,
	  struct err *err)
{
	const struct tree *t = w->x->t;
	uint32_t len = tree_chunk_bytes(t, first + k);
	uint32_t at = k * t->chunk;
	int r = 0;

	if (w->old)
		r = is_there(w, id, w->old + at, len, err);
	else if (name_is_zero(id))
		r = 1; /* a new file is all holes */
	if (r < 0)
		return -1;
	if (r > 0) {
		w->count.kept_bytes += len;
		return write_run(w, first * t->chunk, err);
	}
	if (w->x->d->compare) {
		note_other(w, (first + k) * t->chunk, len);
		return 0;
	}
	if (fetch(w, id, w->bytes + at, len, err))
		return -1;
	if (w->run_len == 0)
		w->run_at = at;
	w->run_len += len;
	return 0;
}

/* ---- slabs ---- */

/* A new file is all holes: what is zero below whole nodes is not looked at, so
 * that a disk which is huge and nearly empty takes no longer than its data. */
static void
skip_holes(struct draining *x)
{
	uint64_t was = x->next, at;

	if (x->d->in_place || x->d->compare || x->d->stream)
		return;
	x->next = map_next(x->map, was);
	at = x->next * x->t->chunk;
	if (at > x->t->bytes)
		at = x->t->bytes;
	if (x->next > was)
		x->count.kept_bytes += at - was * x->t->chunk;
}

static unsigned int
next_slab(struct draining *x, uint64_t *ret_first)
{
	uint64_t n = SLAB / x->t->chunk, left;

	if (n > SLAB_CHUNKS_MAX)
		n = SLAB_CHUNKS_MAX;
	pthread_mutex_lock(&x->lock);
	skip_holes(x);
	left = x->t->n[0] - x->next;
	if (n > left)
		n = left;
	*ret_first = x->next;
	x->next += n;
	pthread_mutex_unlock(&x->lock);
	return (unsigned int)n;
}

/* What the target has there now, into @to. */
static int
read_old(const struct draining *x, uint64_t first, unsigned int n, uint8_t *to,
	 struct err *err)
{
	uint64_t offset = first * x->t->chunk;
	uint64_t len = (uint64_t)n * x->t->chunk;
	struct reader_fd there = reader_fd(x->d->to);

	if (offset + len > x->t->bytes)
		len = x->t->bytes - offset;
	if (reader_read(x->d->compare ? x->d->compare : &there.base, to,
			(size_t)len, offset, err))
		return err_add(err, "read %s", x->d->what);
	return 0;
}

static int
put_slab(struct drainer *w, uint64_t first, unsigned int n, struct err *err)
{
	struct draining *x = w->x;
	uint8_t ids[SLAB_CHUNKS_MAX * NAME_BYTES];

	if (w->queue) {
		w->bytes = write_queue_room(w->queue, err);
		if (!w->bytes)
			return err_add(err, "write %s", x->d->what);
	}
	if (map_get(x->map, first, n, ids, err) ||
	    (w->old && read_old(x, first, n, w->old, err)))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		if (put_chunk(w, first, i, ids + (size_t)i * NAME_BYTES, err))
			return -1;
	if (write_run(w, first * x->t->chunk, err))
		return -1;
	if (x->d->progress)
		x->d->progress(x->d->what, (first + n) * x->t->chunk,
			       x->t->bytes, x->d->progress_ctx);
	return 0;
}

/* ---- streams ---- */

#define TURN_MS 100 /* how soon it is noticed that all give up */

/* Wait until all chunks before @first were written. */
static int
wait_for_turn(struct draining *x, struct crew *c, uint64_t first,
	      struct err *err)
{
	bool mine;

	pthread_mutex_lock(&x->lock);
	while (x->streamed != first && !crew_stopped(c, err)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TURN_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&x->turn, &x->lock, &until);
	}
	mine = x->streamed == first;
	pthread_mutex_unlock(&x->lock);
	return mine ? 0 : -1;
}

static void
end_turn(struct draining *x, unsigned int n)
{
	pthread_mutex_lock(&x->lock);
	x->streamed += n;
	pthread_cond_broadcast(&x->turn);
	pthread_mutex_unlock(&x->lock);
}

/* All chunks of a slab into @to; *@ret_len bytes. */
static int
fetch_slab(struct drainer *w, uint64_t first, unsigned int n, uint8_t *to,
	   size_t *ret_len, struct err *err)
{
	struct draining *x = w->x;
	uint8_t ids[SLAB_CHUNKS_MAX * NAME_BYTES];
	*ret_len = 0;
	if (map_get(x->map, first, n, ids, err))
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t len = tree_chunk_bytes(x->t, first + i);

		if (fetch(w, ids + (size_t)i * NAME_BYTES, to + *ret_len, len,
			  err))
			return -1;
		*ret_len += len;
	}
	return 0;
}

static int
put_stream(const struct drain *d, const uint8_t *p, size_t len, struct err *err)
{
	return d->sink ? d->sink(d->sink_ctx, p, len, err) :
			 fd_write_all(d->to, p, len, err);
}

static int
stream_slab(struct drainer *w, struct crew *c, uint64_t first, unsigned int n,
	    struct err *err)
{
	struct draining *x = w->x;
	size_t len;

	if (fetch_slab(w, first, n, w->stream, &len, err) ||
	    wait_for_turn(x, c, first, err))
		return -1;
	if (put_stream(x->d, w->stream, len, err))
		return err_add(err, "write %s", x->d->what);
	w->count.written_bytes += len;
	end_turn(x, n);
	if (x->d->progress)
		x->d->progress(x->d->what, first * x->t->chunk + len,
			       x->t->bytes, x->d->progress_ctx);
	return 0;
}

/* ---- what each thread does ---- */

static void
drainer_done(struct drainer *w)
{
	pthread_mutex_lock(&w->x->lock);
	w->x->count.written_bytes += w->count.written_bytes;
	w->x->count.kept_bytes += w->count.kept_bytes;
	if (w->count.other_bytes &&
	    (w->x->count.other_bytes == 0 ||
	     w->count.first_other < w->x->count.first_other))
		w->x->count.first_other = w->count.first_other;
	w->x->count.other_bytes += w->count.other_bytes;
	pthread_mutex_unlock(&w->x->lock);
	getter_free(w->g);
	namer_free(w->namer);
	write_queue_free(w->queue);
	free(w->old);
	free(w->stream);
}

static int
drainer_init(struct drainer *w, struct draining *x, struct err *err)
{
	bool in_place = x->d->in_place || x->d->compare;
	bool writes = !x->d->stream && !x->d->compare;
	uint8_t key[KEY_BYTES];

	memset(w, 0, sizeof(*w));
	w->x = x;
	if (in_place)
		w->old = malloc(SLAB);
	if (x->d->stream)
		w->stream = malloc(SLAB);
	if ((in_place && !w->old) || (x->d->stream && !w->stream))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (writes)
		w->queue = write_queue_new(x->d->to, SLAB, err);
	if (writes && !w->queue)
		return -1;
	if (key_name(x->d->r->key, x->d->realm, key, err))
		return -1;
	w->namer = namer_new(key, err);
	explicit_bzero(key, sizeof(key));
	w->g = getter_new(x->d->r, x->d->ix, x->d->realm, err);
	return w->namer && w->g ? 0 : -1;
}

static int
work(struct crew *c, struct err *err)
{
	struct draining *x = c->ctx;
	struct drainer w;
	uint64_t first;
	unsigned int n;
	int rc = drainer_init(&w, x, err);

	while (rc == 0) {
		rc = crew_stopped(c, err) ? -1 : 0;
		n = rc ? 0 : next_slab(x, &first);
		if (n == 0)
			break;
		rc = x->d->stream ? stream_slab(&w, c, first, n, err) :
				    put_slab(&w, first, n, err);
	}
	if (rc == 0 && w.queue && write_queue_end(w.queue, err))
		rc = err_add(err, "write %s", x->d->what);
	drainer_done(&w);
	return rc;
}

/* ---- the whole disk ---- */

static int
load_map(struct draining *x, struct err *err)
{
	const struct backup_disk *disk = x->d->disk;
	struct getter *g;
	int rc = -1;

	x->map = map_new(x->d->r->statefd, disk->bytes, x->d->r->chunk,
			 x->d->r->fanout_log2, err);
	if (!x->map)
		return -1;
	x->t = map_tree(x->map);
	if (x->t->levels != disk->levels)
		return err_set(err, ERR_CORRUPT, 0,
			       "its map has %u levels, not %u", disk->levels,
			       x->t->levels);
	g = getter_new(x->d->r, x->d->ix, x->d->realm, err);
	if (g)
		rc = map_load(x->map, g, disk->root, err);
	getter_free(g);
	return rc;
}

int
drain_disk(const struct drain *d, struct drain_count *ret, struct err *err)
{
	struct draining x = { .d = d };
	int rc;

	pthread_mutex_init(&x.lock, NULL);
	pthread_cond_init(&x.turn, NULL);
	rc = load_map(&x, err);
	if (rc == 0 && x.t->levels)
		rc = crew_run(crew_size(), work, &x, err);
	*ret = x.count;
	map_free(x.map);
	pthread_cond_destroy(&x.turn);
	pthread_mutex_destroy(&x.lock);
	return rc ? err_add(err, "disk %s", d->what) : 0;
}
