/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fold.c - see fold.h. */
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "index.h"
#include "index_part.h"
#include "object.h"

struct folding {
	struct repo *r;
	struct head *h;
	const struct mark *mark;
	struct index *dead; /* the condemned packs: a set */
	uint32_t realm;     /* the one at hand */
	struct index *gather;
	struct buf b;  /* of one part */
	uint32_t room; /* for how many h->base has room */
};

static int
add_base(struct folding *f, const uint8_t name[SHA256_BYTES], struct err *err)
{
	struct head *h = f->h;

	if (h->n_base == f->room) {
		uint32_t room = f->room ? 2 * f->room : 16;
		void *p = realloc(h->base, room * sizeof(*h->base));

		if (!p)
			return err_set(err, ERR_NOMEM, 0, "out of memory");
		h->base = p;
		f->room = room;
	}
	h->base[h->n_base].realm = f->realm;
	memcpy(h->base[h->n_base++].name, name, SHA256_BYTES);
	return 0;
}

/* Some of what was gathered, as a part of its own.  1; 0: it is empty; -1. */
static int
write_part(struct folding *f, struct err *err)
{
	struct buf body = BUF_INIT, b = BUF_INIT;
	uint8_t sum[SHA256_BYTES];
	char name[OBJECT_NAME_MAX];
	int rc = -1;

	if (index_flush(f->gather, &body, err))
		goto out;
	rc = 0;
	if (body.len == 0)
		goto out;
	rc = object_seal_index(f->r->key, f->realm, &body, &b, sum, err);
	if (rc)
		goto out;
	object_name("index", sum, sizeof(sum), name);
	rc = store_put(f->r->store, name, b.data, b.len, err);
	if (rc == 0)
		rc = add_base(f, sum, err) ? -1 : 1;
out:
	buf_done(&body);
	buf_done(&b);
	return rc;
}

/* All of it, and begin anew. */
static int
write_gathered(struct folding *f, struct err *err)
{
	int r;

	do
		r = write_part(f, err);
	while (r > 0);
	index_free(f->gather);
	f->gather = r ? NULL : index_new(f->r->statefd, err);
	return f->gather ? 0 : -1;
}

/* Is what was gathered of @id in a pack that is gone, and @pack is not? */
static int
is_better(struct folding *f, const uint8_t id[NAME_BYTES], const uint8_t *pack,
	  struct err *err)
{
	struct index_entry was;
	int r = index_find(f->gather, id, &was, err);

	if (r <= 0)
		return r;
	return mark_lost(f->mark, index_pack(f->gather, was.pack, NULL)) &&
	       !mark_lost(f->mark, pack);
}

/* Entry @i of the part at hand, into what is gathered. */
static int
gather(struct folding *f, const struct index_part *part, uint32_t i,
       struct err *err)
{
	uint8_t id[NAME_BYTES] = { 0 };
	struct index_entry e;
	const uint8_t *pack;
	uint64_t bytes;
	uint32_t number;
	int r;

	index_part_entry(part, i, &e);
	pack = index_part_pack(part, e.pack, &bytes);
	memcpy(id, e.id, INDEX_ID);
	if (index_has_pack(f->dead, pack, &number))
		return 0;
	if (index_add_pack(f->gather, pack, bytes, &number, err))
		return -1;
	r = index_claim(f->gather, id, err);
	/* In two packs that both stay, one is enough. */
	if (r > 0) {
		r = is_better(f, id, pack, err);
		if (r == 0)
			return 0;
	}
	if (r < 0)
		return -1;
	index_fill(f->gather, id, number, e.offset,
		   e.sealed_and_place & ((1u << INDEX_PLACE_SHIFT) - 1),
		   e.sealed_and_place >> INDEX_PLACE_SHIFT);
	return 0;
}

/* Does that part lose any of its packs? */
static bool
loses(const struct folding *f, const struct index_part *part)
{
	uint32_t number;
	uint64_t bytes;

	for (uint32_t i = 0; i < part->n_packs; i++)
		if (index_has_pack(f->dead, index_part_pack(part, i, &bytes),
				   &number))
			return true;
	return false;
}

static int
fold_body(struct folding *f, const uint8_t name[SHA256_BYTES],
	  const struct index_part *part, struct err *err)
{
	/* Large ones are left as they are. */
	if (part->n >= f->r->part_entries / 2 && !loses(f, part))
		return add_base(f, name, err);
	for (uint32_t i = 0; i < part->n; i++)
		if (gather(f, part, i, err))
			return -1;
	return index_unwritten(f->gather) > f->r->part_entries ?
		       write_gathered(f, err) :
		       0;
}

static int
fold_part(struct folding *f, const uint8_t name[SHA256_BYTES], struct err *err)
{
	struct object o = { .store = f->r->store, .key = f->r->key };
	struct index_part part;
	const uint8_t *body;
	size_t len;

	if (object_get_index(&o, name, &f->b, &body, &len, err))
		return -1;
	if (o.realm != f->realm)
		return err_set(err, ERR_CORRUPT, 0, "%s is of another realm",
			       o.name);
	if (index_part_take(body, len, &part, err))
		return err_add(err, "%s", o.name);
	return fold_body(f, name, &part, err);
}

static int
fold_realm(struct folding *f, struct err *err)
{
	const struct repo *r = f->r;

	for (uint32_t i = 0; i < r->head.n_base; i++)
		if (r->head.base[i].realm == f->realm &&
		    fold_part(f, r->head.base[i].name, err))
			return -1;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (c->realm != f->realm || head_knows(&r->head, c->session))
			continue;
		for (uint32_t k = 0; k < c->outcome.n_index; k++)
			if (fold_part(f, c->outcome.index + k * SHA256_BYTES,
				      err))
				return -1;
	}
	return write_gathered(f, err);
}

/*
 * Realms have numbers as they come; the next one after @realm, or REALM_NONE.
 */
static uint32_t
next_realm(const struct repo *r, uint32_t realm, bool first)
{
	uint32_t next = REALM_NONE;

	for (uint32_t i = 0; i < r->head.n_base; i++) {
		uint32_t is = r->head.base[i].realm;

		if ((first || is > realm) && is < next)
			next = is;
	}
	for (uint32_t i = 0; i < r->n_commits; i++) {
		uint32_t is = r->commits[i].realm;

		if ((first || is > realm) && is < next)
			next = is;
	}
	return next;
}

static int
note_dead(struct folding *f, struct err *err)
{
	for (uint32_t i = 0; i < f->h->n_condemned; i++) {
		uint32_t number;

		if (f->h->condemned[i].kind == CONDEMNED_PACK &&
		    index_add_pack(f->dead, f->h->condemned[i].name, 0, &number,
				   err))
			return -1;
	}
	return 0;
}

int
fold_base(struct repo *r, const struct mark *m, struct head *h, struct err *err)
{
	struct folding f = { .r = r, .h = h, .mark = m };
	int rc = -1;

	f.dead = index_new(r->statefd, err);
	f.gather = f.dead ? index_new(r->statefd, err) : NULL;
	if (!f.gather || note_dead(&f, err))
		goto out;
	rc = 0;
	f.realm = next_realm(r, 0, true);
	while (rc == 0 && f.realm != REALM_NONE) {
		rc = fold_realm(&f, err);
		f.realm = next_realm(r, f.realm, false);
	}
	if (rc == 0)
		rc = store_sync(r->store, err);
out:
	index_free(f.dead);
	index_free(f.gather);
	buf_done(&f.b);
	return rc;
}
