/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_index.c - see repo_index.h.  Which index parts count, the head and the
 * commits say; what is in them may be on this host already (index_cache.h).  A
 * part that is not in the store is not taken from there: others miss it too.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "object.h"
#include "repo_index.h"

struct part_ref {
	uint8_t name[SHA256_BYTES];
	enum part_use use;
	bool there; /* in the store, or so it says */
	uint64_t bytes;
	bool taken; /* from what this host kept */
};

struct parts {
	struct repo *r;
	uint32_t realm;
	struct buf list; /* struct part_ref, in order of name */
	struct buf b;
};

static struct part_ref *
ref_at(const struct parts *p, size_t i)
{
	return (struct part_ref *)(void *)p->list.data + i;
}

static size_t
n_refs(const struct parts *p)
{
	return p->list.len / sizeof(struct part_ref);
}

/* ---- which there are ---- */

/* A put-only key reads its own realm's alone. */
static bool
is_wanted(const struct repo *r, uint32_t is, uint32_t realm)
{
	if (realm != REALM_NONE)
		return is == realm;
	return r->key->full || is == r->key->realm;
}

static void
note(struct parts *p, const uint8_t name[SHA256_BYTES], uint32_t realm)
{
	struct part_ref ref = { .use = is_wanted(p->r, realm, p->realm) ?
					       PART_USED :
					       PART_OTHER };

	memcpy(ref.name, name, SHA256_BYTES);
	put_bytes(&p->list, &ref, sizeof(ref));
}

static int
by_name(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

/* Two may name the same part. */
static void
drop_twins(struct parts *p)
{
	size_t n = 0;

	for (size_t i = 0; i < n_refs(p); i++)
		if (n == 0 || by_name(ref_at(p, n - 1), ref_at(p, i)) != 0)
			*ref_at(p, n++) = *ref_at(p, i);
	p->list.len = n * sizeof(struct part_ref);
}

static struct part_ref *
ref_of(const struct parts *p, const uint8_t name[SHA256_BYTES])
{
	return p->list.len ? bsearch(name, p->list.data, n_refs(p),
				     sizeof(struct part_ref), by_name) :
			     NULL;
}

static int
note_there(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	struct part_ref *ref;

	(void)err;
	if (!object_id(name, "index", sum, sizeof(sum)))
		return 0;
	ref = ref_of(ctx, sum);
	if (!ref)
		return 0;
	ref->there = true;
	ref->bytes = bytes;
	return 0;
}

static int
list_parts(struct parts *p, struct err *err)
{
	const struct repo *r = p->r;

	for (uint32_t i = 0; i < r->head.n_base; i++)
		note(p, r->head.base[i].name, r->head.base[i].realm);
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (!c->ours || head_knows(&r->head, c->session))
			continue;
		for (uint32_t k = 0; k < c->outcome.n_index; k++)
			note(p, c->outcome.index + (size_t)k * SHA256_BYTES,
			     c->realm);
	}
	if (buf_check(&p->list, err))
		return -1;
	if (p->list.len == 0)
		return 0;
	qsort(p->list.data, n_refs(p), sizeof(struct part_ref), by_name);
	drop_twins(p);
	return store_list(r->store, "index/", note_there, p, err);
}

/* ---- what is in them ---- */

/* For index_keep(): each is taken once. */
static enum part_use
use(const uint8_t name[SHA256_BYTES], void *ctx)
{
	struct part_ref *ref = ref_of(ctx, name);

	if (!ref)
		return PART_GONE;
	if (ref->use == PART_OTHER)
		return PART_OTHER;
	if (!ref->there || ref->taken)
		return PART_GONE;
	ref->taken = true;
	return PART_USED;
}

static int
fetch(const uint8_t name[SHA256_BYTES], struct buf *b, const uint8_t **ret,
      size_t *ret_len, void *ctx, struct err *err)
{
	struct repo *r = ctx;
	struct object o = { .store = r->store, .key = r->key };

	return object_get_index(&o, name, b, ret, ret_len, err);
}

/* An index part that is bad, as @err says: 0 if it can be left out.  Pieces
 * that no other part has are then in no pack, and whoever needs one fails. */
static int
leave_out(struct repo *r, struct err *err)
{
	if (!object_is_damaged(err) && err->code != ERR_NOTFOUND)
		return -1;
	if (!r->salvage)
		return err_more(err, "what does not need it can be read with "
				     "--accept-head, which leaves it out");
	/* It is told once, however often an index is made. */
	if (!r->indexed)
		log_warning("%s; it is left out, continuing", err->text);
	err_clear(err);
	return 0;
}

static int
add_part(struct parts *p, struct index *ix, const struct part_ref *ref,
	 struct err *err)
{
	struct object o = { .store = p->r->store, .key = p->r->key };
	const uint8_t *body;
	size_t len;

	if (object_get_index(&o, ref->name, &p->b, &body, &len, err))
		return -1;
	if (p->realm != REALM_NONE && o.realm != p->realm)
		return err_set(err, ERR_CORRUPT, 0, "%s is of another realm",
			       o.name);
	return index_add_part(ix, ref->name, body, len, err) ?
		       err_add(err, "%s", o.name) :
		       0;
}

static int
largest_first(const void *a, const void *b)
{
	const struct part_ref *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static int
add_all(struct parts *p, struct index *ix, struct err *err)
{
	struct index_source from = {
		.use = use,
		.use_ctx = p,
		.fetch = fetch,
		.fetch_ctx = p->r,
		/* Who has not all keys does not know what others need. */
		.tidy = p->r->key->full,
	};

	if (list_parts(p, err))
		return -1;
	memcpy(from.repo_id, p->r->id, REPO_ID);
	if (!p->r->no_cache && index_keep(ix, &from, err))
		return -1;
	/* Else large runs are merged again and again with small ones. */
	if (p->list.len)
		qsort(p->list.data, n_refs(p), sizeof(struct part_ref),
		      largest_first);
	for (size_t i = 0; i < n_refs(p); i++) {
		const struct part_ref *ref = ref_at(p, i);

		if (ref->use == PART_USED && !ref->taken &&
		    add_part(p, ix, ref, err) && leave_out(p->r, err))
			return -1;
	}
	return index_settle(ix, err);
}

/* A condemned pack that no part of ours names is another realm's. */
static int
condemn(struct repo *r, struct index *ix, struct err *err)
{
	for (uint32_t i = 0; i < r->head.n_condemned; i++) {
		uint32_t pack;

		if (r->head.condemned[i].kind != CONDEMNED_PACK)
			continue;
		if (index_add_pack(ix, r->head.condemned[i].name, 0, &pack,
				   err))
			return -1;
		index_condemn(ix, pack);
	}
	return 0;
}

struct index *
repo_index(struct repo *r, uint32_t realm, struct err *err)
{
	struct index *ix = index_new(r->statefd, err);
	struct parts p = { .r = r, .realm = realm };

	if (ix && (add_all(&p, ix, err) || condemn(r, ix, err))) {
		index_free(ix);
		ix = NULL;
	}
	r->indexed |= ix != NULL;
	buf_done(&p.list);
	buf_done(&p.b);
	return ix;
}
