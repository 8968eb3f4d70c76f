/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sha256.h - SHA-256 (FIPS 180-4), piece by piece, by OpenSSL, which uses the
 * processor's instructions for it.
 */
#ifndef XENSNAP_SHA256_H
#define XENSNAP_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_LEN 64

struct sha256;

/* sha256_new() - begin; NULL when out of memory.  sha256_free() it. */
struct sha256 *sha256_new(void);

/* sha256_add() - @len more bytes; 0, or -1 when OpenSSL fails. */
int sha256_add(struct sha256 *h, const void *p, size_t len);

/*
 * sha256_raw() - the sum as SHA256_BYTES bytes in @ret; nothing may be added
 * afterwards.  0, or -1 when OpenSSL fails.
 */
int sha256_raw(struct sha256 *h, uint8_t *ret);

/*
 * sha256_copy() - make @to a copy of @from, which goes on as it is: for many
 * sums with the same beginning.  0, or -1 when OpenSSL fails.
 */
int sha256_copy(struct sha256 *to, const struct sha256 *from);

/* sha256_of() - the sum of @len bytes at @p into @ret; 0, or -1 when OpenSSL
 * fails. */
int sha256_of(const void *p, size_t len, uint8_t ret[SHA256_BYTES]);

/*
 * sha256_hex() - the sum as lower-case hex in @ret, SHA256_HEX_LEN + 1 bytes;
 * nothing may be added afterwards.  0, or -1 when OpenSSL fails.
 */
int sha256_hex(struct sha256 *h, char *ret);

/* sha256_free() - free @h (NULL is allowed). */
void sha256_free(struct sha256 *h);

#endif
