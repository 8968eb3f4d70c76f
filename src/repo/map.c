/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* map.c - see map.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "map.h"

/* What is in memory is a few bytes for each of these: 2^34 chunks, 1 PiB. */
#define LOWEST_NODES_MAX (1ull << 26)

struct map {
	struct tree t;
	int fd;
	uint64_t at[TREE_LEVELS_MAX + 1];      /* of each level in the file */
	uint8_t *touched[TREE_LEVELS_MAX + 1]; /* a byte for each node */
	uint8_t *loaded; /* for each lowest node: it was, and is not zero */
};

void
map_free(struct map *m)
{
	if (!m)
		return;
	for (unsigned int l = 0; l <= TREE_LEVELS_MAX; l++)
		free(m->touched[l]);
	free(m->loaded);
	fd_close(&m->fd);
	free(m);
}

/* The chunks' ids stay where they are; nothing is above them yet. */
int
map_grow(struct map *m, uint64_t bytes, struct err *err)
{
	uint64_t end = 0;
	struct tree t;

	if (tree_init(&t, bytes, m->t.chunk, m->t.fanout_log2) ||
	    (t.levels && t.n[1] > LOWEST_NODES_MAX))
		return err_set(err, ERR_UNSUPPORTED, 0, "a disk is too large");
	for (unsigned int l = 0; l <= t.levels; l++) {
		uint64_t old = m->t.n[l];
		uint8_t *touched;

		m->at[l] = end;
		end += t.n[l] * NAME_BYTES;
		if (l == 0 || t.n[l] == old)
			continue;
		/* What calloc() gives costs nothing until it is written: of a
		 * disk of PiB there are GiB. */
		touched = m->touched[l] ? realloc(m->touched[l], t.n[l]) :
					  calloc(t.n[l], 1);
		if (!touched)
			return err_set(err, ERR_NOMEM, 0, "out of memory");
		if (m->touched[l])
			memset(touched + old, 0, t.n[l] - old);
		m->touched[l] = touched;
	}
	m->t = t;
	if (ftruncate(m->fd, (off_t)end))
		return err_set(err, ERR_IO, errno, "make a map longer");
	return 0;
}

struct map *
map_new(int dirfd, uint64_t bytes, uint32_t chunk, unsigned int fanout_log2,
	struct err *err)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	m->t.chunk = chunk;
	m->t.fanout_log2 = fanout_log2;
	m->fd = fd_open_scratch(dirfd, err);
	if (m->fd < 0)
		err_add(err, "a map");
	else if (map_grow(m, bytes, err) == 0)
		return m;
	map_free(m);
	return NULL;
}

const struct tree *
map_tree(const struct map *m)
{
	return &m->t;
}

static int
write_ids(struct map *m, unsigned int level, uint64_t first, unsigned int n,
	  const uint8_t *ids, struct err *err)
{
	return fd_pwrite_all(m->fd, ids, (size_t)n * NAME_BYTES,
			     m->at[level] + first * NAME_BYTES, err);
}

static int
read_ids(const struct map *m, unsigned int level, uint64_t first,
	 unsigned int n, uint8_t *ret, struct err *err)
{
	ssize_t len = (ssize_t)n * NAME_BYTES;
	ssize_t got = fd_pread_full(m->fd, ret, (size_t)len,
				    m->at[level] + first * NAME_BYTES, err);

	if (got == len)
		return 0;
	return got < 0 ? -1 : err_set(err, ERR_IO, 0, "a map became shorter");
}

int
map_set(struct map *m, uint64_t first, unsigned int n, const uint8_t *ids,
	struct err *err)
{
	for (uint64_t i = first >> m->t.fanout_log2;
	     i <= (first + n - 1) >> m->t.fanout_log2; i++)
		m->touched[1][i] = 1;
	return write_ids(m, 0, first, n, ids, err);
}

#define ZEROS 2048 /* ids at a time */

int
map_zero(struct map *m, uint64_t first, uint64_t n, struct err *err)
{
	static const uint8_t zeros[ZEROS * NAME_BYTES];

	while (n > 0) {
		unsigned int part = n < ZEROS ? (unsigned int)n : ZEROS;

		if (map_set(m, first, part, zeros, err))
			return -1;
		first += part;
		n -= part;
	}
	return 0;
}

