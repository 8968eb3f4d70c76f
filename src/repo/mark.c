/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mark.c - see mark.h. */
#include <stdlib.h>
#include <string.h>

#include "get.h"
#include "mark.h"
#include "pack.h"
#include "repo_index.h"
#include "tree.h"

/* Chunks that are looked up together, in order: an index is read as it lies on
 * the disk then, each page once. */
#define BATCH (1u << 22)

struct needed_chunk {
	uint8_t id[INDEX_ID];
	uint32_t backup; /* by which it was found */
};

struct mark {
	struct repo *r;
	struct index *ix; /* where pieces are, of all realms */
	struct buf seen;  /* a bit for each position in it: found needed */
	struct needed_chunk *batch;
	uint32_t n_batch, room; /* of it: BATCH at most */
	uint32_t backup;        /* at hand */
	bool lone;              /* there is no other: who asks names it */
	struct getter *g;       /* of its realm */
	struct tree t;          /* of the disk at hand */
	uint32_t n_packs;
	uint32_t *needed; /* pieces, by the pack's number in @ix */
	bool *there;      /* so too: is the pack in the store? */
};

void
mark_free(struct mark *m)
{
	if (!m)
		return;
	getter_free(m->g);
	buf_done(&m->seen);
	free(m->batch);
	index_free(m->ix);
	free(m->needed);
	free(m->there);
	free(m);
}

/* Was the one at position @at seen?  It is now. */
static bool
was_seen(struct mark *m, uint64_t at, struct err *err)
{
	uint64_t bytes = (index_positions(m->ix) + 7) / 8;
	uint8_t bit = (uint8_t)(1u << at % 8), *p;

	if (m->seen.len < bytes)
		put_zeros(&m->seen, bytes - m->seen.len);
	if (buf_check(&m->seen, err))
		return false;
	p = m->seen.data + at / 8;
	if (*p & bit)
		return true;
	*p |= bit;
	return false;
}

/* Is it the first time?  1, and it is counted; 0; or -1. */
static int
first_time(struct mark *m, const uint8_t id[NAME_BYTES], struct err *err)
{
	struct index_entry e;
	uint64_t at;
	int r = index_find_at(m->ix, id, &e, &at, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "a piece that it needs is in no pack");
	if (was_seen(m, at, err))
		return 0;
	if (err->code != ERR_NONE)
		return -1;
	m->needed[e.pack]++;
	return 1;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, INDEX_ID);
}

/* Each to where its first byte belongs: swapped until all of a byte are there.
 * @ends: where each byte's end.  (McIlroy, Bostic, McIlroy: Engineering Radix
 * Sort, 1993.) */
static void
by_first_byte(struct needed_chunk *c, uint32_t n, uint32_t ends[256])
{
	uint32_t next[256], at = 0;

	memset(ends, 0, 256 * sizeof(*ends));
	for (uint32_t i = 0; i < n; i++)
		ends[c[i].id[0]]++;
	for (unsigned int b = 0; b < 256; b++) {
		next[b] = at;
		at += ends[b];
		ends[b] = at;
	}
	for (unsigned int b = 0; b < 256; b++)
		while (next[b] < ends[b]) {
			struct needed_chunk *p = &c[next[b]], was = *p;
			uint32_t *to = &next[was.id[0]];

			*p = c[*to];
			c[(*to)++] = was;
		}
}

/* qsort() may take as much memory again as it is given to sort, so it is given
 * little at a time: names are as good as random. */
static void
sort_batch(struct needed_chunk *c, uint32_t n)
{
	uint32_t ends[256], from = 0;

	by_first_byte(c, n, ends);
	for (unsigned int b = 0; b < 256; b++) {
		if (ends[b] > from)
			qsort(c + from, ends[b] - from, sizeof(*c), by_id);
		from = ends[b];
	}
}

