/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mark.c - see mark.h. */
#include <stdlib.h>
#include <string.h>

#include "get.h"
#include "mark.h"
#include "pack.h"
#include "repo_index.h"
#include "tree.h"

/* How many ids are in memory before they go to a file. */
#define SEEN_MAX 500000

struct mark {
	struct repo *r;
	struct index *ix;   /* where pieces are, of all realms */
	struct index *seen; /* which were found needed */
	struct getter *g;   /* of the realm of the backup at hand */
	struct tree t;      /* of the disk at hand */
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
	index_free(m->seen);
	index_free(m->ix);
	free(m->needed);
	free(m->there);
	free(m);
}

/* Is it the first time?  1, and it is counted; 0; or -1. */
static int
first_time(struct mark *m, const uint8_t id[NAME_BYTES], struct err *err)
{
	struct index_entry e;
	int r = index_claim(m->seen, id, err);

	if (r)
		return r < 0 ? -1 : 0;
	r = index_find(m->ix, id, &e, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "a piece that it needs is in no pack");
	m->needed[e.pack]++;
	index_fill(m->seen, id, 0, 0, 0, 0);
	if (index_unwritten(m->seen) >= SEEN_MAX && index_spill(m->seen, err))
		return -1;
	return 1;
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
		int first = name_is_zero(child) ? 0 : first_time(m, child, err);

		if (first < 0)
			rc = -1;
		else if (first && level > 1)
			rc = mark_node(m, level - 1,
				       (i << m->t.fanout_log2) + k, child, err);
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
	for (unsigned int i = 0; i < b->n_disks; i++)
		if (mark_disk(m, &b->disks[i], err))
			return -1;
	return 0;
}

static int
mark_all(struct mark *m, const struct mark_how *how, struct err *err)
{
	struct repo *r = m->r;
	uint32_t pack;

	/* What is only seen is in no pack, but an index wants one. */
	if (index_new_pack(m->seen, &pack, err))
		return -1;
	index_named_pack(m->seen, pack, r->head_sum, 0);
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (!repo_is_backup(c) || (how->only && how->only != c))
			continue;
		if (mark_backup(m, c, err))
			return err_add(err, "backup %s",
				       c->outcome.backup.name);
		if (how->progress)
			how->progress("backups", i + 1, r->n_commits,
				      how->progress_ctx);
	}
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
	m->ix = repo_index(r, REALM_NONE, err);
	m->seen = m->ix ? index_new(r->statefd, err) : NULL;
	if (m->seen && look_for_packs(m, how, err) == 0 &&
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
	int r = index_find(m->seen, id, &e, err);

	if (r > 0)
		r = index_find(m->ix, id, &e, err);
	if (r <= 0)
		return r;
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
