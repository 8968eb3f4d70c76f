/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pack.h - many sealed blobs in one object (doc/format.md, "Packs").
 *
 * A pack is built in memory and put whole; its name is the sum of its bytes, so
 * anybody can check it.  Only who has a full key can open one again.
 *
 * Nonces: the offset of a blob in the pack, whose key is of it alone.  A pack
 * is built once, by one process, from a new key, so none is used twice.
 */
#ifndef XENSNAP_PACK_H
#define XENSNAP_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "buf.h"
#include "err.h"
#include "key.h"
#include "name.h"
#include "sha256.h"

#define PACK_MAX (64u << 20)
#define PACK_TARGET (16u << 20) /* when ours are full enough */
#define PACK_ALIGN 4096         /* what a pack's length is a multiple of */
#define PACK_NAME 96            /* bytes of an object's name, NUL included */

/* One blob as a pack's trailer tells it. */
struct pack_blob {
	uint32_t offset;
	uint32_t sealed_len;
	unsigned int n;
	const uint8_t *pieces; /* n * 36 bytes: pack_piece() reads them */
};

struct pack_piece {
	uint8_t type;
	uint32_t len;
	uint8_t id[NAME_BYTES];
};

/* ---- building one ---- */

struct pack_out;

/*
 * pack_out_new() - room for one pack after another.  NULL with ERR_NOMEM.  For
 * pack_out_free().
 */
struct pack_out *pack_out_new(struct err *err);

/*
 * pack_out_begin() - an empty pack in realm @realm, with a key of its own; what
 * @o held before is gone.  -1 with ERR_DENIED (our key has not that realm) or
 * ERR_IO.
 */
int pack_out_begin(struct pack_out *o, const struct key *k, uint32_t realm,
		   struct err *err);

/* The pieces of one blob, and their ids, n * NAME_BYTES. */
struct pack_group {
	unsigned int n;
	const struct blob_piece *pieces;
	const uint8_t *ids;
};

/* By what a blob is longer when it is sealed. */
#define PACK_BLOB_EXTRA 16

/*
 * pack_out_add() - seal a blob whose body is the @len bytes at @body, at most
 * BLOB_BODY_MAX, of the pieces @g; it begins at *@ret_offset.  Nothing is added
 * to a pack that has PACK_TARGET bytes.  -1 with ERR_NOMEM or ERR_IO: the pack
 * is of no use any more.
 */
int pack_out_add(struct pack_out *o, const uint8_t *body, size_t len,
		 const struct pack_group *g, uint32_t *ret_offset,
		 struct err *err);

/* pack_out_bytes() - how long it is so far, its list of blobs included; 0
 * without a blob in it. */
size_t pack_out_bytes(const struct pack_out *o);

/*
 * pack_out_end() - seal the trailer; the whole object is *@ret, *@ret_len until
 * the next pack_out_begin(), its sum in @ret_sum.  It begins at a page, as its
 * length is of whole pages: the store need not copy it.  -1 with ERR_IO.
 */
int pack_out_end(struct pack_out *o, const uint8_t **ret, size_t *ret_len,
		 uint8_t ret_sum[SHA256_BYTES], struct err *err);

/* pack_out_free() - NULL is allowed. */
void pack_out_free(struct pack_out *o);

/* ---- reading one ---- */

/* pack_name() - "packs/XX/NAME" of the pack whose sum is @sum into @ret. */
void pack_name(const uint8_t sum[SHA256_BYTES], char ret[PACK_NAME]);

/*
 * pack_name_parse() - the reverse; false when @name is not a pack's.
 */
bool pack_name_parse(const char *name, uint8_t ret_sum[SHA256_BYTES]);

struct pack_in;

#define PACK_HEADER 128
#define PACK_FOOTER 16

/*
 * pack_in_new() - the pack that begins with the PACK_HEADER bytes @header, as
 * far as it takes to open its blobs.  NULL with ERR_CORRUPT, ERR_DENIED (a
 * put-only key) or ERR_UNSUPPORTED.  For pack_in_free(); for one thread.
 */
struct pack_in *pack_in_new(const struct key *k,
			    const uint8_t header[PACK_HEADER], struct err *err);

/* pack_in_realm() - whose pieces are in it. */
uint32_t pack_in_realm(const struct pack_in *p);

/*
 * pack_in_blob() - decrypt in place the blob of @len bytes at @sealed that was
 * found at @offset; its body is then *@ret_len bytes there.  -1 with
 * ERR_CORRUPT.
 */
int pack_in_blob(struct pack_in *p, uint64_t offset, uint8_t *sealed,
		 size_t len, size_t *ret_len, struct err *err);

/*
 * pack_footer() - where the trailer of a pack of @bytes is, by its last
 * PACK_FOOTER bytes.  -1 with ERR_CORRUPT.
 */
int pack_footer(const uint8_t footer[PACK_FOOTER], uint64_t bytes,
		uint32_t *ret_offset, uint32_t *ret_len, struct err *err);

/*
 * pack_in_open_trailer() - decrypt in place the trailer of @len bytes at
 * @sealed, which was found at @offset; pack_in_each() - call @fn for each blob
 * that such a trailer names, in order; they are checked to lie one after
 * another.  -1 with ERR_CORRUPT, or @fn's error.
 */
int pack_in_open_trailer(struct pack_in *p, uint32_t offset, uint8_t *sealed,
			 size_t len, struct err *err);
typedef int pack_blob_fn(const struct pack_blob *b, void *ctx, struct err *err);
int pack_in_each(const uint8_t *trailer, size_t len, uint32_t offset,
		 pack_blob_fn *fn, void *ctx, struct err *err);

/* pack_piece() - piece @i of @b. */
void pack_piece(const struct pack_blob *b, unsigned int i,
		struct pack_piece *ret);

/* pack_in_free() - NULL is allowed. */
void pack_in_free(struct pack_in *p);

#endif
