/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sha256.c - SHA-256 by OpenSSL; no err.h here: OpenSSL has its names too. */
#include "sha256.h"

#include "hex.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct sha256 {
	EVP_MD_CTX *md;
};

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->md = EVP_MD_CTX_new();
	if (!h->md || EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return NULL;
	}
	return h;
}

int
sha256_add(struct sha256 *h, const void *p, size_t len)
{
	return EVP_DigestUpdate(h->md, p, len) == 1 ? 0 : -1;
}

int
sha256_raw(struct sha256 *h, uint8_t *ret)
{
	return EVP_DigestFinal_ex(h->md, ret, NULL) == 1 ? 0 : -1;
}

int
sha256_copy(struct sha256 *to, const struct sha256 *from)
{
	return EVP_MD_CTX_copy_ex(to->md, from->md) == 1 ? 0 : -1;
}

int
sha256_of(const void *p, size_t len, uint8_t ret[SHA256_BYTES])
{
	return EVP_Digest(p, len, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

int
sha256_hex(struct sha256 *h, char *ret)
{
	uint8_t digest[SHA256_BYTES];

	if (sha256_raw(h, digest))
		return -1;
	hex_text(digest, sizeof(digest), ret);
	return 0;
}

void
sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->md);
	free(h);
}
