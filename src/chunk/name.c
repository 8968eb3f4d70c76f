/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * name.c - see name.h.  HMAC (RFC 2104) by hand, because its two halves begin
 * with the same block for every piece: hashed once, copied for each.
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "name.h"
#include "sha256.h"
#include "zero.h"

#define BLOCK 64

struct namer {
	struct sha256 *inner, *outer; /* after the key's block */
	struct sha256 *work;
};

static int
begin_with(struct sha256 **ret, const uint8_t key[NAME_KEY], uint8_t pad)
{
	uint8_t block[BLOCK];
	int rc;

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < NAME_KEY; i++)
		block[i] ^= key[i];
	*ret = sha256_new();
	rc = *ret ? sha256_add(*ret, block, sizeof(block)) : -1;
	explicit_bzero(block, sizeof(block));
	return rc;
}

struct namer *
namer_new(const uint8_t key[NAME_KEY], struct err *err)
{
	struct namer *n = calloc(1, sizeof(*n));

	if (n)
		n->work = sha256_new();
	if (n && n->work && begin_with(&n->inner, key, 0x36) == 0 &&
	    begin_with(&n->outer, key, 0x5c) == 0)
		return n;
	namer_free(n);
	err_set(err, ERR_NOMEM, 0, "out of memory");
	return NULL;
}

int
namer_name(struct namer *n, uint8_t type, const void *p, size_t len,
	   uint8_t ret[NAME_BYTES], struct err *err)
{
	uint8_t head[9] = { type };

	le64_to(head + 1, len);
	if (sha256_copy(n->work, n->inner) ||
	    sha256_add(n->work, head, sizeof(head)) ||
	    sha256_add(n->work, p, len) || sha256_raw(n->work, ret) ||
	    sha256_copy(n->work, n->outer) ||
	    sha256_add(n->work, ret, NAME_BYTES) || sha256_raw(n->work, ret))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	return 0;
}

void
namer_free(struct namer *n)
{
	if (!n)
		return;
	sha256_free(n->inner);
	sha256_free(n->outer);
	sha256_free(n->work);
	free(n);
}

bool
name_is_zero(const uint8_t id[NAME_BYTES])
{
	return zero_is(id, NAME_BYTES);
}

bool
name_type_is_known(uint8_t type)
{
	return type == PIECE_CHUNK || type == PIECE_CONFIG ||
	       (type > PIECE_NODE && type <= PIECE_NODE + PIECE_LEVELS_MAX);
}
