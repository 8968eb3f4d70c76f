/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_out.c - building a pack; see pack.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "box.h"
#include "pack.h"

#define ALIGN 4096
#define END_MAGIC "xsnapend"

/*
 * What is in a pack before it is full, one blob more, and the end.  Each list
 * of pieces in the trailer counts towards PACK_TARGET, but for the last.
 */
#define ROOM (PACK_TARGET + (2u << 20))
static_assert(ROOM % ALIGN == 0 &&
		      ROOM - PACK_TARGET > BLOB_BODY_MAX + (64u << 10),
	      "room for a blob and the end");

/*
 * The memory stays from one pack to the next: to ask for so much anew costs as
 * much as to encrypt it.
 */
struct pack_out {
	struct box *box;
	uint8_t *bytes; /* ROOM, from a page on */
	size_t len;
	struct buf trailer;
	uint32_t n_blobs;
};

struct pack_out *
pack_out_new(struct err *err)
{
	struct pack_out *o = calloc(1, sizeof(*o));

	if (o)
		o->bytes = aligned_alloc(ALIGN, ROOM);
	if (o && o->bytes)
		return o;
	pack_out_free(o);
	err_set(err, ERR_NOMEM, 0, "out of memory");
	return NULL;
}

int
pack_out_begin(struct pack_out *o, const struct key *k, uint32_t realm,
	       struct err *err)
{
	box_free(o->box);
	o->box = box_new(k, aead_best(), realm, o->bytes, err);
	if (!o->box)
		return -1;
	o->len = PACK_HEADER;
	o->n_blobs = 0;
	o->trailer.len = 0;
	put_u32(&o->trailer, 0); /* how many: known at the end */
	return 0;
}

/* Append @len bytes, sealed; where they are is *@ret_offset. */
static int
add_sealed(struct pack_out *o, const void *p, size_t len, uint32_t *ret_offset,
	   struct err *err)
{
	uint8_t *to = o->bytes + o->len;

	assert(len + PACK_BLOB_EXTRA <= ROOM - o->len);
	*ret_offset = (uint32_t)o->len;
	o->len += len + PACK_BLOB_EXTRA;
	return box_seal(o->box, *ret_offset, p, len, to, err);
}

int
pack_out_add(struct pack_out *o, const uint8_t *body, size_t len,
	     const struct pack_group *g, uint32_t *ret_offset, struct err *err)
{
	assert(len <= BLOB_BODY_MAX && pack_out_bytes(o) < PACK_TARGET);
	if (add_sealed(o, body, len, ret_offset, err))
		return -1;
	put_u32(&o->trailer, *ret_offset);
	put_u32(&o->trailer, (uint32_t)len + PACK_BLOB_EXTRA);
	put_u16(&o->trailer, (uint16_t)g->n);
	for (unsigned int i = 0; i < g->n; i++) {
		put_u32(&o->trailer,
			g->pieces[i].len | (uint32_t)g->pieces[i].type << 24);
		put_bytes(&o->trailer, g->ids + (size_t)i * NAME_BYTES,
			  NAME_BYTES);
	}
	o->n_blobs++;
	return buf_check(&o->trailer, err);
}

size_t
pack_out_bytes(const struct pack_out *o)
{
	return o->n_blobs ? o->len + o->trailer.len : 0;
}

/* Zeros up to where the footer ends at a multiple of ALIGN, and the footer. */
static void
add_footer(struct pack_out *o, uint32_t trailer_at)
{
	size_t zeros = (ALIGN - (o->len + PACK_FOOTER) % ALIGN) % ALIGN;
	uint8_t *footer = o->bytes + o->len + zeros;

	assert(zeros + PACK_FOOTER <= ROOM - o->len);
	memset(o->bytes + o->len, 0, zeros);
	le32_to(footer, trailer_at);
	le32_to(footer + 4, (uint32_t)o->trailer.len + PACK_BLOB_EXTRA);
	memcpy(footer + 8, END_MAGIC, 8);
	o->len += zeros + PACK_FOOTER;
}

int
pack_out_end(struct pack_out *o, const uint8_t **ret, size_t *ret_len,
	     uint8_t ret_sum[SHA256_BYTES], struct err *err)
{
	uint32_t at;

	le32_to(o->trailer.data, o->n_blobs);
	if (add_sealed(o, o->trailer.data, o->trailer.len, &at, err))
		return -1;
	add_footer(o, at);
	if (sha256_of(o->bytes, o->len, ret_sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	*ret = o->bytes;
	*ret_len = o->len;
	return 0;
}

void
pack_out_free(struct pack_out *o)
{
	if (!o)
		return;
	box_free(o->box);
	free(o->bytes);
	buf_done(&o->trailer);
	free(o);
}
