/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key of a pack: frozen packs open, damaged ones do not, a put-only key
 * writes and cannot read, and no nonce is ever used twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aead.h"
#include "box.h"
#include "seal_help.h"

#define BODY "a frozen blob"
#define BODY_LEN (sizeof(BODY) - 1)
#define SEALED_LEN (BODY_LEN + BOX_EXTRA)
#define PACK_LEN (BOX_HEADER + SEALED_LEN)
#define AT_EPH_PK 64

/* A header, and a blob behind it. */
static const char pack_0[] =
	"78736e617070636b0100010000000000101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"dc2cca31e8e43bbd91dff7e475cca3347eb478107d5bd765aba4ae4a30c35d44"
	"0695d022c8ffde69b1ba173a08ed0cc86f91ac132a7d355e58bbd0025c9be172"
	"c1698d667b3c33f98ffb4c5b948d610594d958bce35986de1ac7a21ac1";
static const char pack_7[] =
	"78736e617070636b0100020007000000101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"dc2cca31e8e43bbd91dff7e475cca3347eb478107d5bd765aba4ae4a30c35d44"
	"ceac0585aee69e270430da593070d04165bd1ebd7942618363d0013acef3d120"
	"95757307f3df218e2f9330b61a5af58b24f8a0bd0859f3b7c6727b1a5c";

static enum err_code
opened(const struct key *k, const uint8_t *pack, uint64_t offset, size_t len,
       uint32_t realm)
{
	struct err err = ERR_INIT;
	uint8_t got[SEALED_LEN];
	uint32_t is;
	struct box *b = box_open(k, pack, &is, &err);

	if (!b) {
		assert_int_not_equal(err.code, ERR_NONE);
		return err.code;
	}
	if (box_unseal(b, offset, pack + BOX_HEADER, len, got, &err) == 0) {
		assert_int_equal(is, realm);
		assert_memory_equal(got, BODY, BODY_LEN);
	}
	box_free(b);
	return err.code;
}

static void
frozen(void **state)
{
	struct key *k = frozen_key();
	uint8_t pack[PACK_LEN];

	(void)state;
	assert_int_equal(unhex(pack_0, pack, sizeof(pack)), PACK_LEN);
	assert_int_equal(opened(k, pack, BOX_HEADER, SEALED_LEN, 0), ERR_NONE);
	assert_int_equal(unhex(pack_7, pack, sizeof(pack)), PACK_LEN);
	assert_int_equal(opened(k, pack, BOX_HEADER, SEALED_LEN, 7), ERR_NONE);
	key_free(k);
}

static void
every_damage(const char *hex, uint32_t realm)
{
	struct key *k = frozen_key();
	uint8_t pack[PACK_LEN];

	unhex(hex, pack, sizeof(pack));
	for (size_t i = 0; i < PACK_LEN; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			enum err_code code;

			pack[i] ^= (uint8_t)(1u << bit);
			code = opened(k, pack, BOX_HEADER, SEALED_LEN, realm);
			pack[i] ^= (uint8_t)(1u << bit);
			/* X25519 does not look at the highest bit of a point:
			 * that it is part of what is derived tells. */
			if (i >= 8 && i < 11 && code == ERR_UNSUPPORTED)
				continue; /* a version or suite to come */
			assert_int_equal(code, ERR_CORRUPT);
		}
	for (size_t len = 0; len < SEALED_LEN; len++)
		assert_int_equal(opened(k, pack, BOX_HEADER, len, realm),
				 ERR_CORRUPT);
	assert_int_equal(opened(k, pack, BOX_HEADER + 1, SEALED_LEN, realm),
			 ERR_CORRUPT);
	assert_int_equal(opened(k, pack, BOX_HEADER, SEALED_LEN, realm),
			 ERR_NONE);
	key_free(k);
}

static void
damaged(void **state)
{
	(void)state;
	every_damage(pack_0, 0);
	every_damage(pack_7, 7);
}

static void
others(void **state)
{
	struct key *repo = other_repo(), *master = other_master();
	struct key *put = frozen_put_only(7);
	uint8_t pack[PACK_LEN];

	(void)state;
	unhex(pack_7, pack, sizeof(pack));
	assert_int_equal(opened(repo, pack, BOX_HEADER, SEALED_LEN, 7),
			 ERR_CORRUPT);
	assert_int_equal(opened(master, pack, BOX_HEADER, SEALED_LEN, 7),
			 ERR_CORRUPT);
	assert_int_equal(opened(put, pack, BOX_HEADER, SEALED_LEN, 7),
			 ERR_DENIED);
	pack[8] = 2;
	assert_int_equal(opened(put, pack, BOX_HEADER, SEALED_LEN, 7),
			 ERR_UNSUPPORTED);
	key_free(repo);
	key_free(master);
	key_free(put);
}

