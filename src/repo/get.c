/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * get.c - see get.h.
 *
 * The story is getter_get(): where is it, is its blob one of the last few, else
 * read, open and expand that; take the piece out of it and compute its id.
 */
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "get.h"
#include "log.h"
#include "pack.h"

#define BLOBS 4  /* expanded, that are kept */
#define PACKS 16 /* whose keys are kept */

struct open_pack {
	bool used;
	uint32_t number;
	uint64_t when;
	struct pack_in *in;
};

struct open_blob {
	int n; /* pieces; 0: empty */
	uint32_t pack, offset;
	uint64_t when;
	uint8_t *raw; /* BLOB_RAW_MAX */
	struct blob_piece pieces[BLOB_PIECES_MAX];
};

struct getter {
	struct repo *r;
	struct index *ix;
	struct namer *namer;
	struct press *press;
	uint8_t *sealed; /* BLOB_BODY_MAX + AEAD_TAG */
	uint64_t clock;
	bool warned;
	struct open_pack packs[PACKS];
	struct open_blob blobs[BLOBS];
};

void
getter_free(struct getter *g)
{
	if (!g)
		return;
	for (int i = 0; i < PACKS; i++)
		pack_in_free(g->packs[i].in);
	for (int i = 0; i < BLOBS; i++)
		free(g->blobs[i].raw);
	namer_free(g->namer);
	press_free(g->press);
	free(g->sealed);
	free(g);
}

static int
get_memory(struct getter *g, struct err *err)
{
	bool all = true;

	g->sealed = malloc(BLOB_BODY_MAX + AEAD_TAG);
	for (int i = 0; i < BLOBS; i++) {
		g->blobs[i].raw = malloc(BLOB_RAW_MAX);
		all &= g->blobs[i].raw != NULL;
	}
	return g->sealed && all ? 0 :
				  err_set(err, ERR_NOMEM, 0, "out of memory");
}

struct getter *
getter_new(struct repo *r, struct index *ix, uint32_t realm, struct err *err)
{
	struct getter *g = calloc(1, sizeof(*g));
	uint8_t key[KEY_BYTES];

	if (!g) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (!r->key->full) {
		err_set(err, ERR_DENIED, 0,
			"this key can only add; to read takes a full one");
		goto failed;
	}
	g->r = r;
	g->ix = ix;
	if (get_memory(g, err) || key_name(r->key, realm, key, err))
		goto failed;
	g->namer = namer_new(key, err);
	explicit_bzero(key, sizeof(key));
	g->press = press_new(PRESS_LEVEL_DEFAULT, err);
	if (g->namer && g->press)
		return g;
failed:
	getter_free(g);
	return NULL;
}

/* ---- packs ---- */

static struct open_pack *
oldest_pack(struct getter *g)
{
	struct open_pack *p = &g->packs[0];

	for (int i = 1; i < PACKS && p->used; i++)
		if (!g->packs[i].used || g->packs[i].when < p->when)
			p = &g->packs[i];
	return p;
}

/* The pack with that number, with its key; NULL with @err. */
static struct open_pack *
open_pack(struct getter *g, uint32_t number, const char *name, struct err *err)
{
	uint8_t header[PACK_HEADER];
	struct open_pack *p;
	size_t len;

	for (int i = 0; i < PACKS; i++)
		if (g->packs[i].used && g->packs[i].number == number) {
			g->packs[i].when = ++g->clock;
			return &g->packs[i];
		}
	if (store_get(g->r->store, name, 0, header, sizeof(header), &len, err))
		return NULL;
	if (len != sizeof(header)) {
		err_set(err, ERR_CORRUPT, 0, "it is too short");
		return NULL;
	}
	p = oldest_pack(g);
	pack_in_free(p->in);
	p->used = false;
	p->in = pack_in_new(g->r->key, header, err);
	if (!p->in)
		return NULL;
	p->used = true;
	p->number = number;
	p->when = ++g->clock;
	return p;
}

/* ---- blobs ---- */

static struct open_blob *
oldest_blob(struct getter *g)
{
	struct open_blob *b = &g->blobs[0];

	for (int i = 1; i < BLOBS && b->n; i++)
		if (g->blobs[i].n == 0 || g->blobs[i].when < b->when)
			b = &g->blobs[i];
	return b;
}

/* Read, decrypt and expand into @b. */
static int
fill_blob(struct getter *g, const struct index_entry *e, const char *name,
	  struct open_blob *b, struct err *err)
{
	size_t len = e->sealed_and_place & ((1u << INDEX_PLACE_SHIFT) - 1);
	struct open_pack *p = open_pack(g, e->pack, name, err);
	size_t got;
	int n;

