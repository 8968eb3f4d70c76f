/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object.c - see object.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "object.h"

void
object_name(const char *folder, const void *p, size_t len,
	    char ret[OBJECT_NAME_MAX])
{
	char hex[SHA256_HEX_LEN + 1];

	hex_text(p, len, hex);
	snprintf(ret, OBJECT_NAME_MAX, "%s/%s", folder, hex);
}

bool
object_id(const char *name, const char *folder, uint8_t *ret, size_t len)
{
	size_t n = strlen(folder);

	return strncmp(name, folder, n) == 0 && name[n] == '/' &&
	       hex_parse(name + n + 1, ret, len);
}

int
object_get(struct store *s, const char *name, size_t max, struct buf *b,
	   struct err *err)
{
	size_t before = b->len, len;
	uint64_t bytes;
	uint8_t *p;

	if (store_size(s, name, &bytes, err))
		return -1;
	if (bytes > max)
		return err_set(err, ERR_CORRUPT, 0, "%s is too long", name);
	p = buf_more(b, (size_t)bytes);
	if (!p)
		return buf_check(b, err);
	if (store_get(s, name, 0, p, (size_t)bytes, &len, err))
		return -1;
	b->len = before + len;
	return len == bytes ?
		       0 :
		       err_set(err, ERR_CORRUPT, 0,
			       "%s became shorter while it was read", name);
}

bool
object_is_damaged(const struct err *err)
{
	if (err->code == ERR_IO)
		return err->sys == EIO || err->sys == EUCLEAN ||
		       err->sys == EBADMSG;
	return err->code == ERR_CORRUPT || err->code == ERR_UNSUPPORTED;
}

int
object_get_record(struct object *o, struct buf *b, const uint8_t **ret,
		  size_t *ret_len, struct err *err)
{
	size_t max = o->kind == RECORD_INDEX ? INDEX_PART_MAX : OBJECT_MAX;

	b->len = 0;
	if (object_get(o->store, o->name, max, b, err))
		return -1;
	if (sha256_of(b->data, b->len, o->sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	return record_open(o->key, o->kind, o->name, b->data, b->len, ret,
			   ret_len, &o->realm, err);
}

int
object_get_index(struct object *o, const uint8_t name[SHA256_BYTES],
		 struct buf *b, const uint8_t **ret, size_t *ret_len,
		 struct err *err)
{
	o->kind = RECORD_INDEX;
	object_name("index", name, SHA256_BYTES, o->name);
	if (object_get_record(o, b, ret, ret_len, err))
		return -1;
	return memcmp(o->sum, name, SHA256_BYTES) == 0 ?
		       0 :
		       err_set(err, ERR_CORRUPT, 0,
			       "%s is not what it is called", o->name);
}

int
object_seal_index(const struct key *k, uint32_t realm, const struct buf *body,
		  struct buf *b, uint8_t ret_sum[SHA256_BYTES], struct err *err)
{
	if (record_seal(k, RECORD_INDEX, realm, "index", body->data, body->len,
			b, err))
		return -1;
	return sha256_of(b->data, b->len, ret_sum) ?
		       err_set(err, ERR_IO, 0, "SHA-256 fails") :
		       0;
}

int
object_put_record(struct object *o, const struct buf *body, struct err *err)
{
	struct buf b = BUF_INIT;
	int rc = -1;

	if (buf_check(body, err) ||
	    record_seal(o->key, o->kind, o->realm, o->name, body->data,
			body->len, &b, err))
		goto out;
	if (sha256_of(b.data, b.len, o->sum)) {
		err_set(err, ERR_IO, 0, "SHA-256 fails");
		goto out;
	}
	rc = store_put(o->store, o->name, b.data, b.len, err);
out:
	buf_done(&b);
	return rc;
}