/* It failed for that backup. */
static int
failed_for(const struct mark *m, uint32_t backup, struct err *err)
{
	if (m->lone)
		return -1;
	return err_add(err, "backup %s",
		       m->r->commits[backup].outcome.backup.name);
}

/* Look up what was gathered. */
static int
mark_batch(struct mark *m, struct err *err)
{
	uint8_t id[NAME_BYTES] = { 0 };

	sort_batch(m->batch, m->n_batch);
	for (uint32_t i = 0; i < m->n_batch; i++) {
		const struct needed_chunk *c = &m->batch[i];

		memcpy(id, c->id, INDEX_ID);
		if (first_time(m, id, err) < 0)
			return failed_for(m, c->backup, err);
	}
	m->n_batch = 0;
	return 0;
}

static int
grow_batch(struct mark *m, struct err *err)
{
	uint32_t room = m->room ? 2 * m->room : 1024;
	void *more = realloc(m->batch, room * sizeof(*m->batch));

	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	m->batch = more;
	m->room = room;
	return 0;
}

/* Nothing is below a chunk, so when it is looked up does not matter. */
static int
mark_chunk(struct mark *m, const uint8_t id[NAME_BYTES], struct err *err)
{
	struct needed_chunk *c;

	if (m->n_batch == m->room && m->room < BATCH && grow_batch(m, err))
		return -1;
	c = &m->batch[m->n_batch++];
	memcpy(c->id, id, INDEX_ID);
	c->backup = m->backup;
	return m->n_batch == BATCH ? mark_batch(m, err) : 0;
}

static int mark_node(struct mark *m, unsigned int level, uint64_t i,
		     const uint8_t id[NAME_BYTES], struct err *err);

/* Child @i, as its level counts, of a node of @level. */
static int
mark_child(struct mark *m, unsigned int level, uint64_t i,
	   const uint8_t id[NAME_BYTES], struct err *err)
{
	int first;

	if (level == 1)
		return mark_chunk(m, id, err);
	first = first_time(m, id, err);
	return first > 0 ? mark_node(m, level - 1, i, id, err) : first;
}

static int
mark_node(struct mark *m, unsigned int level, uint64_t i,
	  const uint8_t id[NAME_BYTES], struct err *err)
{
	uint32_t n = tree_children(&m->t, level, i), len;
	const uint8_t *p;
	uint8_t *ids;
	int rc = 0;

	if (getter_get(m->g, (uint8_t)(PIECE_NODE + level), id, &p, &len, err))
		return -1;
	if (len != n * NAME_BYTES)
		return err_set(err, ERR_CORRUPT, 0,
			       "a map's node has %u bytes, not %u", len,
			       n * NAME_BYTES);
	ids = malloc(len);
	if (!ids)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memcpy(ids, p, len);
	for (uint32_t k = 0; k < n && rc == 0; k++) {
		const uint8_t *child = ids + (size_t)k * NAME_BYTES;

		if (!name_is_zero(child))
			rc = mark_child(m, level, (i << m->t.fanout_log2) + k,
					child, err);
	}
	free(ids);
	return rc;
}

static int
mark_disk(struct mark *m, const struct backup_disk *d, struct err *err)
{
	struct tree t;
	int first;

	if (tree_init(&t, d->bytes, m->r->chunk, m->r->fanout_log2) ||
	    t.levels != d->levels)
		return err_set(err, ERR_CORRUPT, 0, "disk %s cannot be",
			       d->vdev);
	if (name_is_zero(d->root))
		return 0;
	m->t = t;
	first = first_time(m, d->root, err);
	if (first > 0 && mark_node(m, t.levels, 0, d->root, err))
		first = -1;
	return first < 0 ? err_add(err, "disk %s", d->vdev) : 0;
}

