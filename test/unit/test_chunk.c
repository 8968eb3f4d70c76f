/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of pieces, zeros, and the shape of maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "name.h"
#include "tree.h"
#include "zero.h"

/* What HMAC-SHA-256 gives under the key 0..31 for 01, the length 5, "hello":
 * computed with Python's hmac module. */
static const uint8_t HELLO[NAME_BYTES] = {
	0xf6, 0x94, 0x88, 0xf9, 0x13, 0xc5, 0xb7, 0x2c, 0x5f, 0x94, 0xa1,
	0x15, 0x3d, 0x91, 0x49, 0x71, 0x03, 0x87, 0xca, 0x57, 0x6c, 0x59,
	0xb7, 0xa2, 0xa4, 0x3c, 0x01, 0x85, 0x75, 0xe6, 0xbf, 0x29,
};

static void
names(void **state)
{
	struct err e = ERR_INIT;
	uint8_t key[NAME_KEY], a[NAME_BYTES], b[NAME_BYTES];
	struct namer *n;

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	n = namer_new(key, &e);
	assert_non_null(n);
	assert_int_equal(namer_name(n, PIECE_CHUNK, "hello", 5, a, &e), 0);
	assert_memory_equal(a, HELLO, sizeof(a));
	/* Again the same; of another type another. */
	assert_int_equal(namer_name(n, PIECE_CHUNK, "hello", 5, b, &e), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(namer_name(n, PIECE_NODE + 1, "hello", 5, b, &e), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	namer_free(n);
	namer_free(NULL);
	assert_false(name_is_zero(a));
	memset(a, 0, sizeof(a));
	assert_true(name_is_zero(a));
}

static void
zeros(void **state)
{
	unsigned char p[300] = { 0 };

	(void)state;
	assert_true(zero_is(p, 0));
	for (size_t len = 1; len <= sizeof(p); len++) {
		assert_true(zero_is(p, len));
		for (size_t i = 0; i < len; i += 7) {
			p[i] = 1;
			assert_false(zero_is(p, len));
			p[i] = 0;
		}
	}
}

static void
shapes(void **state)
{
	static const struct {
		uint64_t bytes, chunks, leaves;
		unsigned int levels;
	} cases[] = {
		{ 0, 0, 0, 0 },
		{ 1, 1, 1, 1 },
		{ 65536, 1, 1, 1 },
		{ 65537, 2, 1, 1 },
		{ 256 * 65536, 256, 1, 1 },
		{ 256 * 65536 + 1, 257, 2, 2 },
		{ (uint64_t)200 << 30, 3276800, 12800, 3 },
		{ (uint64_t)10 << 40, 167772160, 655360, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tree t;

		assert_int_equal(tree_init(&t, cases[i].bytes, 65536, 8), 0);
		assert_true(t.n[0] == cases[i].chunks);
		assert_true(t.n[1] == cases[i].leaves);
		assert_int_equal(t.levels, cases[i].levels);
		assert_true(t.levels == 0 || t.n[t.levels] == 1);
	}
}

static void
edges(void **state)
{
	struct tree t;

	(void)state;
	assert_int_equal(tree_init(&t, (uint64_t)1 << 63, 65536, 8), -1);
	assert_int_equal(tree_init(&t, INT64_MAX, 4096, 4), 0);
	assert_int_equal(tree_init(&t, 257 * 65536 + 5, 65536, 8), 0);
	assert_int_equal(tree_chunk_bytes(&t, 0), 65536);
	assert_int_equal(tree_chunk_bytes(&t, 257), 5);
	assert_int_equal(tree_children(&t, 1, 0), 256);
	assert_int_equal(tree_children(&t, 1, 1), 2);
	assert_int_equal(tree_children(&t, 2, 0), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(zeros),
		cmocka_unit_test(shapes),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
