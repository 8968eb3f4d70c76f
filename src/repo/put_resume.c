/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* put_resume.c - see put_resume.h. */
#include "put_resume.h"
#include "log.h"
#include "pack_list.h"
#include "read_back.h"
#include "session_file.h"

struct resuming {
	struct repo *r;
	struct index *ix;
	const struct put_how *how;
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

/*
 * 1: entered; 0: it is known, by a session that ended well after all.  The pack
 * is ours to rely on when its name is durable, which its putter may not have
 * lived to see.
 */
static int
enter_pack(struct resuming *x, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	struct pack_list *l;
	char name[PACK_NAME];
	int rc = -1;

	if (index_has_pack(x->ix, sum, &x->number))
		return 0;
	pack_name(sum, name);
	if (store_harden(x->r->store, name, err) ||
	    (x->how->read_back && read_back_pack(x->r, sum, err)) ||
	    pack_list_open(x->r, sum, &l, err))
		return -1;
	if (pack_list_realm(l) != x->how->realm)
		rc = 0;
	else if (index_add_pack(x->ix, sum, pack_list_bytes(l), &x->number,
				err) == 0 &&
		 pack_list_each(l, enter_blob, x, err) == 0)
		rc = 1;
	pack_list_close(l);
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
put_resume(struct repo *r, struct index *ix, const struct put_how *how,
	   int file, struct err *err)
{
	struct resuming x = {
		.r = r,
		.ix = ix,
		.how = how,
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
