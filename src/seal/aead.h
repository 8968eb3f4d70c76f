/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aead.h - authenticated encryption (doc/format.md: suites 1 and 2), and the
 * hashes that belong to it, by OpenSSL.
 *
 * A context is for one key and one thread.  Who seals with it must never use a
 * nonce twice: see box.h and record.h for why none is.
 */
#ifndef XENSNAP_AEAD_H
#define XENSNAP_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define AEAD_KEY 32
#define AEAD_NONCE 12
#define AEAD_TAG 16

enum aead_suite {
	AEAD_AES_256_GCM = 1,
	AEAD_CHACHA20_POLY1305 = 2,
};

struct aead;

/* aead_best() - the suite that is fast here: AES where the processor has it. */
enum aead_suite aead_best(void);

/*
 * aead_new() - a context for @key, for aead_free().  NULL with ERR_UNSUPPORTED
 * (a suite that we don't know) or ERR_NOMEM.
 */
struct aead *aead_new(unsigned int suite, const uint8_t key[AEAD_KEY],
		      struct err *err);

/*
 * aead_seal() - encrypt @len bytes at @plain into @ret, @len + AEAD_TAG bytes;
 * they may be the same place.  @aad is authenticated beside it.  -1 with ERR_IO
 * when OpenSSL fails.
 */
int aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
	      size_t aad_len, const void *plain, size_t len, uint8_t *ret,
	      struct err *err);

/*
 * aead_open() - the reverse; @len bytes at @sealed, tag included, give @len
 * - AEAD_TAG at @ret; they may be the same place.  -1 with ERR_CORRUPT when it
 * is not what was sealed: then @ret holds nothing to be used.
 */
int aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
	      size_t aad_len, const uint8_t *sealed, size_t len, void *ret,
	      struct err *err);

/* aead_free() - wipe and free (NULL is allowed). */
void aead_free(struct aead *a);

/* hkdf_sha256() - RFC 5869: @len bytes into @ret.  -1 with ERR_IO. */
int hkdf_sha256(const void *ikm, size_t ikm_len, const void *salt,
		size_t salt_len, const void *info, size_t info_len,
		uint8_t *ret, size_t len, struct err *err);

#endif
