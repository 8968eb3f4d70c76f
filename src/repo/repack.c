/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repack.c - see repack.h. */
#include "repack.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "get.h"
#include "object.h"
#include "pack_list.h"
#include "put.h"

struct chosen {
	uint8_t sum[SHA256_BYTES]; /* first: what they are sorted by */
	uint32_t realm;
	bool moved;
};

struct repacking {
	struct repo *r;
	struct mark *m;
	const struct repack_how *how;
	struct repack_done *ret;
	struct chosen *packs;
	size_t n;
	size_t done; /* for progress */
	/* of the pack at hand */
	const uint8_t *sum;
	uint32_t pieces;
	/* of the session at hand */
	struct put *put;
	struct putter *putter;
	struct getter *getter;
	uint8_t *bytes; /* BLOB_RAW_MAX: of the pieces of a blob */
};

/* ---- which ---- */

static int
count_pieces(const struct pack_blob *b, void *ctx, struct err *err)
{
	struct repacking *x = ctx;

	(void)err;
	x->pieces += b->n;
	return 0;
}

static int
choose(struct repacking *x, uint32_t realm, struct err *err)
{
	void *more = realloc(x->packs, (x->n + 1) * sizeof(*x->packs));

	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	x->packs = more;
	memcpy(x->packs[x->n].sum, x->sum, SHA256_BYTES);
	x->packs[x->n].realm = realm;
	x->packs[x->n++].moved = false;
	return 0;
}

/* What cannot be read is for verify to tell, and stays. */
static int
look_at_pack(const uint8_t sum[SHA256_BYTES], uint32_t needed, void *ctx,
	     struct err *err)
{
	struct repacking *x = ctx;
	struct pack_list *l;
	int rc;

	x->sum = sum;
	x->pieces = 0;
	if (pack_list_open(x->r, sum, &l, err)) {
		if (!object_is_damaged(err) && err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = pack_list_each(l, count_pieces, x, err);
	if (rc == 0 &&
	    (uint64_t)needed * 100 < (uint64_t)x->pieces * x->how->percent)
		rc = choose(x, pack_list_realm(l), err);
	pack_list_close(l);
	return rc;
}

/* ---- out of the old, into the new ---- */

/* Those pieces of the blob that this pack is needed for. */
static int
move_blob(const struct pack_blob *b, void *ctx, struct err *err)
{
	struct blob_piece pieces[BLOB_PIECES_MAX];
	uint8_t ids[BLOB_PIECES_MAX * NAME_BYTES];
	struct repacking *x = ctx;
	struct pack_piece says;
	const uint8_t *p;
	uint32_t at = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		int needs;

		pack_piece(b, i, &says);
		needs = mark_needs_piece(x->m, x->sum, says.id, err);
		if (needs < 0)
			return -1;
		if (!needs)
			continue;
		if (getter_get(x->getter, says.type, says.id, &p,
			       &pieces[n].len, err))
			return -1;
		if (pieces[n].len > BLOB_RAW_MAX - at)
			return err_set(err, ERR_CORRUPT, 0,
				       "a blob is longer than it can be");
		memcpy(x->bytes + at, p, pieces[n].len);
		pieces[n].p = x->bytes + at;
		pieces[n].type = says.type;
		at += pieces[n++].len;
	}
	return n ? putter_put(x->putter, pieces, n, ids, err) : 0;
}

static int
move_pack(struct repacking *x, const struct chosen *c, struct err *err)
{
	struct pack_list *l;
	int rc;

	x->sum = c->sum;
	if (pack_list_open(x->r, c->sum, &l, err))
		return -1;
	rc = pack_list_each(l, move_blob, x, err);
	pack_list_close(l);
	x->done++;
	if (x->how->progress)
		x->how->progress("packs", x->done, x->n, x->how->progress_ctx);
	fail_here("repack.pack");
	return rc;
}

/* What is in those packs counts as not stored. */
static void
condemn_chosen(struct repacking *x, uint32_t realm)
{
	struct index *ix = put_index(x->put);
	uint32_t pack;

	for (size_t i = 0; i < x->n; i++)
		if (x->packs[i].realm == realm &&
		    index_has_pack(ix, x->packs[i].sum, &pack))
			index_condemn(ix, pack);
}

static int
begin(struct repacking *x, uint32_t realm, struct err *err)
{
	const struct put_how how = { .purpose = PURPOSE_REPACK,
				     .realm = realm,
				     .level = PRESS_LEVEL_DEFAULT };

	x->put = put_begin(x->r, &how, err);
	if (!x->put)
		return -1;
	/* A prune that began before we did does not wait for us. */
	if (x->r->head.phase != HEAD_IDLE)
		return err_set(err, ERR_BUSY, 0, "another prune is at work");
	condemn_chosen(x, realm);
	x->getter = getter_new(x->r, put_index(x->put), realm, err);
	x->putter = putter_new(x->put, err);
	return x->getter && x->putter ? 0 : -1;
}

static void
end(struct repacking *x)
{
	putter_free(x->putter);
	getter_free(x->getter);
	put_free(x->put);
	x->putter = NULL;
	x->getter = NULL;
	x->put = NULL;
}

static int
move_realm(struct repacking *x, uint32_t realm, struct err *err)
{
	uint8_t session[SESSION_ID];
	struct put_count count;
	int rc = begin(x, realm, err);

	for (size_t i = 0; i < x->n && rc == 0; i++)
		if (x->packs[i].realm == realm)
			rc = move_pack(x, &x->packs[i], err);
	if (rc == 0)
		rc = put_commit(x->put, NULL, session, err);
	if (rc == 0) {
		put_counts(x->put, &count);
		x->ret->bytes += count.stored_bytes;
	}
	for (size_t i = 0; i < x->n && rc == 0; i++)
		x->packs[i].moved |= x->packs[i].realm == realm;
	end(x);
	return rc;
}

static int
move_all(struct repacking *x, struct err *err)
{
	for (size_t i = 0; i < x->n; i++)
		if (!x->packs[i].moved && move_realm(x, x->packs[i].realm, err))
			return -1;
	return 0;
}

static int
by_sum(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

int
repack(struct repo *r, struct mark *m, const struct repack_how *how,
       struct repack_done *ret, struct err *err)
{
	struct repacking x = { .r = r, .m = m, .how = how, .ret = ret };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	x.bytes = malloc(BLOB_RAW_MAX);
	if (!x.bytes) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
	} else if (mark_each(m, look_at_pack, &x, err) == 0) {
		if (x.n)
			qsort(x.packs, x.n, sizeof(*x.packs), by_sum);
		rc = move_all(&x, err);
	}
	for (size_t i = 0; i < x.n; i++)
		if (x.packs[i].moved)
			put_bytes(&ret->old, x.packs[i].sum, SHA256_BYTES);
	free(x.packs);
	free(x.bytes);
	return rc == 0 ? buf_check(&ret->old, err) : -1;
}
