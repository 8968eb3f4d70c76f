/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* put_resume.c - see put_resume.h. */
#include <stdlib.h>

#include "log.h"
#include "pack.h"
#include "put_resume.h"
#include "session_file.h"

struct resuming {
	struct repo *r;
	struct index *ix;
	uint32_t realm;
	int file;
	uint32_t number; /* of the pack at hand */
	uint64_t packs;
};

static int
enter_blob(const struct pack_blob *b, void *ctx, struct err *err)
{
	struct resuming *x = ctx;
	struct pack_piece piece;

	for (unsigned int i = 0; i < b->n; i++) {
		int r;

		pack_piece(b, i, &piece);
		r = index_claim(x->ix, piece.id, err);
		if (r < 0)
			return -1;
		if (r == 0)
			index_fill(x->ix, piece.id, x->number, b->offset,
				   b->sealed_len, i);
	}
	return 0;
}

static int
read_at(const struct resuming *x, const char *name, uint64_t offset, void *to,
	size_t len, struct err *err)
{
	size_t got;

	if (store_get(x->r->store, name, offset, to, len, &got, err))
		return -1;
	return got == len ?
		       0 :
		       err_set(err, ERR_CORRUPT, 0, "%s is too short", name);
}

/* The pieces that the trailer of @len bytes at @at lists. */
static int
enter_trailer(struct resuming *x, const char *name, struct pack_in *in,
	      uint32_t at, uint32_t len, struct err *err)
{
	uint8_t *trailer = malloc(len);
	int rc = -1;

	if (!trailer)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (read_at(x, name, at, trailer, len, err) == 0 &&
	    pack_in_open_trailer(in, at, trailer, len, err) == 0)
		rc = pack_in_each(trailer, len - PACK_BLOB_EXTRA, at,
				  enter_blob, x, err);
	free(trailer);
	return rc;
}

/*
 * 1: entered; 0: it is known, by a session that ended well after all.  The pack
 * is ours to rely on when its name is durable, which its putter may not have
 * lived to see.
 */
static int
enter_pack(struct resuming *x, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	uint8_t header[PACK_HEADER], footer[PACK_FOOTER];
	struct pack_in *in = NULL;
	char name[PACK_NAME];
	uint32_t at, len;
	uint64_t bytes;
	int rc = -1;

	if (index_has_pack(x->ix, sum, &x->number))
		return 0;
	pack_name(sum, name);
	if (store_harden(x->r->store, name, err) ||
	    store_size(x->r->store, name, &bytes, err))
		return -1;
	if (bytes < PACK_HEADER + PACK_FOOTER || bytes > PACK_MAX)
		return err_set(err, ERR_CORRUPT, 0, "%s: its length", name);
	if (read_at(x, name, 0, header, PACK_HEADER, err) ||
	    read_at(x, name, bytes - PACK_FOOTER, footer, PACK_FOOTER, err) ||
	    pack_footer(footer, bytes, &at, &len, err))
		return -1;
	in = pack_in_new(x->r->key, header, err);
	if (!in)
		return -1;
	if (pack_in_realm(in) != x->realm)
		rc = 0;
	else if (index_add_pack(x->ix, sum, bytes, &x->number, err) == 0 &&
		 enter_trailer(x, name, in, at, len, err) == 0)
		rc = 1;
	pack_in_free(in);
	return rc;
}

static int
take_pack(const uint8_t sum[SHA256_BYTES], void *ctx, struct err *err)
{
	struct err bad = ERR_INIT;
	struct resuming *x = ctx;
	int r = enter_pack(x, sum, &bad);

	if (r < 0) {
		if (bad.code == ERR_NOMEM || bad.code == ERR_IO) {
			*err = bad;
			return -1;
		}
		log_debug("a dead session's pack: %s", bad.text);
		return 0;
	}
	if (r == 0)
		return 0;
	x->packs++;
	return session_file_note(x->file, sum, err);
}

int
put_resume(struct repo *r, struct index *ix, uint32_t realm, int file,
	   struct err *err)
{
	struct resuming x = {
		.r = r,
		.ix = ix,
		.realm = realm,
		.file = file,
	};

	if (!r->key->full || r->head.n_condemned)
		return 0;
	if (session_file_each_dead(r->statefd, take_pack, &x, err))
		return -1;
	if (x.packs)
		log_notice("%llu packs of a session that died are used again",
			   (unsigned long long)x.packs);
	return 0;
}
