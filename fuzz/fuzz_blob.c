/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_blob.c - the body of a blob: its pieces fill what they were expanded
 * into, one after the other, and are the same when they are encoded again.
 */
#include <stdlib.h>
#include <string.h>

#include "blob.h"
#include "fuzz.h"

struct room {
	struct press *press;
	uint8_t raw[BLOB_RAW_MAX];
	uint8_t raw2[BLOB_RAW_MAX];
	uint8_t body[BLOB_BODY_MAX];
};

/* How many bytes they are together. */
static uint32_t
check_pieces(const struct blob_piece *pieces, int n, const uint8_t *raw)
{
	uint32_t sum = 0;

	must(n > 0 && n <= BLOB_PIECES_MAX);
	for (int i = 0; i < n; i++) {
		must(pieces[i].p == raw + sum);
		must(pieces[i].len <= BLOB_RAW_MAX - sum);
		sum += pieces[i].len;
	}
	return sum;
}

static void
again(struct room *r, const struct blob_piece *pieces, int n, uint32_t sum)
{
	struct blob_piece same[BLOB_PIECES_MAX];
	struct err err = ERR_INIT;
	uint8_t *copy;
	long len;

	len = blob_encode(r->press, pieces, (unsigned int)n, r->body, &err);
	must(len > 0 && len <= BLOB_BODY_MAX);
	copy = fuzz_copy(r->body, (size_t)len);
	must(blob_decode(r->press, copy, (size_t)len, r->raw2, same, &err) ==
	     n);
	must(check_pieces(same, n, r->raw2) == sum);
	must(memcmp(r->raw, r->raw2, sum) == 0);
	for (int i = 0; i < n; i++)
		must(same[i].type == pieces[i].type &&
		     same[i].len == pieces[i].len);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct blob_piece pieces[BLOB_PIECES_MAX];
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	static struct room *r;
	uint32_t sum;
	int n;

	if (!r) {
		r = calloc(1, sizeof(*r));
		must(r);
		r->press = press_new(1, &err);
		must(r->press);
	}
	n = blob_decode(r->press, copy, len, r->raw, pieces, &err);
	if (n < 0) {
		fuzz_refused(&err, CORRUPT);
	} else {
		sum = check_pieces(pieces, n, r->raw);
		if (sum)
			again(r, pieces, n, sum);
	}
	free(copy);
	return 0;
}
