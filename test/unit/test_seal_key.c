/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys: what is derived is what doc/format.md says, for ever, and a put-only
 * key has no more than it should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "key.h"
#include "seal_help.h"

#define READ_PK \
	"90adf282a307c1c71eae232ff6d7bbf3968223b488057bed277f4018cbe20f2d"
#define SIGN_PK \
	"4b83b4d94bc3ea26adac6b9cd6f146c5f23ac5ac633d631fbd1886d53c028aea"
#define HEAD "ee87a66dfa7231567ea7e4290a3f2739c43abb3e22860c0ab861c8bd42a34d55"
#define REALM_7 \
	"18d95dbcc994bc48f9a582ca1bcee0e3a971ab9aa1fefcd2c3c039f1efc7d659"

static const char signature[] =
	"32544a2bec3979f45c32b5989e81ff21f018ef3538e84217817a86c2c1751033"
	"2996e6979b9e91e4a9bda1b79842accfae8a204cde559450472903adab38870e";

/* RFC 7748, 6.1. */
static void
x25519_of_rfc(void **state)
{
	uint8_t a[32], b[32], ret[32];

	(void)state;
	unhex("77076d0a7318a57d3c16c17251b26645"
	      "df4c2f87ebc0992ab177fba51db92c2a",
	      a, 32);
	unhex("de9edb7d7b7dc1b4d35b61c2ece43537"
	      "3f8343c85b78674dadfc7e146f882b4f",
	      b, 32);
	assert_int_equal(crypto_scalarmult(ret, a, b), 0);
	assert_hex(ret, "4a5d9d5ba4ce2de1728e3bf480350f25"
			"e07e21c947d19e3376f09b3c1e161742");
	assert_int_equal(crypto_scalarmult_base(ret, a), 0);
	assert_hex(ret, "8520f0098930a754748b7ddcb43ef75a"
			"0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

/* RFC 8032, 7.1, test 2. */
static void
ed25519_of_rfc(void **state)
{
	uint8_t seed[32], sk[64], pk[32], sig[64], message[] = { 0x72 };

	(void)state;
	unhex("4ccd089b28ff96da9db6c346ec114e0f"
	      "5b8a319f35aba624da8cf6ed4fb8a6fb",
	      seed, 32);
	assert_int_equal(crypto_sign_seed_keypair(pk, sk, seed), 0);
	assert_hex(pk, "3d4017c3e843895a92b70aa74d1b7ebc"
		       "9c982ccf2ec4968cc0cd55f12af4660c");
	assert_int_equal(crypto_sign_detached(sig, NULL, message, 1, sk), 0);
	assert_hex(sig, "92a009a9f0d4cab8720e820b5f642540"
			"a2b27b5416503f8fb3762223ebdb69da"
			"085ac1e43e15996e458f3613d0f11d8c"
			"387b2eaeb4302aeeb00d291612bb0c00");
}

static void
frozen_secrets(void **state)
{
	struct key *k = frozen_key();

	(void)state;
	assert_true(k->full);
	assert_int_equal(k->realm, 0);
	assert_hex(k->read_sk, "7747cb3928be3005fde94a5881b4ba38"
			       "4756d28ec9aa095573ca6d6c338b7d3c");
	assert_hex(k->read_pk, READ_PK);
	assert_hex(k->sign_sk, "47454b68cbd34079197667c1489913b4"
			       "24033ce5a334dcfd531b7361ba1b16ad");
	assert_hex(k->sign_sk + 32, SIGN_PK);
	assert_hex(k->sign_pk, SIGN_PK);
	assert_hex(k->head, HEAD);
	assert_hex(k->realm_key, "e79e93effff46cc61c71bd5167726675"
				 "1a23f0f07bcdd281d2ab61eeef2ea34f");
	key_free(k);
}

static void
frozen_of_realms(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	struct key *both[] = { k, put };
	struct err err = ERR_INIT;
	uint8_t got[KEY_BYTES];

	(void)state;
	assert_int_equal(key_name(k, 0, got, &err), 0);
	assert_hex(got, "ff08af5affd1b31be2e580ce57c65ca8"
			"d915b564197627052bd7fd2464e8f9f6");
	assert_int_equal(key_meta(k, 0, got, &err), 0);
	assert_hex(got, "8b6d50f657836cb55e40c6700c104e53"
			"15bdd56b9cb13f739cb975b7c62d0b09");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(key_of_realm(both[i], 7, got, &err), 0);
		assert_hex(got, REALM_7);
		assert_int_equal(key_name(both[i], 7, got, &err), 0);
		assert_hex(got, "30a39ec750994c2687ca327125737e1f"
				"117c6f6f22fed05523901d285ac2add9");
		assert_int_equal(key_meta(both[i], 7, got, &err), 0);
		assert_hex(got, "da895a24c52342b71a4136bfc08151e8"
				"397f97c7760142896abfc46fe7471de1");
		assert_int_equal(key_mac_config(both[i], "config bytes", 12,
						got, &err),
				 0);
		assert_hex(got, "19d0255f92066a4ebbec2e87dee0b265"
				"32047c13a2a064ea1c91e0a29ffd9fd0");
	}
	key_free(k);
	key_free(put);
}

static void
frozen_signature(void **state)
{
	struct key *k = frozen_key();
	struct err err = ERR_INIT;
	uint8_t sig[SIGNATURE];

	(void)state;
	assert_int_equal(key_sign(k, "heads/1", "body", 4, sig, &err), 0);
	assert_hex(sig, signature);
	key_free(k);
}

static void
signatures(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	struct key *repo = other_repo(), *master = other_master();
	struct err err = ERR_INIT;
	uint8_t sig[SIGNATURE];

	(void)state;
	assert_int_equal(key_sign(put, "heads/1", "body", 4, sig, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	unhex(signature, sig, sizeof(sig));
	assert_true(key_signed(k, "heads/1", "body", 4, sig));
	assert_true(key_signed(put, "heads/1", "body", 4, sig));
	assert_false(key_signed(k, "heads/2", "body", 4, sig));
	assert_false(key_signed(k, "heads/1", "bodY", 4, sig));
	assert_false(key_signed(k, "heads/1", "body", 3, sig));
	assert_false(key_signed(k, "heads/", "1body", 5, sig));
	assert_false(key_signed(repo, "heads/1", "body", 4, sig));
	assert_false(key_signed(master, "heads/1", "body", 4, sig));
	for (size_t i = 0; i < sizeof(sig); i++) {
		sig[i] ^= 1;
		assert_false(key_signed(k, "heads/1", "body", 4, sig));
		sig[i] ^= 1;
	}
	key_free(k);
	key_free(put);
	key_free(repo);
	key_free(master);
}

/* What it has not cannot be made of what it has. */
static void
put_only_is_less(void **state)
{
	struct key *put = frozen_put_only(7), *k = frozen_key();
	static const uint8_t zeros[64];
	struct err err = ERR_INIT;
	uint8_t got[KEY_BYTES];

	(void)state;
	assert_false(put->full);
	assert_int_equal(put->realm, 7);
	assert_memory_equal(put->master, zeros, KEY_BYTES);
	assert_memory_equal(put->read_sk, zeros, KEY_BYTES);
	assert_memory_equal(put->sign_sk, zeros, 64);
	assert_hex(put->read_pk, READ_PK);
	assert_hex(put->sign_pk, SIGN_PK);
	assert_hex(put->head, HEAD);
	for (uint32_t realm = 0; realm < 20; realm++)
		if (realm != 7) {
			err_clear(&err);
			assert_int_equal(key_meta(put, realm, got, &err), -1);
			assert_int_equal(err.code, ERR_DENIED);
		}
	assert_int_equal(key_name(k, REALM_NONE, got, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_null(key_put_only(put, 8, &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_null(key_put_only(k, 0, &err));
	assert_null(key_put_only(k, REALM_NONE, &err));
	assert_int_equal(err.code, ERR_INVALID);
	key_free(put);
	key_free(k);
}

static void
there_and_back(struct key *k, uint8_t kind, size_t len)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct key *back;
	size_t used = 0;
	uint8_t got;

	key_encode(k, &b, &got);
	assert_int_equal(got, kind);
	assert_int_equal(b.len, len);
	put_text(&b, "label");
	back = key_decode(k->repo_id, kind, b.data, b.len, &used, &err);
	assert_non_null(back);
	assert_int_equal(used, len);
	assert_memory_equal(back, k, sizeof(*k));
	key_free(back);
	for (size_t i = 0; i < len; i++) {
		err_clear(&err);
		assert_null(
			key_decode(k->repo_id, kind, b.data, i, &used, &err));
		assert_int_equal(err.code, ERR_CORRUPT);
	}
	assert_null(key_decode(k->repo_id, 3, b.data, b.len, &used, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	buf_wipe(&b);
	key_free(k);
}

static void
encoded(void **state)
{
	struct key *wrong = frozen_put_only(7);
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t kind;
	size_t used;

	(void)state;
	there_and_back(frozen_key(), 1, 32);
	there_and_back(frozen_put_only(7), 2, 4 + 4 * 32);
	wrong->realm = 0;
	key_encode(wrong, &b, &kind);
	assert_null(
		key_decode(wrong->repo_id, kind, b.data, b.len, &used, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	buf_wipe(&b);
	key_free(wrong);
	key_free(NULL);
}

static void
labels(void **state)
{
	struct key *k = frozen_key();
	struct err err = ERR_INIT;
	uint8_t a[64], b[64], context[128] = { 0 };

	(void)state;
	/* The NUL between them: label and context cannot be taken apart
	 * otherwise. */
	assert_int_equal(key_derive(k, k->head, "ab", "c", 1, a, 64, &err), 0);
	assert_int_equal(key_derive(k, k->head, "a", "bc", 2, b, 64, &err), 0);
	assert_memory_not_equal(a, b, 64);
	assert_int_equal(key_derive(k, k->head, "a", context, 128, a, 64, &err),
			 -1);
	assert_int_equal(err.code, ERR_IO);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x25519_of_rfc),
		cmocka_unit_test(ed25519_of_rfc),
		cmocka_unit_test(frozen_secrets),
		cmocka_unit_test(frozen_of_realms),
		cmocka_unit_test(frozen_signature),
		cmocka_unit_test(signatures),
		cmocka_unit_test(put_only_is_less),
		cmocka_unit_test(encoded),
		cmocka_unit_test(labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