static int
mark_backup(struct mark *m, const struct repo_commit *c, struct err *err)
{
	const struct backup *b = &c->outcome.backup;

	getter_free(m->g);
	m->g = getter_new(m->r, m->ix, c->realm, err);
	if (!m->g)
		return -1;
	if (!name_is_zero(b->config) && first_time(m, b->config, err) < 0)
		return -1;
	for (unsigned int i = 0; i < backup_n_all(b); i++)
		if (mark_disk(m, &b->disks[i], err))
			return -1;
	return 0;
}

static int
mark_all(struct mark *m, const struct mark_how *how, struct err *err)
{
	struct repo *r = m->r;

	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (!repo_is_backup(c) || (how->only && how->only != c))
			continue;
		m->backup = i;
		if (mark_backup(m, c, err))
			return failed_for(m, i, err);
		if (how->progress)
			how->progress("backups", i + 1, r->n_commits,
				      how->progress_ctx);
	}
	if (mark_batch(m, err))
		return -1;
	/* Whoever is asked what was marked may live long. */
	free(m->batch);
	m->batch = NULL;
	m->room = 0;
	return 0;
}

static int
note_pack(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	struct mark *m = ctx;
	uint32_t pack;

	(void)bytes;
	(void)err;
	if (pack_name_parse(name, sum) && index_has_pack(m->ix, sum, &pack))
		m->there[pack] = true;
	return 0;
}

/* Of what is in several packs one shall count that can be read. */
static int
look_for_packs(struct mark *m, const struct mark_how *how, struct err *err)
{
	m->n_packs = index_packs(m->ix);
	m->needed = calloc((size_t)m->n_packs + 1, sizeof(*m->needed));
	m->there = calloc((size_t)m->n_packs + 1, sizeof(*m->there));
	if (!m->needed || !m->there)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (store_list(m->r->store, "packs/", note_pack, m, err))
		return -1;
	for (uint32_t i = 0; i < m->n_packs; i++)
		if (!m->there[i] ||
		    (how->avoid &&
		     how->avoid(index_pack(m->ix, i, NULL), how->avoid_ctx)))
			index_condemn(m->ix, i);
	return 0;
}

int
mark_backups(struct repo *r, const struct mark_how *how, struct mark **ret,
	     struct err *err)
{
	struct mark *m = calloc(1, sizeof(*m));

	if (!m)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	m->r = r;
	m->lone = how->only != NULL;
	m->ix = repo_index(r, REALM_NONE, err);
	if (m->ix && look_for_packs(m, how, err) == 0 &&
	    mark_all(m, how, err) == 0) {
		*ret = m;
		return 0;
	}
	mark_free(m);
	return -1;
}

uint32_t
mark_needs(const struct mark *m, const uint8_t sum[SHA256_BYTES])
{
	uint32_t pack;

	return index_has_pack(m->ix, sum, &pack) ? m->needed[pack] : 0;
}

int
mark_needs_piece(struct mark *m, const uint8_t sum[SHA256_BYTES],
		 const uint8_t id[NAME_BYTES], struct err *err)
{
	struct index_entry e;
	uint64_t at;
	int r = index_find_at(m->ix, id, &e, &at, err);

	if (r <= 0)
		return r;
	/* One that was damaged and read anew has a position of its own. */
	if (at / 8 < m->seen.len && !(m->seen.data[at / 8] & 1u << at % 8))
		return 0;
	return memcmp(index_pack(m->ix, e.pack, NULL), sum, SHA256_BYTES) == 0;
}

int
mark_each(const struct mark *m, mark_pack_fn *fn, void *ctx, struct err *err)
{
	for (uint32_t i = 0; i < m->n_packs; i++)
		if (m->there[i] && m->needed[i] &&
		    fn(index_pack(m->ix, i, NULL), m->needed[i], ctx, err))
			return -1;
	return 0;
}

bool
mark_lost(const struct mark *m, const uint8_t sum[SHA256_BYTES])
{
	uint32_t pack;

	return index_has_pack(m->ix, sum, &pack) && !m->there[pack];
}
