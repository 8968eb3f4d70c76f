/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack_list.c - see pack_list.h. */
#include <stdlib.h>

#include "pack_list.h"

struct pack_list {
	struct pack_in *in;
	uint64_t bytes;
	uint32_t at; /* the trailer */
	uint32_t len;
	uint8_t *trailer;
};

static int
read_at(struct store *s, const char *name, uint64_t offset, void *to,
	size_t len, struct err *err)
{
	size_t got;

	if (store_get(s, name, offset, to, len, &got, err))
		return -1;
	return got == len ?
		       0 :
		       err_set(err, ERR_CORRUPT, 0, "%s is too short", name);
}

/* Its two ends. */
static int
read_ends(struct repo *r, const char *name, struct pack_list *l,
	  struct err *err)
{
	uint8_t header[PACK_HEADER], footer[PACK_FOOTER];

	if (store_size(r->store, name, &l->bytes, err))
		return -1;
	if (l->bytes < PACK_HEADER + PACK_FOOTER || l->bytes > PACK_MAX)
		return err_set(err, ERR_CORRUPT, 0, "%s: its length", name);
	if (read_at(r->store, name, 0, header, PACK_HEADER, err) ||
	    read_at(r->store, name, l->bytes - PACK_FOOTER, footer, PACK_FOOTER,
		    err) ||
	    pack_footer(footer, l->bytes, &l->at, &l->len, err))
		return -1;
	l->in = pack_in_new(r->key, header, err);
	return l->in ? 0 : -1;
}

static int
read_trailer(struct repo *r, const char *name, struct pack_list *l,
	     struct err *err)
{
	l->trailer = malloc(l->len);
	if (!l->trailer)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (read_at(r->store, name, l->at, l->trailer, l->len, err))
		return -1;
	return pack_in_open_trailer(l->in, l->at, l->trailer, l->len, err);
}

int
pack_list_open(struct repo *r, const uint8_t sum[SHA256_BYTES],
	       struct pack_list **ret, struct err *err)
{
	struct pack_list *l = calloc(1, sizeof(*l));
	char name[PACK_NAME];

	if (!l)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	pack_name(sum, name);
	if (read_ends(r, name, l, err) || read_trailer(r, name, l, err)) {
		pack_list_close(l);
		return -1;
	}
	*ret = l;
	return 0;
}

uint32_t
pack_list_realm(const struct pack_list *l)
{
	return pack_in_realm(l->in);
}

uint64_t
pack_list_bytes(const struct pack_list *l)
{
	return l->bytes;
}

int
pack_list_each(const struct pack_list *l, pack_blob_fn *fn, void *ctx,
	       struct err *err)
{
	return pack_in_each(l->trailer, l->len - PACK_BLOB_EXTRA, l->at, fn,
			    ctx, err);
}

void
pack_list_close(struct pack_list *l)
{
	if (!l)
		return;
	pack_in_free(l->in);
	free(l->trailer);
	free(l);
}
