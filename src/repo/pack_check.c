/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_check.c - see pack_check.h. */
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "pack.h"
#include "pack_check.h"

struct pack_checker {
	struct repo *r;
	struct press *press;
	struct buf bytes; /* the pack */
	uint8_t *raw;     /* BLOB_RAW_MAX: of one blob */
	struct namer *namer;
	uint32_t realm; /* of the namer */
	struct pack_in *in;
};

void
pack_checker_free(struct pack_checker *c)
{
	if (!c)
		return;
	press_free(c->press);
	namer_free(c->namer);
	buf_done(&c->bytes);
	free(c->raw);
	free(c);
}

struct pack_checker *
pack_checker_new(struct repo *r, struct err *err)
{
	struct pack_checker *c = calloc(1, sizeof(*c));

	if (c)
		c->raw = malloc(BLOB_RAW_MAX);
	if (!c || !c->raw) {
		free(c);
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	c->r = r;
	c->press = press_new(PRESS_LEVEL_DEFAULT, err);
	if (c->press)
		return c;
	pack_checker_free(c);
	return NULL;
}

/* Names of the realm that the pack at hand is of. */
static int
use_realm(struct pack_checker *c, struct err *err)
{
	uint32_t realm = pack_in_realm(c->in);
	uint8_t key[KEY_BYTES];

	if (c->namer && c->realm == realm)
		return 0;
	namer_free(c->namer);
	c->namer = NULL;
	if (key_name(c->r->key, realm, key, err))
		return -1;
	c->namer = namer_new(key, err);
	c->realm = realm;
	explicit_bzero(key, sizeof(key));
	return c->namer ? 0 : -1;
}

static int
check_piece(struct pack_checker *c, const struct blob_piece *is,
	    const struct pack_piece *says, struct err *err)
{
	uint8_t id[NAME_BYTES];

	if (is->type != says->type || is->len != says->len)
		return err_set(err, ERR_CORRUPT, 0,
			       "a piece is not what its list says");
	if (namer_name(c->namer, is->type, is->p, is->len, id, err))
		return -1;
	if (memcmp(id, says->id, NAME_BYTES) == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "a piece is not what it is called");
}

static int
check_blob(const struct pack_blob *b, void *ctx, struct err *err)
{
	struct blob_piece pieces[BLOB_PIECES_MAX];
	struct pack_checker *c = ctx;
	struct pack_piece says;
	size_t len;
	int n;

	if (pack_in_blob(c->in, b->offset, c->bytes.data + b->offset,
			 b->sealed_len, &len, err))
		return err_add(err, "at %u", b->offset);
	n = blob_decode(c->press, c->bytes.data + b->offset, len, c->raw,
			pieces, err);
	if (n < 0)
		return err_add(err, "at %u", b->offset);
	if ((unsigned int)n != b->n)
		return err_set(err, ERR_CORRUPT, 0,
			       "at %u: a blob has %d pieces, not %u", b->offset,
			       n, b->n);
	for (unsigned int i = 0; i < b->n; i++) {
		pack_piece(b, i, &says);
		if (check_piece(c, &pieces[i], &says, err))
			return err_add(err, "at %u", b->offset);
	}
	return 0;
}

static int
check_all(struct pack_checker *c, struct err *err)
{
	struct buf *b = &c->bytes;
	uint32_t at, len;

	if (b->len < PACK_HEADER + PACK_FOOTER)
		return err_set(err, ERR_CORRUPT, 0, "it is too short");
	if (pack_footer(b->data + b->len - PACK_FOOTER, b->len, &at, &len, err))
		return -1;
	for (size_t i = at + len; i < b->len - PACK_FOOTER; i++)
		if (b->data[i])
			return err_set(err, ERR_CORRUPT, 0,
				       "there are no zeros before its end");
	c->in = pack_in_new(c->r->key, b->data, err);
	if (!c->in || use_realm(c, err) ||
	    pack_in_open_trailer(c->in, at, b->data + at, len, err))
		return -1;
	return pack_in_each(b->data + at, len - PACK_BLOB_EXTRA, at, check_blob,
			    c, err);
}

int
pack_check(struct pack_checker *c, const uint8_t sum[SHA256_BYTES],
	   uint64_t *ret_bytes, struct err *err)
{
	uint8_t is[SHA256_BYTES];
	char name[PACK_NAME];
	int rc = -1;

	pack_name(sum, name);
	c->bytes.len = 0;
	c->bytes.no_room = false;
	if (object_get(c->r->store, name, PACK_MAX, &c->bytes, err))
		return -1;
	*ret_bytes = c->bytes.len;
	if (sha256_of(c->bytes.data, c->bytes.len, is))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	if (memcmp(is, sum, SHA256_BYTES) != 0)
		err_set(err, ERR_CORRUPT, 0, "its sum is not its name");
	else
		rc = check_all(c, err);
	pack_in_free(c->in);
	c->in = NULL;
	return rc;
}
