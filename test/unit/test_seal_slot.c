/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key slots: frozen ones open, damaged ones do not, nobody but the opener opens
 * them, and none can ask for more work than the ceiling.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seal_help.h"
#include "slot.h"

#define LONGEST 512
#define AT_PASSES 44
#define AT_KIB 48
#define AT_CHECK 68
#define AT_SEALED 126

/* t = 1, 8192 KiB, "correct horse"; salt and nonce count on. */
static const char by_passphrase[] =
	"78736e61706b657901000101101112131415161718191a1b1c1d1e1f60616263"
	"6465666768696a6b6c6d6e6f0100000000200000707172737475767778797a7b"
	"7c7d7e7fb3567e5add67b1f0d9efe0130eeaf240bdb1c07307296c28c8dcb574"
	"7c0c47a9808182838485868788898a8b8c8d8e8f909192939495969738004ddc"
	"f95e93738f9b134c10cbf52449f679a35e9240f489fa72d45f5fc7427c2e47fc"
	"ba1ba40e5445732235f42a2a980501f945e537185877";
/* Put-only, realm 7; the file is a0 a1 .. bf. */
static const char by_file[] =
	"78736e61706b657901000202101112131415161718191a1b1c1d1e1f60616263"
	"6465666768696a6b6c6d6e6f0000000000000000707172737475767778797a7b"
	"7c7d7e7fc386fece7ea520a3576ce4ee6ccb1ef214becb13688e4db153a04d16"
	"7b2d762a808182838485868788898a8b8c8d8e8f90919293949596979b006a44"
	"b805272685a7855203249903b267ff08f0cf5db5cf87dbd2b823eeaf672ed358"
	"18b3fb84980e395612ec2679e0b7c645dd84d85a09f611fcc7a89de0ad86f50e"
	"51033e1b114c30ccaa1f9a35749def8c04d59082641d2d79930cc68467596d99"
	"ef60b222880280fbc1af4756cec55b4bbecf8c43b13f5aa345a1fff9972d1d11"
	"41959efcfacb8b94e75c704431d27b59685d5b9c90d74cb710";

static const char frozen_phrase[] = "correct horse";
static uint8_t frozen_raw[32];
static char label[SLOT_LABEL];

static struct slot_opener
phrase(const char *p, size_t len)
{
	return (struct slot_opener){ SLOT_PASSPHRASE, p, len };
}

static struct slot_opener
file(void)
{
	counting(frozen_raw, 0xa0, sizeof(frozen_raw));
	return (struct slot_opener){ SLOT_KEY_FILE, frozen_raw, 32 };
}

static enum err_code
opened(const uint8_t *p, size_t len, struct slot_opener o)
{
	struct err err = ERR_INIT;
	struct key *k = NULL;
	int rc = slot_open(p, len, &o, &k, label, &err);

	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	if (rc)
		assert_null(k);
	key_free(k);
	return err.code;
}

static void
frozen(void **state)
{
	struct slot_opener o = phrase(frozen_phrase, 13);
	struct key *k, *same = frozen_key(), *put = frozen_put_only(7);
	struct err err = ERR_INIT;
	uint8_t bytes[LONGEST];
	size_t len;

	(void)state;
	len = unhex(by_passphrase, bytes, sizeof(bytes));
	assert_int_equal(slot_open(bytes, len, &o, &k, label, &err), 0);
	assert_string_equal(label, "frozen");
	assert_memory_equal(k, same, sizeof(*k));
	key_free(k);
	len = unhex(by_file, bytes, sizeof(bytes));
	o = file();
	assert_int_equal(slot_open(bytes, len, &o, &k, label, &err), 0);
	assert_string_equal(label, "host7");
	assert_memory_equal(k, put, sizeof(*k));
	key_free(k);
	key_free(same);
	key_free(put);
}

