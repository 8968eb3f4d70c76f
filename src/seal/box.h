/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * box.h - the key of a pack (doc/format.md, "Packs").
 *
 * Whoever adds makes a new pair of X25519 for each pack and forgets its secret
 * half: the pack is opened by the repository's full key alone.
 *
 * A box is for one pack and one thread.  Each blob is sealed with its offset as
 * the nonce.  So that no nonce is used twice a new box seals upwards only, and
 * one of a pack that is there already seals nothing at all.
 */
#ifndef XENSNAP_BOX_H
#define XENSNAP_BOX_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "key.h"

#define BOX_HEADER 128 /* bytes at the beginning of a pack */
#define BOX_EXTRA 16   /* bytes that a blob is longer sealed */

struct box;

/*
 * box_new() - for a new pack of @realm, by AEAD_... @suite: its first
 * BOX_HEADER bytes into @ret_header.  NULL with ERR_DENIED (the key is not of
 * that realm), ERR_CORRUPT (a key that nothing can be encrypted for),
 * ERR_UNSUPPORTED (no such suite), ERR_NOMEM, ERR_IO.  For box_free().
 */
struct box *box_new(const struct key *k, unsigned int suite, uint32_t realm,
		    uint8_t ret_header[BOX_HEADER], struct err *err);

/*
 * box_open() - for reading the pack that begins with @header; *@ret_realm:
 * whose it is.  NULL with ERR_CORRUPT, ERR_DENIED (a put-only key),
 * ERR_UNSUPPORTED (a newer version or suite), ERR_NOMEM, ERR_IO.  For
 * box_free().
 */
struct box *box_open(const struct key *k, const uint8_t header[BOX_HEADER],
		     uint32_t *ret_realm, struct err *err);

/*
 * box_seal() - encrypt @len bytes at @plain, which will stand at @offset of the
 * pack, into @ret, @len + BOX_EXTRA bytes; they may be the same place.  -1 with
 * ERR_INVALID when @offset is before the end of what was sealed last, or the
 * box is one of box_open(); or with ERR_IO: either way nothing of @ret may be
 * kept.
 */
int box_seal(struct box *b, uint64_t offset, const void *plain, size_t len,
	     uint8_t *ret, struct err *err);

/*
 * box_unseal() - the reverse: @len bytes at @sealed, from @offset of the pack,
 * give @len - BOX_EXTRA at @ret; they may be the same place.  -1 with
 * ERR_CORRUPT: then @ret holds nothing to be used.
 */
int box_unseal(struct box *b, uint64_t offset, const uint8_t *sealed,
	       size_t len, void *ret, struct err *err);

/* box_free() - wipe and free (NULL is allowed). */
void box_free(struct box *b);

#endif
