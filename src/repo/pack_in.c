/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_in.c - reading a pack, of which nothing is trusted; see pack.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "box.h"
#include "hex.h"
#include "pack.h"
#include "take.h"

#define PACK_PREFIX "packs/"
#define PIECE_BYTES 36
#define END_MAGIC "xsnapend"

/* A blob with one piece of one byte. */
#define BLOB_MIN (8 + 4 + 1 + AEAD_TAG)

struct pack_in {
	struct box *box;
	uint32_t realm;
};

void
pack_name(const uint8_t sum[SHA256_BYTES], char ret[PACK_NAME])
{
	char hex[SHA256_HEX_LEN + 1];

	hex_text(sum, SHA256_BYTES, hex);
	snprintf(ret, PACK_NAME, PACK_PREFIX "%.2s/%s", hex, hex);
}

bool
pack_name_parse(const char *name, uint8_t ret_sum[SHA256_BYTES])
{
	char again[PACK_NAME];
	size_t prefix = strlen(PACK_PREFIX) + 3;

	if (strlen(name) != prefix + SHA256_HEX_LEN ||
	    !hex_parse(name + prefix, ret_sum, SHA256_BYTES))
		return false;
	pack_name(ret_sum, again);
	return strcmp(name, again) == 0;
}

struct pack_in *
pack_in_new(const struct key *k, const uint8_t header[PACK_HEADER],
	    struct err *err)
{
	struct pack_in *p = calloc(1, sizeof(*p));

	if (!p) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	p->box = box_open(k, header, &p->realm, err);
	if (p->box)
		return p;
	free(p);
	return NULL;
}

uint32_t
pack_in_realm(const struct pack_in *p)
{
	return p->realm;
}

int
pack_in_blob(struct pack_in *p, uint64_t offset, uint8_t *sealed, size_t len,
	     size_t *ret_len, struct err *err)
{
	if (len < AEAD_TAG)
		return err_set(err, ERR_CORRUPT, 0, "a blob is too short");
	*ret_len = len - AEAD_TAG;
	return box_unseal(p->box, offset, sealed, len, sealed, err);
}

int
pack_footer(const uint8_t footer[PACK_FOOTER], uint64_t bytes,
	    uint32_t *ret_offset, uint32_t *ret_len, struct err *err)
{
	uint32_t offset = le32_at(footer), len = le32_at(footer + 4);

	if (memcmp(footer + 8, END_MAGIC, 8) != 0)
		return err_set(err, ERR_CORRUPT, 0, "its end is not a pack's");
	if (bytes > PACK_MAX || bytes % PACK_ALIGN != 0 ||
	    offset < PACK_HEADER || len < AEAD_TAG ||
	    (uint64_t)offset + len + PACK_FOOTER > bytes ||
	    bytes - offset - len - PACK_FOOTER >= PACK_ALIGN)
		return err_set(err, ERR_CORRUPT, 0,
			       "its list of blobs cannot be where it says");
	*ret_offset = offset;
	*ret_len = len;
	return 0;
}

/* Can there be such pieces?  Their bytes are looked at by others. */
static void
check_pieces(struct take *t, const struct pack_blob *b)
{
	struct pack_piece piece;

	for (unsigned int i = 0; i < b->n; i++) {
		pack_piece(b, i, &piece);
		if (!name_type_is_known(piece.type))
			take_refuse(t, "a piece has a type that is not known");
		else if (piece.len == 0 || piece.len > BLOB_RAW_MAX)
			take_refuse(t, "a piece cannot be so long");
	}
}

/* One blob of the trailer; blobs begin where the one before ended. */
static void
take_blob(struct take *t, uint64_t *at, uint32_t end, struct pack_blob *ret)
{
	ret->offset = take_u32(t);
	ret->sealed_len = take_u32(t);
	ret->n = take_u16(t);
	ret->pieces = take_skip(t, (size_t)ret->n * PIECE_BYTES);
	if (t->wrong)
		return;
	if (ret->offset != *at || ret->sealed_len < BLOB_MIN ||
	    ret->sealed_len > BLOB_BODY_MAX + AEAD_TAG ||
	    ret->sealed_len > end - *at)
		take_refuse(t, "a blob cannot be where it says");
	else if (ret->n == 0 || ret->n > BLOB_PIECES_MAX)
		take_refuse(t, "a blob cannot have so many pieces");
	else
		check_pieces(t, ret);
	*at += ret->sealed_len;
}

int
pack_in_open_trailer(struct pack_in *p, uint32_t offset, uint8_t *sealed,
		     size_t len, struct err *err)
{
	return box_unseal(p->box, offset, sealed, len, sealed, err);
}

int
pack_in_each(const uint8_t *trailer, size_t len, uint32_t offset,
	     pack_blob_fn *fn, void *ctx, struct err *err)
{
	uint64_t at = PACK_HEADER;
	struct take t = take_from(trailer, len);
	uint32_t n = take_count(&t, 10 + PIECE_BYTES, UINT32_MAX);

	for (uint32_t i = 0; i < n && !t.wrong; i++) {
		struct pack_blob b;

		take_blob(&t, &at, offset, &b);
		if (!t.wrong && fn(&b, ctx, err))
			return -1;
	}
	if (!t.wrong && at != offset)
		take_refuse(&t, "there is a gap before it");
	return take_end(&t, "its list of blobs", err);
}

void
pack_piece(const struct pack_blob *b, unsigned int i, struct pack_piece *ret)
{
	const uint8_t *p = b->pieces + (size_t)i * PIECE_BYTES;
	uint32_t word = le32_at(p);

	ret->type = (uint8_t)(word >> 24);
	ret->len = word & 0xffffff;
	memcpy(ret->id, p + 4, NAME_BYTES);
}

void
pack_in_free(struct pack_in *p)
{
	if (!p)
		return;
	box_free(p->box);
	free(p);
}