int
map_get(const struct map *m, uint64_t first, unsigned int n, uint8_t *ret,
	struct err *err)
{
	return read_ids(m, 0, first, n, ret, err);
}

/* ---- making its nodes ---- */

/* Nodes of one level that are put together. */
struct batch {
	struct map *m;
	struct putter *t;
	unsigned int level;
	unsigned int n;
	uint32_t len;
	uint64_t number[BLOB_PIECES_MAX];
	struct blob_piece pieces[BLOB_PIECES_MAX];
	uint8_t *bytes; /* BLOB_RAW_MAX */
};

static int
flush(struct batch *b, struct err *err)
{
	uint8_t ids[BLOB_PIECES_MAX * NAME_BYTES];

	if (b->n == 0)
		return 0;
	if (putter_put(b->t, b->pieces, b->n, ids, err))
		return -1;
	for (unsigned int i = 0; i < b->n; i++) {
		uint64_t up = b->number[i] >> b->m->t.fanout_log2;

		if (b->level < b->m->t.levels)
			b->m->touched[b->level + 1][up] = 1;
		if (write_ids(b->m, b->level, b->number[i], 1,
			      ids + (size_t)i * NAME_BYTES, err))
			return -1;
	}
	b->n = 0;
	b->len = 0;
	return 0;
}

static int
add_node(struct batch *b, uint64_t number, struct err *err)
{
	struct map *m = b->m;
	uint32_t n = tree_children(&m->t, b->level, number);
	struct blob_piece *p;

	if (b->n == BLOB_PIECES_MAX || b->len + n * NAME_BYTES > BLOB_RAW_MAX)
		if (flush(b, err))
			return -1;
	p = &b->pieces[b->n];
	p->type = (uint8_t)(PIECE_NODE + b->level);
	p->p = b->bytes + b->len;
	p->len = n * NAME_BYTES;
	b->number[b->n++] = number;
	if (read_ids(m, b->level - 1, number << m->t.fanout_log2, n,
		     b->bytes + b->len, err))
		return -1;
	b->len += p->len;
	return 0;
}

static int
build_level(struct map *m, struct putter *t, unsigned int level, uint8_t *bytes,
	    struct err *err)
{
	struct batch b = { .m = m, .t = t, .level = level, .bytes = bytes };

	for (uint64_t i = 0; i < m->t.n[level]; i++)
		if (m->touched[level][i] && add_node(&b, i, err))
			return -1;
	return flush(&b, err);
}

int
map_build(struct map *m, struct putter *t, uint8_t ret_root[NAME_BYTES],
	  struct err *err)
{
	uint8_t *bytes;
	int rc = 0;

	memset(ret_root, 0, NAME_BYTES);
	if (m->t.levels == 0)
		return 0;
	bytes = malloc(BLOB_RAW_MAX);
	if (!bytes)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (unsigned int l = 1; l <= m->t.levels && rc == 0; l++)
		rc = build_level(m, t, l, bytes, err);
	free(bytes);
	return rc ? -1 : read_ids(m, m->t.levels, 0, 1, ret_root, err);
}

/* ---- reading one back ---- */

struct walk {
	struct getter *g;
	const struct tree *t;
	map_walk_fn *fn;
	void *ctx;
	struct map *fill; /* or NULL: nodes on the way are set there */
	/* What is wanted, in order; NULL: all. */
	const struct map_range *ranges;
	size_t n_ranges;
};

/*
 * The ids in node @i of @level, called @id, malloc()ed: the getter's own go
 * with its next call.
 */
static uint8_t *
get_node(const struct walk *w, unsigned int level, uint64_t i,
	 const uint8_t id[NAME_BYTES], struct err *err)
{
	uint32_t want = tree_children(w->t, level, i) * NAME_BYTES, len;
	const uint8_t *p;
	uint8_t *ids;

	if (getter_get(w->g, (uint8_t)(PIECE_NODE + level), id, &p, &len, err))
		return NULL;
	if (len != want) {
		err_set(err, ERR_CORRUPT, 0,
			"a map's node has %u bytes, not %u", len, want);
		return NULL;
	}
	ids = malloc(len);
	if (!ids)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else
		memcpy(ids, p, len);
	return ids;
}

