/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * name.h - the id of a piece: HMAC-SHA-256 of its type, length and bytes under
 * the realm's key (doc/format.md, "Pieces").
 *
 * Keyed, so that who has the store cannot look for a content that he knows, nor
 * a guest make two that collide; typed, so that a disk that holds the bytes of
 * a map's node is no node.
 */
#ifndef XENSNAP_NAME_H
#define XENSNAP_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define NAME_BYTES 32
#define NAME_KEY 32

/* Types of pieces. */
enum {
	PIECE_CHUNK = 1,
	PIECE_MEMORY = 2,
	PIECE_CONFIG = 3,
	PIECE_NODE = 16, /* + its level, from 1 */
};

/* The highest level that a map can have: 2^64 bytes in chunks of 2^12, 2^4 of
 * them in a node. */
#define PIECE_LEVELS_MAX 13

/* name_type_is_known() - can a piece be of type @type? */
bool name_type_is_known(uint8_t type);

struct namer; /* for one thread */

/* namer_new() - names under @key; NULL with ERR_NOMEM.  For namer_free(). */
struct namer *namer_new(const uint8_t key[NAME_KEY], struct err *err);

/* namer_name() - the id of @len bytes at @p into @ret.  -1 with ERR_IO when
 * OpenSSL fails. */
int namer_name(struct namer *n, uint8_t type, const void *p, size_t len,
	       uint8_t ret[NAME_BYTES], struct err *err);

/* namer_free() - NULL is allowed. */
void namer_free(struct namer *n);

/* name_is_zero() - is it the id of what is all zeros? */
bool name_is_zero(const uint8_t id[NAME_BYTES]);

#endif
