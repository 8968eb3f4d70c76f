/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records: frozen ones open; what was damaged, renamed, or made by somebody
 * else does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "seal_help.h"

#define LONGEST 512
#define S_NAME "sessions/00112233445566778899aabbccddeeff"
#define H_NAME "heads/0000000000000001"
#define I_NAME                                   \
	"index/6662d9402fff0afb6c0e4726660546d8" \
	"ba58a4814112b1fe076e9e46c264670d"

/* Of realm 0 by suite 1, of realm 7 by suite 2. */
static const char session_0[] =
	"78736e61707265630100010100000000101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"fe6f4fc4b75b77c0c0e92d7f89ac01fc77a8a2fe20717b059bbfc33f8b6c3288"
	"38c8035200348b540414188030770d683fe45a56128eee333b160b0b916ac8d3";
static const char session_7[] =
	"78736e61707265630100010207000000101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"ddbe3d7c2aced84dd7e83f87dfbca74181585ef4e7ac368df335a28fedf08abb"
	"cb3831755d06143c8434208e8464490c17687b09e56af7dddb81f8aaf13f870a";
static const char head[] =
	"78736e617072656301000301ffffffff101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"191fedc2bf5c1ee938030913955bc30f5f5ce7371f098348e2314911bf35e1e8"
	"56511c9820153f0704cc4e118d56966d2d59c25a522289b849031a0a93b92bab"
	"ec50497707558d1ced9ee9742d4241595e53c17d4fa74805625498961964a008"
	"a5448c85bd36e91a82695fdf21c322d043a463adec1af920db560f3afa";
static const char part[] =
	"78736e61707265630100050100000000101112131415161718191a1b1c1d1e1f"
	"404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	"fe6f4fc4b75b77c0c0e92d7f89ac01fc77a8a2fe20717b059bbfc33f8b6c3288"
	"38c8035200348b54040e13972666427621efa182cebe99f3d9803dc0bac611c2"
	"415bac";

static enum err_code
opened_as(const struct key *k, enum record_kind kind, const char *name,
	  const uint8_t *p, size_t len, const char *body)
{
	uint8_t *copy = test_malloc(len + 1);
	struct err err = ERR_INIT;
	const uint8_t *ret;
	size_t ret_len;
	uint32_t realm;

	memcpy(copy, p, len);
	if (record_open(k, kind, name, copy, len, &ret, &ret_len, &realm,
			&err) == 0) {
		assert_int_equal(err.code, ERR_NONE);
		assert_int_equal(ret_len, strlen(body));
		assert_memory_equal(ret, body, ret_len);
	} else {
		assert_int_not_equal(err.code, ERR_NONE);
		/* It says which. */
		assert_int_equal(strncmp(err.text, name, strlen(name)), 0);
	}
	test_free(copy);
	return err.code;
}

static enum err_code
opened(const struct key *k, enum record_kind kind, const char *name,
       const char *hex, const char *body)
{
	uint8_t bytes[LONGEST];
	size_t len = unhex(hex, bytes, sizeof(bytes));

	return opened_as(k, kind, name, bytes, len, body);
}

static void
frozen(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);

	(void)state;
	assert_int_equal(opened(k, RECORD_SESSION, S_NAME, session_0,
				"a frozen session"),
			 ERR_NONE);
	assert_int_equal(opened(k, RECORD_SESSION, S_NAME, session_7,
				"a frozen session"),
			 ERR_NONE);
	assert_int_equal(opened(put, RECORD_SESSION, S_NAME, session_7,
				"a frozen session"),
			 ERR_NONE);
	assert_int_equal(opened(put, RECORD_SESSION, S_NAME, session_0, ""),
			 ERR_DENIED);
	assert_int_equal(opened(k, RECORD_HEAD, H_NAME, head, "a frozen head"),
			 ERR_NONE);
	assert_int_equal(opened(put, RECORD_HEAD, H_NAME, head,
				"a frozen head"),
			 ERR_NONE);
	assert_int_equal(opened(k, RECORD_INDEX, I_NAME, part,
				"a frozen index part"),
			 ERR_NONE);
	key_free(k);
	key_free(put);
}

static void
every_damage(enum record_kind kind, const char *name, const char *hex,
	     const char *body)
{
	struct key *k = frozen_key();
	uint8_t bytes[LONGEST];
	size_t len = unhex(hex, bytes, sizeof(bytes));

	for (size_t i = 0; i < len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			enum err_code code;

			bytes[i] ^= (uint8_t)(1u << bit);
			code = opened_as(k, kind, name, bytes, len, body);
			bytes[i] ^= (uint8_t)(1u << bit);
			if (i >= 8 && i < 12 && code == ERR_UNSUPPORTED)
				continue; /* a version or suite to come */
			assert_int_equal(code, ERR_CORRUPT);
		}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(opened_as(k, kind, name, bytes, i, body),
				 ERR_CORRUPT);
	bytes[len] = 0;
	assert_int_equal(opened_as(k, kind, name, bytes, len + 1, body),
			 ERR_CORRUPT);
	assert_int_equal(opened_as(k, kind, name, bytes, len, body), ERR_NONE);
	key_free(k);
}

static void
damaged(void **state)
{
	(void)state;
	every_damage(RECORD_SESSION, S_NAME, session_0, "a frozen session");
	every_damage(RECORD_SESSION, S_NAME, session_7, "a frozen session");
	every_damage(RECORD_HEAD, H_NAME, head, "a frozen head");
	every_damage(RECORD_INDEX, I_NAME, part, "a frozen index part");
}