/* Is any chunk wanted that is below node @i of @level? */
static bool
is_wanted(const struct walk *w, unsigned int level, uint64_t i)
{
	unsigned int shift = level * w->t->fanout_log2;
	uint64_t first = i << shift, end = (i + 1) << shift;
	size_t low = 0, high = w->n_ranges;

	if (!w->ranges)
		return true;
	/* The first range that ends behind @first. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->ranges[mid].first + w->ranges[mid].n <= first)
			low = mid + 1;
		else
			high = mid;
	}
	return low < w->n_ranges && w->ranges[low].first < end;
}

static int
walk_node(const struct walk *w, unsigned int level, uint64_t i,
	  const uint8_t id[NAME_BYTES], struct err *err)
{
	uint64_t first = i << w->t->fanout_log2;
	uint32_t n;
	uint8_t *ids;
	int rc = 0;

	if (name_is_zero(id) || !is_wanted(w, level, i))
		return 0;
	ids = get_node(w, level, i, id, err);
	if (!ids)
		return -1;
	n = tree_children(w->t, level, i);
	if (w->fill)
		rc = write_ids(w->fill, level - 1, first, n, ids, err);
	if (w->fill && level == 1)
		w->fill->loaded[i] = 1;
	if (level == 1 && rc == 0 && w->fn)
		rc = w->fn(first, n, ids, w->ctx, err);
	for (uint32_t k = 0; level > 1 && k < n && rc == 0; k++)
		rc = walk_node(w, level - 1, first + k,
			       ids + (size_t)k * NAME_BYTES, err);
	free(ids);
	return rc;
}

int
map_walk(struct getter *g, const struct tree *t, const uint8_t root[NAME_BYTES],
	 map_walk_fn *fn, void *ctx, struct err *err)
{
	struct walk w = { .g = g, .t = t, .fn = fn, .ctx = ctx };

	return t->levels ? walk_node(&w, t->levels, 0, root, err) : 0;
}

/* @n zeros in place of what is at *@p; as above, they cost nothing. */
static int
clear(uint8_t **p, uint64_t n, struct err *err)
{
	free(*p);
	*p = calloc(n, 1);
	return *p ? 0 : err_set(err, ERR_NOMEM, 0, "out of memory");
}

static int
load(struct map *m, const struct walk *w, const uint8_t root[NAME_BYTES],
     struct err *err)
{
	uint64_t end = m->at[m->t.levels] + NAME_BYTES;

	if (m->t.levels == 0)
		return 0;
	for (unsigned int l = 1; l <= m->t.levels; l++)
		if (clear(&m->touched[l], m->t.n[l], err))
			return -1;
	if (clear(&m->loaded, m->t.n[1], err))
		return -1;
	if (ftruncate(m->fd, 0) || ftruncate(m->fd, (off_t)end))
		return err_set(err, ERR_IO, errno, "empty a map");
	if (write_ids(m, m->t.levels, 0, 1, root, err))
		return -1;
	return walk_node(w, m->t.levels, 0, root, err);
}

uint64_t
map_next(const struct map *m, uint64_t first)
{
	uint64_t node = first >> m->t.fanout_log2;
	const uint8_t *p;

	if (first >= m->t.n[0] || !m->loaded || m->loaded[node])
		return first;
	p = memchr(m->loaded + node, 1, m->t.n[1] - node);
	return p ? (uint64_t)(p - m->loaded) << m->t.fanout_log2 : m->t.n[0];
}

int
map_load(struct map *m, struct getter *g, const uint8_t root[NAME_BYTES],
	 struct err *err)
{
	struct walk w = { .g = g, .t = &m->t, .fill = m };

	return load(m, &w, root, err);
}

int
map_load_parts(struct map *m, struct getter *g, const uint8_t root[NAME_BYTES],
	       const struct map_range *ranges, size_t n, struct err *err)
{
	static const struct map_range none;
	struct walk w = { .g = g, .t = &m->t, .fill = m };

	w.ranges = n ? ranges : &none;
	w.n_ranges = n;
	return load(m, &w, root, err);
}
