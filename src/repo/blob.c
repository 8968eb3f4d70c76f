/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* blob.c - see blob.h. */
#include <assert.h>
#include <string.h>

#include "blob.h"
#include "buf.h"
#include "take.h"

enum {
	CODEC_STORED = 0,
	CODEC_ZSTD = 1,
};

#define TYPE_SHIFT 24
#define LENGTH_MASK 0xffffffu

static size_t
header_len(unsigned int n)
{
	return 8 + 4 * (size_t)n;
}

static uint32_t
raw_len(const struct blob_piece *pieces, unsigned int n)
{
	uint32_t raw = 0;

	for (unsigned int i = 0; i < n; i++) {
		assert(pieces[i].p == pieces[0].p + raw);
		assert(pieces[i].len <= BLOB_RAW_MAX - raw);
		raw += pieces[i].len;
	}
	return raw;
}

long
blob_encode(struct press *c, const struct blob_piece *pieces, unsigned int n,
	    uint8_t *ret, struct err *err)
{
	uint32_t raw = raw_len(pieces, n);
	size_t head = header_len(n);
	long len;

	assert(n > 0 && n <= BLOB_PIECES_MAX);
	len = press(c, pieces[0].p, raw, ret + head, raw, err);
	if (len < 0)
		return -1;
	memset(ret, 0, 8);
	ret[0] = len ? CODEC_ZSTD : CODEC_STORED;
	ret[2] = (uint8_t)n;
	ret[3] = (uint8_t)(n >> 8);
	le32_to(ret + 4, raw);
	for (unsigned int i = 0; i < n; i++)
		le32_to(ret + 8 + 4 * (size_t)i,
			pieces[i].len | (uint32_t)pieces[i].type << TYPE_SHIFT);
	if (len == 0) {
		memcpy(ret + head, pieces[0].p, raw);
		len = (long)raw;
	}
	return (long)head + len;
}

/* The lengths of @n pieces, which must be @raw together. */
static void
take_pieces(struct take *t, unsigned int n, uint32_t raw, uint8_t *to,
	    struct blob_piece *ret)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t word = take_u32(t);

		ret[i].type = (uint8_t)(word >> TYPE_SHIFT);
		ret[i].len = word & LENGTH_MASK;
		ret[i].p = to + sum;
		if (ret[i].len > raw - sum) {
			take_refuse(t, "its pieces are longer than it");
			return;
		}
		sum += ret[i].len;
	}
	if (sum != raw)
		take_refuse(t, "its pieces are shorter than it");
}

int
blob_decode(struct press *c, const uint8_t *p, size_t len, uint8_t *raw,
	    struct blob_piece *ret, struct err *err)
{
	struct take t = take_from(p, len);
	uint8_t codec = take_u8(&t);
	unsigned int n;
	uint32_t bytes;

	take_zeros(&t, 1);
	n = take_u16(&t);
	bytes = take_u32(&t);
	if (n == 0 || n > BLOB_PIECES_MAX || bytes > BLOB_RAW_MAX ||
	    codec > CODEC_ZSTD)
		take_refuse(&t, "it cannot be");
	else
		take_pieces(&t, n, bytes, raw, ret);
	if (!t.wrong && codec == CODEC_STORED && t.left != bytes)
		take_refuse(&t, "its length is wrong");
	if (t.wrong)
		return err_set(err, ERR_CORRUPT, 0, "a blob: %s", t.wrong);
	if (codec == CODEC_STORED)
		memcpy(raw, t.at, bytes);
	else if (press_expand(c, t.at, t.left, raw, bytes, err))
		return -1;
	return (int)n;
}