/* Moved, renamed, taken for something else, of others. */
static void
not_this_one(void **state)
{
	struct key *k = frozen_key(), *repo = other_repo();
	struct key *master = other_master();
	static const char renamed[] =
		"sessions/00112233445566778899aabbccddeefe";
	char part_renamed[] = I_NAME;

	(void)state;
	part_renamed[6] ^= 1;
	assert_int_equal(opened(k, RECORD_SESSION, renamed, session_0, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(k, RECORD_HEAD, "heads/0000000000000002", head,
				""),
			 ERR_CORRUPT);
	assert_int_equal(opened(k, RECORD_INDEX, part_renamed, part, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(k, RECORD_OUTCOME, S_NAME, session_0, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(k, RECORD_FORGET, H_NAME, head, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(repo, RECORD_SESSION, S_NAME, session_0, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(master, RECORD_SESSION, S_NAME, session_0, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened(master, RECORD_HEAD, H_NAME, head, ""),
			 ERR_CORRUPT);
	key_free(k);
	key_free(repo);
	key_free(master);
}

/* Who says by its own key that it has another number, kind or realm. */
static void
header_changed(void **state)
{
	struct key *k = frozen_key();
	uint8_t bytes[LONGEST];
	size_t len = unhex(session_0, bytes, sizeof(bytes));

	(void)state;
	bytes[10] = RECORD_OUTCOME;
	assert_int_equal(opened_as(k, RECORD_OUTCOME, S_NAME, bytes, len, ""),
			 ERR_CORRUPT);
	bytes[10] = RECORD_SESSION;
	bytes[12] = 1;
	assert_int_equal(opened_as(k, RECORD_SESSION, S_NAME, bytes, len, ""),
			 ERR_CORRUPT);
	le32_to(bytes + 12, REALM_NONE);
	assert_int_equal(opened_as(k, RECORD_SESSION, S_NAME, bytes, len, ""),
			 ERR_CORRUPT);
	bytes[12] = bytes[13] = bytes[14] = bytes[15] = 0;
	bytes[9] = 1;
	assert_int_equal(opened_as(k, RECORD_SESSION, S_NAME, bytes, len, ""),
			 ERR_UNSUPPORTED);
	bytes[9] = 0;
	bytes[11] = 2;
	assert_int_equal(opened_as(k, RECORD_SESSION, S_NAME, bytes, len, ""),
			 ERR_CORRUPT);
	key_free(k);
}

static struct buf
sealed(const struct key *k, enum record_kind kind, uint32_t realm,
       const char *name, const char *body)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(record_seal(k, kind, realm, name, body, strlen(body),
				     &b, &err),
			 0);
	return b;
}

static void
made(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	struct buf a, b;
	size_t same = 0;

	(void)state;
	a = sealed(put, RECORD_OUTCOME, 7, "outcomes/1", "the body");
	b = sealed(put, RECORD_OUTCOME, 7, "outcomes/1", "the body");
	assert_int_equal(a.len, RECORD_EXTRA + 8);
	assert_int_equal(b.len, a.len);
	for (size_t i = 32; i < a.len; i++)
		same += a.data[i] == b.data[i];
	assert_true(same < 10);
	assert_int_equal(opened_as(put, RECORD_OUTCOME, "outcomes/1", a.data,
				   a.len, "the body"),
			 ERR_NONE);
	assert_int_equal(opened_as(k, RECORD_OUTCOME, "outcomes/1", b.data,
				   b.len, "the body"),
			 ERR_NONE);
	buf_done(&a);
	buf_done(&b);
	a = sealed(k, RECORD_FORGET, 0, "forgets/1", "");
	assert_int_equal(a.len, RECORD_EXTRA + SIGNATURE);
	assert_int_equal(opened_as(put, RECORD_FORGET, "forgets/1", a.data,
				   a.len, ""),
			 ERR_NONE);
	buf_done(&a);
	key_free(k);
	key_free(put);
}

/*
 * A host that is taken over has K_head.  It can seal a head, but the signature
 * in it is not one of a full key.
 */
static void
forged_head(void **state)
{
	struct key *k = frozen_key(), *other = other_master();
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	memcpy(other->head, k->head, KEY_BYTES);
	assert_int_equal(record_seal(other, RECORD_HEAD, REALM_NONE, H_NAME,
				     "body", 4, &b, &err),
			 0);
	assert_int_equal(opened_as(k, RECORD_HEAD, H_NAME, b.data, b.len, ""),
			 ERR_CORRUPT);
	assert_int_equal(opened_as(other, RECORD_HEAD, H_NAME, b.data, b.len,
				   "body"),
			 ERR_NONE);
	buf_done(&b);
	key_free(k);
	key_free(other);
}

static void
not_made(void **state)
{
	struct key *k = frozen_key(), *put = frozen_put_only(7);
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	char longer[300];

	(void)state;
	put_bytes(&b, "before", 6);
	assert_int_equal(
		record_seal(put, RECORD_HEAD, 7, H_NAME, "", 0, &b, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(record_seal(put, RECORD_FORGET, 7, "forgets/1", "", 0,
				     &b, &err),
			 -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(record_seal(put, RECORD_SESSION, 0, S_NAME, "", 0, &b,
				     &err),
			 -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(record_seal(k, RECORD_SESSION, REALM_NONE, S_NAME, "",
				     0, &b, &err),
			 -1);
	assert_int_equal(err.code, ERR_DENIED);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(
		record_seal(k, RECORD_SESSION, 0, longer, "", 0, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(b.len, 6);
	buf_done(&b);
	key_free(k);
	key_free(put);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen),
		cmocka_unit_test(damaged),
		cmocka_unit_test(not_this_one),
		cmocka_unit_test(header_changed),
		cmocka_unit_test(made),
		cmocka_unit_test(forged_head),
		cmocka_unit_test(not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
