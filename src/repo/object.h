/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object.h - whole objects, and their names (doc/format.md, "Names"). */
#ifndef XENSNAP_OBJECT_H
#define XENSNAP_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"
#include "record.h"
#include "sha256.h"
#include "store.h"

#define OBJECT_MAX (64u << 20)
#define INDEX_PART_MAX (8u << 20) /* of index parts; doc/format.md */
#define OBJECT_NAME_MAX (STORE_NAME_MAX + 1)

/* object_name() - "@folder/" and @len bytes at @p as hex. */
void object_name(const char *folder, const void *p, size_t len,
		 char ret[OBJECT_NAME_MAX]);

/* object_id() - the reverse: the @len bytes that @name has after "@folder/".
 * False when it is no such name. */
bool object_id(const char *name, const char *folder, uint8_t *ret, size_t len);

/*
 * object_get() - all of object @name, at most @max bytes, appended to @b.  -1
 * with ERR_NOTFOUND, ERR_CORRUPT (it is longer) or ERR_IO.
 */
int object_get(struct store *s, const char *name, size_t max, struct buf *b,
	       struct err *err);

/*
 * object_is_damaged() - is @err, of an attempt to read an object, about that
 * object alone: its bytes, a format that we don't know, or a medium that does
 * not give it back (EIO; of XFS and ext4 also EUCLEAN and EBADMSG)?  Then the
 * others may be well.  False: it is gone, or it is the store, the key, or this
 * host.
 */
bool object_is_damaged(const struct err *err);

/* A record in a store: which, and by which key. */
struct object {
	struct store *store;
	const struct key *key;
	enum record_kind kind;
	uint32_t realm; /* get: filled; put: whose it is to be */
	char name[OBJECT_NAME_MAX];
	uint8_t sum[SHA256_BYTES]; /* of the whole object: filled */
};

/*
 * object_get_record() - the body of @o: *@ret, *@ret_len bytes in @b, which is
 * emptied first.  As object_get() and record_open().
 */
int object_get_record(struct object *o, struct buf *b, const uint8_t **ret,
		      size_t *ret_len, struct err *err);

/*
 * object_get_index() - the body of the index part called @name: as
 * object_get_record(), @o filled but for its store and key.  Its sum must be
 * its name, or it is another part than the one that is meant: ERR_CORRUPT.
 */
int object_get_index(struct object *o, const uint8_t name[SHA256_BYTES],
		     struct buf *b, const uint8_t **ret, size_t *ret_len,
		     struct err *err);

/*
 * object_seal_index() - @body as an index part of @realm, appended to @b; its
 * sum, which is its name, in @ret_sum.  As record_seal().
 */
int object_seal_index(const struct key *k, uint32_t realm,
		      const struct buf *body, struct buf *b,
		      uint8_t ret_sum[SHA256_BYTES], struct err *err);

/*
 * object_put_record() - @body, sealed, as @o.  As record_seal() and
 * store_put(); or what buf_check() says of @body.
 */
int object_put_record(struct object *o, const struct buf *body,
		      struct err *err);

#endif
