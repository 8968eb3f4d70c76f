/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aead.c - see aead.h.  What OpenSSL calls fetching looks an algorithm up by
 * its name, which takes longer than sealing a small piece: it is done once for
 * the process and kept to its end.
 */

/* OpenSSL has a type with the name of one of our errors. */
#define ERR_STATE openssl_err_state
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#undef ERR_STATE

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "aead.h"

struct aead {
	EVP_CIPHER_CTX *seal, *open; /* both keyed; a call sets the nonce */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes, *chacha;
static EVP_KDF *hkdf;

static void
fetch(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
}

enum aead_suite
aead_best(void)
{
#if defined(__x86_64__) || defined(__i386__)
	if (__builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul"))
		return AEAD_AES_256_GCM;
#elif defined(__aarch64__)
	unsigned long wanted = HWCAP_AES | HWCAP_PMULL;

	if ((getauxval(AT_HWCAP) & wanted) == wanted)
		return AEAD_AES_256_GCM;
#endif
	return AEAD_CHACHA20_POLY1305;
}

struct aead *
aead_new(unsigned int suite, const uint8_t key[AEAD_KEY], struct err *err)
{
	struct aead *a = NULL;
	EVP_CIPHER *cipher = NULL;

	pthread_once(&once, fetch);
	if (suite == AEAD_AES_256_GCM)
		cipher = aes;
	else if (suite == AEAD_CHACHA20_POLY1305)
		cipher = chacha;
	if (!cipher) {
		err_set(err, ERR_UNSUPPORTED, 0,
			"its cipher, suite %u, is not known here", suite);
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		goto none;
	a->seal = EVP_CIPHER_CTX_new();
	a->open = EVP_CIPHER_CTX_new();
	if (a->seal && a->open &&
	    EVP_EncryptInit_ex2(a->seal, cipher, key, NULL, NULL) == 1 &&
	    EVP_DecryptInit_ex2(a->open, cipher, key, NULL, NULL) == 1)
		return a;
none:
	aead_free(a);
	err_set(err, ERR_NOMEM, 0, "out of memory for a cipher");
	return NULL;
}

/* The nonce, what is authenticated beside, and the bytes themselves. */
static int
feed(EVP_CIPHER_CTX *c, const uint8_t *nonce, const void *aad, size_t aad_len,
     const void *in, size_t len, uint8_t *out)
{
	int n;

	if (aad_len > INT_MAX || len > INT_MAX)
		return -1;
	if (EVP_CipherInit_ex2(c, NULL, NULL, nonce, -1, NULL) != 1)
		return -1;
	if (aad_len && EVP_CipherUpdate(c, NULL, &n, aad, (int)aad_len) != 1)
		return -1;
	if (len && EVP_CipherUpdate(c, out, &n, in, (int)len) != 1)
		return -1;
	return 0;
}

int
aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
	  size_t aad_len, const void *plain, size_t len, uint8_t *ret,
	  struct err *err)
{
	uint8_t *tag = ret + len;
	int n;

	if (feed(a->seal, nonce, aad, aad_len, plain, len, ret) ||
	    EVP_CipherFinal_ex(a->seal, tag, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(a->seal, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG,
				tag) != 1)
		return err_set(err, ERR_IO, 0, "OpenSSL cannot encrypt");
	return 0;
}

int
aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
	  size_t aad_len, const uint8_t *sealed, size_t len, void *ret,
	  struct err *err)
{
	uint8_t tag[AEAD_TAG], end[EVP_MAX_BLOCK_LENGTH];
	int n;

	if (len < AEAD_TAG)
		return err_set(err, ERR_CORRUPT, 0,
			       "what is sealed is too short");
	len -= AEAD_TAG;
	/* A copy: OpenSSL wants one that may be written to. */
	memcpy(tag, sealed + len, AEAD_TAG);
	if (feed(a->open, nonce, aad, aad_len, sealed, len, ret) == 0 &&
	    EVP_CIPHER_CTX_ctrl(a->open, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG,
				tag) == 1 &&
	    EVP_CipherFinal_ex(a->open, end, &n) == 1)
		return 0;
	/* Decrypted before it was known to be genuine: nobody is to see it. */
	if (len)
		OPENSSL_cleanse(ret, len);
	return err_set(err, ERR_CORRUPT, 0, "it is not what was sealed");
}

void
aead_free(struct aead *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->seal); /* wipes the key */
	EVP_CIPHER_CTX_free(a->open);
	free(a);
}

/* OpenSSL's parameters are never const, nor NULL; these are only read. */
static OSSL_PARAM
param(const char *name, const void *p, size_t len)
{
	return OSSL_PARAM_construct_octet_string(
		name, (void *)(uintptr_t)(len ? p : ""), len);
}

int
hkdf_sha256(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
	    const void *info, size_t info_len, uint8_t *ret, size_t len,
	    struct err *err)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
						 0),
		param(OSSL_KDF_PARAM_KEY, ikm, ikm_len),
		param(OSSL_KDF_PARAM_SALT, salt, salt_len),
		param(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *c = NULL;
	int rc = -1;

	pthread_once(&once, fetch);
	if (hkdf)
		c = EVP_KDF_CTX_new(hkdf);
	if (c && EVP_KDF_derive(c, ret, len, params) == 1)
		rc = 0;
	else
		err_set(err, ERR_IO, 0, "OpenSSL cannot derive a key");
	EVP_KDF_CTX_free(c); /* wipes */
	return rc;
}
