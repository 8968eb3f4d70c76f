/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_out.c - building a pack; see pack.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "box.h"
#include "pack.h"

#define ALIGN 4096
#define END_MAGIC "xsnapend"

struct pack_out {
	struct box *box;
	struct buf bytes;
	struct buf trailer;
	uint32_t n_blobs;
};

struct pack_out *
pack_out_new(const struct key *k, uint32_t realm, struct err *err)
{
	struct pack_out *o = calloc(1, sizeof(*o));
	uint8_t *header;

	header = o ? buf_more(&o->bytes, PACK_HEADER) : NULL;
	if (!header) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto failed;
	}
	o->box = box_new(k, aead_best(), realm, header, err);
	if (!o->box)
		goto failed;
	put_u32(&o->trailer, 0); /* how many: known at the end */
	return o;
failed:
	pack_out_free(o);
	return NULL;
}

/* Append @len bytes, sealed; where they are is *@ret_offset. */
static int
add_sealed(struct pack_out *o, const void *p, size_t len, uint32_t *ret_offset,
	   struct err *err)
{
	size_t offset = o->bytes.len;
	uint8_t *to = buf_more(&o->bytes, len + PACK_BLOB_EXTRA);

	if (!to || o->bytes.len + ALIGN > PACK_MAX)
		return err_set(err, ERR_NOMEM, 0, "no memory for a pack");
	*ret_offset = (uint32_t)offset;
	return box_seal(o->box, offset, p, len, to, err);
}

int
pack_out_add(struct pack_out *o, const uint8_t *body, size_t len,
	     const struct pack_group *g, uint32_t *ret_offset, struct err *err)
{
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
	return o->n_blobs ? o->bytes.len + o->trailer.len : 0;
}

int
pack_out_end(struct pack_out *o, const uint8_t **ret, size_t *ret_len,
	     uint8_t ret_sum[SHA256_BYTES], struct err *err)
{
	struct buf *b = &o->bytes;
	uint32_t at;

	le32_to(o->trailer.data, o->n_blobs);
	if (add_sealed(o, o->trailer.data, o->trailer.len, &at, err))
		return -1;
	put_zeros(b, (ALIGN - (b->len + PACK_FOOTER) % ALIGN) % ALIGN);
	put_u32(b, at);
	put_u32(b, (uint32_t)o->trailer.len + PACK_BLOB_EXTRA);
	put_bytes(b, END_MAGIC, 8);
	if (buf_check(b, err))
		return -1;
	if (sha256_of(b->data, b->len, ret_sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	*ret = b->data;
	*ret_len = b->len;
	return 0;
}

void
pack_out_free(struct pack_out *o)
{
	if (!o)
		return;
	box_free(o->box);
	buf_done(&o->bytes);
	buf_done(&o->trailer);
	free(o);
}
