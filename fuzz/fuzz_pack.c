/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_pack.c - a pack of which all is sealed as it should be: a byte of flags,
 * up to three bodies of blobs, each behind its length (u16), then the body of
 * the trailer; or, by a flag, the trailer that belongs to those blobs.  And a
 * footer of the fuzzer's own.
 *
 * What pack_check() accepts is looked at again: pieces of known types, where
 * the trailer says.
 */
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "box.h"
#include "fuzz.h"
#include "object.h"
#include "pack.h"
#include "pack_check.h"
#include "take.h"

#define BLOBS_MASK 3
#define FLAG_TRAILER 4 /* made here */
#define FLAG_FOOTER 8  /* the fuzzer's */

struct plan {
	unsigned int flags, n;
	size_t len[BLOBS_MASK];
	const uint8_t *body[BLOBS_MASK];
	const uint8_t *trailer;
	size_t trailer_len;
	uint8_t footer[8];
};

static bool
take_plan(const uint8_t *p, size_t len, struct plan *ret)
{
	struct take t = take_from(p, len);

	memset(ret, 0, sizeof(*ret));
	ret->flags = take_u8(&t);
	ret->n = ret->flags & BLOBS_MASK;
	if (ret->flags & FLAG_FOOTER)
		take_bytes(&t, ret->footer, sizeof(ret->footer));
	for (unsigned int i = 0; i < ret->n; i++) {
		ret->len[i] = take_u16(&t);
		ret->body[i] = take_skip(&t, ret->len[i]);
	}
	ret->trailer = t.at;
	ret->trailer_len = t.left;
	return !t.wrong;
}

/* What a writer would put into the trailer of blob @i; nothing of one that
 * cannot be read. */
static void
put_blob(struct buf *b, const struct plan *plan, unsigned int i, size_t offset)
{
	struct blob_piece pieces[BLOB_PIECES_MAX];
	static uint8_t raw[BLOB_RAW_MAX];
	static struct press *press;
	struct namer *namer;
	struct err err = ERR_INIT;
	uint8_t key[KEY_BYTES], id[NAME_BYTES];
	int n;

	if (!press)
		press = press_new(1, &err);
	n = blob_decode(press, plan->body[i], plan->len[i], raw, pieces, &err);
	put_u32(b, (uint32_t)offset);
	put_u32(b, (uint32_t)plan->len[i] + BOX_EXTRA);
	put_u16(b, (uint16_t)(n > 0 ? n : 0));
	must(key_name(fuzz_key(), 0, key, &err) == 0);
	namer = namer_new(key, &err);
	must(namer);
	for (int k = 0; k < n; k++) {
		put_u32(b, pieces[k].len | (uint32_t)pieces[k].type << 24);
		must(namer_name(namer, pieces[k].type, pieces[k].p,
				pieces[k].len, id, &err) == 0);
		put_bytes(b, id, sizeof(id));
	}
	namer_free(namer);
}

static void
seal(struct box *box, struct buf *b, const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	size_t at = b->len;
	uint8_t *to = buf_more(b, len + BOX_EXTRA);

	must(to && box_seal(box, at, p, len, to, &err) == 0);
}

/* All of the pack, appended to @b. */
static void
build(const struct plan *plan, struct buf *b)
{
	struct buf trailer = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t header[BOX_HEADER];
	struct box *box;
	size_t at;

	box = box_new(fuzz_key(), aead_best(), 0, header, &err);
	must(box);
	put_bytes(b, header, sizeof(header));
	put_u32(&trailer, plan->n);
	for (unsigned int i = 0; i < plan->n; i++) {
		put_blob(&trailer, plan, i, b->len);
		seal(box, b, plan->body[i], plan->len[i]);
	}
	if (!(plan->flags & FLAG_TRAILER)) {
		trailer.len = 0;
		put_bytes(&trailer, plan->trailer, plan->trailer_len);
	}
	at = b->len;
	seal(box, b, trailer.data, trailer.len);
	put_zeros(b, (PACK_ALIGN - (b->len + PACK_FOOTER) % PACK_ALIGN) %
			     PACK_ALIGN);
	if (plan->flags & FLAG_FOOTER) {
		put_bytes(b, plan->footer, sizeof(plan->footer));
	} else {
		put_u32(b, (uint32_t)at);
		put_u32(b, (uint32_t)trailer.len + BOX_EXTRA);
	}
	put_bytes(b, "xsnapend", 8);
	must(!b->no_room && !trailer.no_room);
	buf_done(&trailer);
	box_free(box);
}

struct look {
	uint64_t at;
	unsigned int n;
};

static int
look_at_blob(const struct pack_blob *b, void *ctx, struct err *err)
{
	struct look *l = ctx;
	struct pack_piece piece;

	(void)err;
	must(b->offset == l->at && b->n > 0 && b->n <= BLOB_PIECES_MAX);
	for (unsigned int i = 0; i < b->n; i++) {
		pack_piece(b, i, &piece);
		must(name_type_is_known(piece.type));
		must(piece.len > 0 && piece.len <= BLOB_RAW_MAX);
	}
	l->at += b->sealed_len;
	l->n++;
	return 0;
}

/* Of a pack that is good: does its trailer say what is in it? */
static void
look(const struct buf *b, const struct plan *plan)
{
	struct look l = { .at = PACK_HEADER };
	struct err err = ERR_INIT;
	struct pack_in *in = pack_in_new(fuzz_key(), b->data, &err);
	uint32_t at, len;

	must(in && pack_footer(b->data + b->len - PACK_FOOTER, b->len, &at,
			       &len, &err) == 0);
	must(pack_in_open_trailer(in, at, b->data + at, len, &err) == 0);
	must(pack_in_each(b->data + at, len - PACK_BLOB_EXTRA, at, look_at_blob,
			  &l, &err) == 0);
	must(l.n == plan->n && l.at == at);
	pack_in_free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct pack_checker *c;
	static struct repo r;
	uint8_t sum[SHA256_BYTES];
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	char name[PACK_NAME];
	struct plan plan;
	uint64_t bytes;

	if (!c) {
		r.key = fuzz_key();
		c = pack_checker_new(&r, &err);
		must(c);
	}
	if (!take_plan(p, len, &plan))
		return 0;
	build(&plan, &b);
	must(sha256_of(b.data, b.len, sum) == 0);
	pack_name(sum, name);
	r.store = fuzz_store();
	fuzz_put(r.store, name, b.data, b.len);
	if (pack_check(c, sum, &bytes, &err) == 0) {
		must(bytes == b.len);
		look(&b, &plan);
	} else {
		fuzz_refused(&err, CORRUPT);
	}
	store_close(r.store);
	buf_done(&b);
	return 0;
}