	if (!p)
		return -1;
	if (len > BLOB_BODY_MAX + AEAD_TAG)
		return err_set(err, ERR_CORRUPT, 0, "a blob is too long");
	if (store_get(g->r->store, name, e->offset, g->sealed, len, &got, err))
		return -1;
	if (got != len)
		return err_set(err, ERR_CORRUPT, 0, "it is too short");
	if (pack_in_blob(p->in, e->offset, g->sealed, len, &len, err))
		return -1;
	n = blob_decode(g->press, g->sealed, len, b->raw, b->pieces, err);
	if (n < 0)
		return -1;
	b->n = n;
	b->pack = e->pack;
	b->offset = e->offset;
	return 0;
}

static struct open_blob *
open_blob(struct getter *g, const struct index_entry *e, struct err *err)
{
	struct open_blob *b;
	char name[PACK_NAME];

	for (int i = 0; i < BLOBS; i++) {
		b = &g->blobs[i];
		if (b->n && b->pack == e->pack && b->offset == e->offset)
			goto out;
	}
	b = oldest_blob(g);
	b->n = 0;
	pack_name(index_pack(g->ix, e->pack, NULL), name);
	if (fill_blob(g, e, name, b, err)) {
		if (err->code == ERR_NOTFOUND)
			err_set(err, ERR_CORRUPT, 0, "it is missing");
		err_add(err, "%s at %u", name, e->offset);
		return NULL;
	}
out:
	b->when = ++g->clock;
	return b;
}

/* ---- pieces ---- */

/* Is that piece of @b what is called @id? */
static int
check(struct getter *g, const struct open_blob *b, unsigned int place,
      uint8_t type, const uint8_t id[NAME_BYTES], struct err *err)
{
	const struct blob_piece *p = &b->pieces[place];
	uint8_t is[NAME_BYTES];
	char name[PACK_NAME];

	if (place < (unsigned int)b->n && p->type == type) {
		if (namer_name(g->namer, type, p->p, p->len, is, err))
			return -1;
		if (memcmp(is, id, NAME_BYTES) == 0)
			return 0;
	}
	pack_name(index_pack(g->ix, b->pack, NULL), name);
	return err_set(err, ERR_CORRUPT, 0,
		       "%s at %u: piece %u is not what it is called", name,
		       b->offset, place);
}

/* A piece that is wanted, and where to tell of it. */
struct wanted {
	uint8_t type;
	const uint8_t *id;
	const uint8_t **ret;
	uint32_t *ret_len;
};

static int
get_at(struct getter *g, const struct index_entry *e, const struct wanted *w,
       struct err *err)
{
	struct open_blob *b = open_blob(g, e, err);
	unsigned int place = e->sealed_and_place >> INDEX_PLACE_SHIFT;

	if (!b || check(g, b, place, w->type, w->id, err))
		return -1;
	*w->ret = b->pieces[place].p;
	*w->ret_len = b->pieces[place].len;
	return 0;
}

/* Is it the pack's fault, so that another one may be better? */
static bool
is_damage(const struct err *err)
{
	return err->code == ERR_CORRUPT || err->code == ERR_UNSUPPORTED ||
	       err->code == ERR_IO;
}

/* One line for all of them: there may be thousands. */
static void
tell(struct getter *g, const struct err *why)
{
	if (g->warned)
		log_info("%s; another pack has it", why->text);
	else
		log_warning("%s; another pack has it", why->text);
	g->warned = true;
}

/* It is not in pack @e->pack as it should be, which is said by @err: what if it
 * is in others? */
static int
get_elsewhere(struct getter *g, struct index_entry *e, const struct wanted *w,
	      struct err *err)
{
	uint32_t n = index_packs(g->ix);
	uint8_t *tried = calloc((size_t)n + 1, 1);
	struct pack_skip skip = { .skip = tried, .n = n };
	struct err again = ERR_INIT;
	int rc = -1;

	while (tried && e->pack < n) {
		tried[e->pack] = 1;
		if (index_find_but(g->ix, w->id, &skip, e, &again) <= 0)
			break;
		rc = get_at(g, e, w, &again);
		if (rc == 0 || !is_damage(&again))
			break;
	}
	if (rc == 0) {
		tell(g, err);
		err_clear(err);
	}
	free(tried);
	return rc;
}

int
getter_get(struct getter *g, uint8_t type, const uint8_t id[NAME_BYTES],
	   const uint8_t **ret, uint32_t *ret_len, struct err *err)
{
	const struct wanted w = { type, id, ret, ret_len };
	struct index_entry e;
	int r = index_find(g->ix, id, &e, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_NOTFOUND, 0,
			       "a piece of it is in no pack");
	if (get_at(g, &e, &w, err) == 0)
		return 0;
	return is_damage(err) ? get_elsewhere(g, &e, &w, err) : -1;
}