static void
written_by(const struct key *writer, unsigned int suite, uint32_t realm)
{
	struct key *k = frozen_key();
	uint8_t pack[PACK_LEN], again[PACK_LEN];
	struct err err = ERR_INIT;
	struct box *b;
	size_t same = 0;

	b = box_new(writer, suite, realm, again, &err);
	assert_non_null(b);
	assert_int_equal(box_seal(b, BOX_HEADER, BODY, BODY_LEN,
				  again + BOX_HEADER, &err),
			 0);
	box_free(b);
	b = box_new(writer, suite, realm, pack, &err);
	assert_non_null(b);
	assert_int_equal(box_seal(b, BOX_HEADER, BODY, BODY_LEN,
				  pack + BOX_HEADER, &err),
			 0);
	box_free(b);
	assert_int_equal(opened(k, pack, BOX_HEADER, SEALED_LEN, realm),
			 ERR_NONE);
	for (size_t i = 32; i < PACK_LEN; i++)
		same += pack[i] == again[i];
	assert_true(same < 10);
	key_free(k);
}

static void
made(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);

	(void)state;
	written_by(k, AEAD_AES_256_GCM, 0);
	written_by(k, AEAD_CHACHA20_POLY1305, 7);
	written_by(put, AEAD_AES_256_GCM, 7);
	written_by(put, aead_best(), 7);
	key_free(k);
	key_free(put);
}

static void
not_made(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	uint8_t header[BOX_HEADER];
	struct err err = ERR_INIT;

	(void)state;
	assert_null(box_new(put, AEAD_AES_256_GCM, 0, header, &err));
	assert_int_equal(err.code, ERR_DENIED);
	assert_null(box_new(k, AEAD_AES_256_GCM, REALM_NONE, header, &err));
	assert_int_equal(err.code, ERR_DENIED);
	assert_null(box_new(k, 3, 0, header, &err));
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_null(box_new(k, 257, 0, header, &err));
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	key_free(k);
	key_free(put);
	box_free(NULL);
}

/* Points for which all secrets are the same, zeros: RFC 7748, 7. */
static void
all_zero(void **state)
{
	static const char *const points[] = {
		"00000000000000000000000000000000"
		"00000000000000000000000000000000",
		"01000000000000000000000000000000"
		"00000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46a"
		"da098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b"
		"04445cc4581c8e86d8224eddd09f1157",
	};
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	uint8_t pack[PACK_LEN];
	struct err err = ERR_INIT;
	uint32_t realm;

	(void)state;
	unhex(pack_7, pack, sizeof(pack));
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		unhex(points[i], pack + AT_EPH_PK, 32);
		err_clear(&err);
		assert_null(box_open(k, pack, &realm, &err));
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_non_null(strstr(err.text, "hides nothing"));
		unhex(points[i], put->read_pk, 32);
		err_clear(&err);
		assert_null(box_new(put, AEAD_AES_256_GCM, 7, pack, &err));
		assert_int_equal(err.code, ERR_CORRUPT);
		unhex(pack_7, pack, sizeof(pack));
	}
	key_free(k);
	key_free(put);
}

/* A nonce is an offset: a second blob at the same place would end secrecy. */
static void
no_nonce_twice(void **state)
{
	struct key *k = frozen_key();
	uint8_t header[BOX_HEADER], ret[SEALED_LEN];
	struct err err = ERR_INIT;
	struct box *b;
	uint32_t realm;

	(void)state;
	b = box_new(k, AEAD_AES_256_GCM, 0, header, &err);
	assert_non_null(b);
	assert_int_equal(box_seal(b, 0, BODY, BODY_LEN, ret, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(box_seal(b, 127, BODY, BODY_LEN, ret, &err), -1);
	assert_int_equal(box_seal(b, 128, BODY, BODY_LEN, ret, &err), 0);
	assert_int_equal(box_seal(b, 128, BODY, BODY_LEN, ret, &err), -1);
	assert_int_equal(box_seal(b, 128 + SEALED_LEN - 1, "", 0, ret, &err),
			 -1);
	assert_int_equal(box_seal(b, 128 + SEALED_LEN, "", 0, ret, &err), 0);
	assert_int_equal(box_seal(b, 128 + SEALED_LEN, "", 0, ret, &err), -1);
	assert_int_equal(box_seal(b, 4096, BODY, BODY_LEN, ret, &err), 0);
	/* Who writes may look at what was written. */
	assert_int_equal(box_unseal(b, 4096, ret, SEALED_LEN, ret, &err), 0);
	assert_memory_equal(ret, BODY, BODY_LEN);
	box_free(b);

	b = box_open(k, header, &realm, &err);
	assert_non_null(b);
	assert_int_equal(box_seal(b, 8192, BODY, BODY_LEN, ret, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	box_free(b);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen),         cmocka_unit_test(damaged),
		cmocka_unit_test(others),         cmocka_unit_test(made),
		cmocka_unit_test(not_made),       cmocka_unit_test(all_zero),
		cmocka_unit_test(no_nonce_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