static void
looked_at(void **state)
{
	struct err err = ERR_INIT;
	struct slot_info info;
	uint8_t bytes[LONGEST], id[SLOT_ID];
	size_t len = unhex(by_passphrase, bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(slot_look(bytes, len, &info, &err), 0);
	counting(id, 0x60, sizeof(id));
	assert_memory_equal(info.id, id, sizeof(id));
	counting(id, 0x10, sizeof(id));
	assert_memory_equal(info.repo_id, id, sizeof(id));
	assert_true(info.full);
	assert_int_equal(info.kdf, SLOT_PASSPHRASE);
	assert_int_equal(info.passes, 1);
	assert_int_equal(info.kib, SLOT_KIB_MIN);
	len = unhex(by_file, bytes, sizeof(bytes));
	assert_int_equal(slot_look(bytes, len, &info, &err), 0);
	assert_false(info.full);
	assert_int_equal(info.kdf, SLOT_KEY_FILE);
}

/* Every bit where it costs nothing, one of each byte where it costs Argon2. */
static void
every_flip(const char *hex, struct slot_opener o, unsigned int bits)
{
	uint8_t bytes[LONGEST];
	size_t len = unhex(hex, bytes, sizeof(bytes));

	assert_int_equal(opened(bytes, len, o), ERR_NONE);
	for (size_t i = 0; i < len; i++)
		for (unsigned int bit = 0; bit < bits; bit++) {
			enum err_code code;

			bytes[i] ^= (uint8_t)(1u << bit);
			code = opened(bytes, len, o);
			bytes[i] ^= (uint8_t)(1u << bit);
			assert_int_not_equal(code, ERR_NONE);
			if (i >= AT_CHECK + 32)
				assert_int_equal(code, ERR_CORRUPT);
		}
	assert_int_equal(opened(bytes, len, o), ERR_NONE);
}

static void
every_length(const char *hex, struct slot_opener o)
{
	uint8_t bytes[LONGEST];
	size_t len = unhex(hex, bytes, sizeof(bytes));

	for (size_t i = 0; i < len; i++) {
		uint8_t *copy = test_malloc(i + 1);

		memcpy(copy, bytes, i);
		assert_int_equal(opened(copy, i, o), ERR_CORRUPT);
		test_free(copy);
	}
	bytes[len] = 0;
	assert_int_equal(opened(bytes, len + 1, o), ERR_CORRUPT);
}

static void
damaged(void **state)
{
	(void)state;
	every_flip(by_passphrase, phrase(frozen_phrase, 13), 1);
	every_flip(by_file, file(), 8);
	every_length(by_passphrase, phrase(frozen_phrase, 13));
	every_length(by_file, file());
}

static enum err_code
with_costs(uint32_t passes, uint32_t kib)
{
	uint8_t bytes[LONGEST];
	size_t len = unhex(by_passphrase, bytes, sizeof(bytes));
	struct err err = ERR_INIT;
	struct slot_info info;

	le32_to(bytes + AT_PASSES, passes);
	le32_to(bytes + AT_KIB, kib);
	if (slot_look(bytes, len, &info, &err))
		assert_int_equal(opened(bytes, len, phrase(frozen_phrase, 13)),
				 err.code);
	return err.code;
}

/* Refused as what it is, not because 4 TiB were not to be had. */
static void
costs(void **state)
{
	(void)state;
	assert_int_equal(with_costs(SLOT_PASSES_MAX, SLOT_KIB_MAX), ERR_NONE);
	assert_int_equal(with_costs(0, SLOT_KIB_MIN), ERR_CORRUPT);
	assert_int_equal(with_costs(SLOT_PASSES_MAX + 1, SLOT_KIB_MIN),
			 ERR_CORRUPT);
	assert_int_equal(with_costs(UINT32_MAX, SLOT_KIB_MIN), ERR_CORRUPT);
	assert_int_equal(with_costs(1, 0), ERR_CORRUPT);
	assert_int_equal(with_costs(1, SLOT_KIB_MIN - 1), ERR_CORRUPT);
	assert_int_equal(with_costs(1, SLOT_KIB_MAX + 1), ERR_CORRUPT);
	assert_int_equal(with_costs(1, UINT32_MAX), ERR_CORRUPT);
}

static void
newer(void **state)
{
	uint8_t bytes[LONGEST];
	size_t len = unhex(by_file, bytes, sizeof(bytes));

	(void)state;
	bytes[8] = 2;
	assert_int_equal(opened(bytes, len, file()), ERR_UNSUPPORTED);
	/* Whatever a version 2 looks like behind that. */
	assert_int_equal(opened(bytes, 20, file()), ERR_UNSUPPORTED);
	bytes[8] = 0;
	assert_int_equal(opened(bytes, len, file()), ERR_CORRUPT);
	bytes[8] = 1;
	bytes[10] = 3;
	assert_int_equal(opened(bytes, len, file()), ERR_UNSUPPORTED);
	bytes[10] = 2;
	bytes[11] = 3;
	assert_int_equal(opened(bytes, len, file()), ERR_UNSUPPORTED);
}

static void
wrong_opener(void **state)
{
	struct slot_opener o = file();
	uint8_t bytes[LONGEST];
	size_t len = unhex(by_passphrase, bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(opened(bytes, len, phrase("Correct horse", 13)),
			 ERR_DENIED);
	assert_int_equal(opened(bytes, len, phrase("correct horse\0", 14)),
			 ERR_DENIED);
	assert_int_equal(opened(bytes, len, phrase("correct hors", 12)),
			 ERR_DENIED);
	assert_int_equal(opened(bytes, len, phrase("", 0)), ERR_DENIED);
	assert_int_equal(opened(bytes, len, phrase(NULL, 0)), ERR_DENIED);
	assert_int_equal(opened(bytes, len, o), ERR_DENIED);
	len = unhex(by_file, bytes, sizeof(bytes));
	assert_int_equal(opened(bytes, len, phrase(frozen_phrase, 13)),
			 ERR_DENIED);
	o.len = 31;
	assert_int_equal(opened(bytes, len, o), ERR_DENIED);
	o.len = 32;
	frozen_raw[31] ^= 1;
	assert_int_equal(opened(bytes, len, o), ERR_DENIED);
}

static int
seal(const char *text, struct slot_opener o, uint32_t passes, uint32_t kib,
     struct buf *b, struct err *err)
{
	struct key *k = frozen_key();
	uint8_t id[SLOT_ID];
	int rc = slot_seal(k, text, &o, passes, kib, b, id, err);

	key_free(k);
	return rc;
}

static void
made(void **state)
{
	struct slot_opener o = phrase("a\0b", 3);
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct err err = ERR_INIT;
	size_t same = 0;

	(void)state;
	put_bytes(&a, "before", 6); /* it is appended */
	assert_int_equal(seal("x \xc3\xa4", o, 1, SLOT_KIB_MIN, &a, &err), 0);
	assert_int_equal(seal("x \xc3\xa4", o, 1, SLOT_KIB_MIN, &b, &err), 0);
	assert_int_equal(a.len, b.len + 6);
	assert_int_equal(opened(a.data + 6, a.len - 6, o), ERR_NONE);
	assert_string_equal(label, "x \xc3\xa4");
	assert_int_equal(opened(b.data, b.len, phrase("a", 1)), ERR_DENIED);
	assert_int_equal(opened(b.data, b.len, phrase("a\0c", 3)), ERR_DENIED);
	/* Nothing but what both say of themselves is the same. */
	for (size_t i = 52; i < b.len; i++)
		same += a.data[6 + i] == b.data[i];
	assert_true(same < 10);
	assert_memory_not_equal(a.data + 6 + 28, b.data + 28, SLOT_ID);
	buf_done(&a);
	buf_done(&b);
}

static void
not_made(void **state)
{
	char longer[SLOT_LABEL + 1];
	struct slot_opener o = file();
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	memset(longer, 'x', SLOT_LABEL);
	longer[SLOT_LABEL] = '\0';
	assert_int_equal(seal("x\ny", o, 0, 0, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(seal("\xe4", o, 0, 0, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(seal("x", phrase("", 0), 1, 8192, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(seal("x", phrase("a", 1), 1, 8191, &b, &err), -1);
	assert_int_equal(seal("x", phrase("a", 1), 65, 8192, &b, &err), -1);
	assert_int_equal(seal(longer, o, 0, 0, &b, &err), -1);
	o.len = 33;
	assert_int_equal(seal("x", o, 0, 0, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(b.len, 0);
	longer[SLOT_LABEL - 1] = '\0';
	o = file();
	assert_int_equal(seal(longer, o, 0, 0, &b, &err), 0);
	assert_int_equal(opened(b.data, b.len, o), ERR_NONE);
	assert_string_equal(label, longer);
	buf_done(&b);
}

/* Opened by the right one, and yet no key. */
static void
no_key_inside(void **state)
{
	struct key *k = frozen_put_only(7);
	struct slot_opener o = file();
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t id[SLOT_ID];

	(void)state;
	k->realm = 0;
	assert_int_equal(slot_seal(k, "", &o, 0, 0, &b, id, &err), 0);
	assert_int_equal(opened(b.data, b.len, o), ERR_CORRUPT);
	buf_done(&b);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen),        cmocka_unit_test(looked_at),
		cmocka_unit_test(damaged),       cmocka_unit_test(costs),
		cmocka_unit_test(newer),         cmocka_unit_test(wrong_opener),
		cmocka_unit_test(made),          cmocka_unit_test(not_made),
		cmocka_unit_test(no_key_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
