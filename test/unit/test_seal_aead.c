/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two ciphers and HKDF give what the papers say, and refuse the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aead.h"
#include "seal_help.h"

struct vector {
	unsigned int suite;
	const char *key, *nonce, *aad, *plain, *sealed;
};

#define GCM_KEY                            \
	"feffe9928665731c6d6a8f9467308308" \
	"feffe9928665731c6d6a8f9467308308"
#define ZEROS_16 "00000000000000000000000000000000"

/*
 * McGrew and Viega, "The Galois/Counter Mode of Operation", cases 13, 14 and
 * 16; RFC 8439, 2.8.2.
 */
static const struct vector vectors[] = {
	{ AEAD_AES_256_GCM, ZEROS_16 ZEROS_16, "000000000000000000000000", "",
	  "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ AEAD_AES_256_GCM, ZEROS_16 ZEROS_16, "000000000000000000000000", "",
	  ZEROS_16,
	  "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ AEAD_AES_256_GCM, GCM_KEY, "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	{ AEAD_CHACHA20_POLY1305,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	  /* "Ladies and Gentlemen of the class of '99: ..." */
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b6116"
	  "1ae10b594f09e26a7e902ecbd0600691" },
};

#define N_VECTORS (sizeof(vectors) / sizeof(vectors[0]))
#define LONGEST 256

struct unpacked {
	struct aead *a;
	uint8_t nonce[AEAD_NONCE], aad[LONGEST], plain[LONGEST];
	uint8_t sealed[LONGEST];
	size_t aad_len, len;
};

static struct unpacked
unpack(const struct vector *v)
{
	struct unpacked u = { 0 };
	struct err err = ERR_INIT;
	uint8_t key[AEAD_KEY];

	unhex(v->key, key, sizeof(key));
	unhex(v->nonce, u.nonce, sizeof(u.nonce));
	u.aad_len = unhex(v->aad, u.aad, LONGEST);
	u.len = unhex(v->plain, u.plain, LONGEST);
	assert_int_equal(unhex(v->sealed, u.sealed, LONGEST), u.len + AEAD_TAG);
	u.a = aead_new(v->suite, key, &err);
	assert_non_null(u.a);
	return u;
}

static void
known_answers(void **state)
{
	struct err err = ERR_INIT;
	uint8_t got[LONGEST];

	(void)state;
	for (size_t i = 0; i < N_VECTORS; i++) {
		struct unpacked u = unpack(&vectors[i]);

		/* Twice: a context is used again and again; then in place. */
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(aead_seal(u.a, u.nonce, u.aad,
						   u.aad_len, u.plain, u.len,
						   got, &err),
					 0);
			assert_memory_equal(got, u.sealed, u.len + AEAD_TAG);
			assert_int_equal(aead_open(u.a, u.nonce, u.aad,
						   u.aad_len, u.sealed,
						   u.len + AEAD_TAG, got, &err),
					 0);
			assert_memory_equal(got, u.plain, u.len);
		}
		assert_int_equal(aead_seal(u.a, u.nonce, u.aad, u.aad_len, got,
					   u.len, got, &err),
				 0);
		assert_memory_equal(got, u.sealed, u.len + AEAD_TAG);
		assert_int_equal(aead_open(u.a, u.nonce, u.aad, u.aad_len, got,
					   u.len + AEAD_TAG, got, &err),
				 0);
		assert_memory_equal(got, u.plain, u.len);
		aead_free(u.a);
	}
}

static void
refused(struct unpacked *u, size_t len)
{
	static const uint8_t zeros[LONGEST];
	struct err err = ERR_INIT;
	uint8_t got[LONGEST] = { 0 };

	assert_int_equal(aead_open(u->a, u->nonce, u->aad, u->aad_len,
				   u->sealed, len, got, &err),
			 -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_memory_equal(got, zeros, LONGEST); /* nothing of it to be seen */
}

static void
flipped(struct unpacked *u, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			p[i] ^= (uint8_t)(1u << bit);
			refused(u, u->len + AEAD_TAG);
			p[i] ^= (uint8_t)(1u << bit);
		}
}

static void
every_damage(void **state)
{
	struct err err = ERR_INIT;
	uint8_t got[LONGEST];

	(void)state;
	for (size_t i = 0; i < N_VECTORS; i++) {
		struct unpacked u = unpack(&vectors[i]);

		flipped(&u, u.nonce, sizeof(u.nonce));
		flipped(&u, u.aad, u.aad_len);
		flipped(&u, u.sealed, u.len + AEAD_TAG);
		for (size_t len = 0; len < u.len + AEAD_TAG; len++)
			refused(&u, len);
		u.aad_len++;
		refused(&u, u.len + AEAD_TAG);
		u.aad_len--;
		assert_int_equal(aead_open(u.a, u.nonce, u.aad, u.aad_len,
					   u.sealed, u.len + AEAD_TAG, got,
					   &err),
				 0);
		aead_free(u.a);
	}
}

static void
suites(void **state)
{
	uint8_t key[AEAD_KEY] = { 0 };
	struct err err = ERR_INIT;
	struct aead *a = aead_new(aead_best(), key, &err);

	(void)state;
	assert_non_null(a);
	aead_free(a);
	aead_free(NULL);
	assert_null(aead_new(0, key, &err));
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_null(aead_new(3, key, &err));
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

/* RFC 5869, A.1 to A.3. */
static void
hkdf_of_rfc(void **state)
{
	uint8_t ikm[80], salt[80], info[80], got[82];
	struct err err = ERR_INIT;

	(void)state;
	memset(ikm, 0x0b, 22);
	counting(salt, 0, 13);
	counting(info, 0xf0, 10);
	assert_int_equal(
		hkdf_sha256(ikm, 22, salt, 13, info, 10, got, 42, &err), 0);
	assert_hex(got, "3cb25f25faacd57a90434f64d0362f2a"
			"2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	assert_int_equal(hkdf_sha256(ikm, 22, NULL, 0, NULL, 0, got, 42, &err),
			 0);
	assert_hex(got, "8da4e775a563c18f715f802a063c5a31"
			"b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
	counting(ikm, 0, 80);
	counting(salt, 0x60, 80);
	counting(info, 0xb0, 80);
	assert_int_equal(
		hkdf_sha256(ikm, 80, salt, 80, info, 80, got, 82, &err), 0);
	assert_hex(got, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8"
			"a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
			"da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87"
			"c14c01d5c1f3434f1d87");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_damage),
		cmocka_unit_test(suites),
		cmocka_unit_test(hkdf_of_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
