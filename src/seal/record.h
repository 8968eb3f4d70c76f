/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h - sessions, outcomes, heads, forgets and index parts, sealed one by
 * one (doc/format.md, "Records").
 *
 * Each has a key of its own, made of a new salt, so that nonce 0 is used once.
 * Its name in the store and its kind are authenticated: what was moved or
 * renamed does not open.  An index part is named by its own sum, which is not
 * known before: there the sum is checked.  Heads and forgets are signed as
 * well.
 */
#ifndef XENSNAP_RECORD_H
#define XENSNAP_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"

#define RECORD_HEADER 96 /* bytes before what is sealed */
#define RECORD_EXTRA (RECORD_HEADER + 16)

enum record_kind {
	RECORD_SESSION = 1,
	RECORD_OUTCOME = 2,
	RECORD_HEAD = 3,
	RECORD_FORGET = 4,
	RECORD_INDEX = 5,
};

/*
 * record_seal() - @body of @len bytes as the object @name (ignored for an
 * index part), appended to @b.  @realm: whose; ignored for heads and forgets,
 * which get their signature here.  -1 with ERR_DENIED (the key cannot sign, or
 * is not of that realm), ERR_INVALID (the name is too long), ERR_NOMEM, ERR_IO;
 * then @b is as it was.
 */
int record_seal(const struct key *k, enum record_kind kind, uint32_t realm,
		const char *name, const void *body, size_t len, struct buf *b,
		struct err *err);

/*
 * record_open() - the body of the @len bytes at @p, which were found as object
 * @name, decrypted in place: *@ret and *@ret_len are inside @p, without the
 * signature, which is checked.  *@ret_realm: whose it is.  -1 with ERR_CORRUPT
 * (which names the object), ERR_DENIED (a realm that this key has not) or
 * ERR_UNSUPPORTED (a newer version or suite), ERR_NOMEM, ERR_IO; then what is
 * at @p is of no more use.
 */
int record_open(const struct key *k, enum record_kind kind, const char *name,
		uint8_t *p, size_t len, const uint8_t **ret, size_t *ret_len,
		uint32_t *ret_realm, struct err *err);

#endif
