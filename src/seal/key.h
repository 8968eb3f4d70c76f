/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key.h - what opens a repository, and all secrets that are made of it
 * (doc/format.md, "Keys").
 *
 * A full key holds MK, and with it everything.  A put-only key can name, add
 * and commit in its own realm.  Keys live in memory that is locked, kept out of
 * core dumps and wiped at the end (libsodium).
 */
#ifndef XENSNAP_KEY_H
#define XENSNAP_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

#define KEY_BYTES 32
#define REPO_ID 16
#define SIGNATURE 64

/* Not of a realm: of what pruners write for all. */
#define REALM_NONE 0xffffffffu

struct key {
	uint8_t repo_id[REPO_ID];
	bool full;
	uint32_t realm; /* that this key writes in */
	uint8_t master[KEY_BYTES];
	uint8_t realm_key[KEY_BYTES];
	uint8_t read_pk[KEY_BYTES];
	uint8_t read_sk[KEY_BYTES]; /* full keys only, as the next */
	uint8_t sign_sk[64];        /* as libsodium keeps it: seed | pk */
	uint8_t sign_pk[KEY_BYTES];
	uint8_t head[KEY_BYTES];
};

/*
 * key_new() - the full key of a repository from its 32 bytes @master.  NULL
 * with ERR_NOMEM or ERR_IO.  For key_free().
 */
struct key *key_new(const uint8_t repo_id[REPO_ID],
		    const uint8_t master[KEY_BYTES], struct err *err);

/*
 * key_put_only() - the put-only key of realm @realm (not 0), made of a full
 * one.  NULL with ERR_INVALID (@from is not full, or there is no such realm),
 * ERR_NOMEM or ERR_IO.  For key_free().
 */
struct key *key_put_only(const struct key *from, uint32_t realm,
			 struct err *err);

/*
 * key_encode() - what a key slot seals: kind (1 full, 2 put-only) in
 * *@ret_kind, and the bytes without the label appended to @b.  key_decode() is
 * the reverse, of the first *@ret_used of @len bytes: NULL with ERR_CORRUPT or
 * as key_new().
 */
void key_encode(const struct key *k, struct buf *b, uint8_t *ret_kind);
struct key *key_decode(const uint8_t repo_id[REPO_ID], uint8_t kind,
		       const uint8_t *p, size_t len, size_t *ret_used,
		       struct err *err);

/*
 * key_derive() - derive(@from, @label, @context, @len) of doc/format.md,
 * @len at most 64.  -1 with ERR_IO.
 */
int key_derive(const struct key *k, const uint8_t from[KEY_BYTES],
	       const char *label, const void *context, size_t context_len,
	       uint8_t *ret, size_t len, struct err *err);

/*
 * key_of_realm() - RK[@realm] into @ret.  -1 with ERR_DENIED: this key is
 * not of that realm.
 */
int key_of_realm(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
		 struct err *err);

/* key_name(), key_meta() - K_name and K_meta of a realm.  As key_of_realm(). */
int key_name(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	     struct err *err);
int key_meta(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	     struct err *err);

/*
 * key_mac_config() - the sum of the object config, of what is before it, into
 * @ret.  -1 with ERR_IO.
 */
int key_mac_config(const struct key *k, const void *p, size_t len,
		   uint8_t ret[KEY_BYTES], struct err *err);

/*
 * key_sign() - Ed25519 of "xensnap 1 signed" | repo_id | @name | 0x00 |
 * @body into @ret.  -1 with ERR_DENIED: this key cannot sign.  key_signed() -
 * is it such a signature?  (Without memory for the question: no.)
 */
int key_sign(const struct key *k, const char *name, const void *body,
	     size_t len, uint8_t ret[SIGNATURE], struct err *err);
bool key_signed(const struct key *k, const char *name, const void *body,
		size_t len, const uint8_t signature[SIGNATURE]);

/* key_free() - wipe and free (NULL is allowed). */
void key_free(struct key *k);

#endif
