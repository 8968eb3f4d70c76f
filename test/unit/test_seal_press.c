/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compression: there and back; frames that claim, hold or want more than they
 * may are refused before or at their length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "press.h"

#define MIB ((size_t)1 << 20)

/* "abc" as it is, in a frame by hand: RFC 8878, 3.1.1. */
static const uint8_t abc[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 3,
			       0x19, 0,    0,    'a',  'b',  'c' };
static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 3,  0,
				     0,    0,    'x',  'y',  'z' };

/* Half noise, half not. */
static void
fill(uint8_t *p, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		p[i] = (uint8_t)(i / 512 % 2 ? seed >> 24 : i / 4096);
	}
}

static enum err_code
expanded(const uint8_t *p, size_t len, size_t raw_len)
{
	struct err err = ERR_INIT;
	struct press *c = press_new(1, &err);
	/* Just as long: the sanitizer sees whatever is written behind. */
	uint8_t *ret = malloc(raw_len ? raw_len : 1);
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(c);
	memcpy(copy, p, len);
	rc = press_expand(c, copy, len, ret, raw_len, &err);
	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	free(ret);
	free(copy);
	press_free(c);
	return err.code;
}

static void
there_and_back(void **state)
{
	static const size_t lengths[] = { 0,          1,     100,
					  4096,       65536, 99999,
					  MIB - 4096, MIB,   MIB + 5000 };
	uint8_t *raw = malloc(2 * MIB), *in = malloc(2 * MIB);
	uint8_t *out = malloc(2 * MIB);
	struct err err = ERR_INIT;

	(void)state;
	for (int level = 1; level <= PRESS_LEVEL_MAX; level += 6) {
		struct press *c = press_new(level, &err);

		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths);
		     i++) {
			size_t len = lengths[i];
			long n;

			fill(raw, len, (unsigned int)i);
			n = press(c, raw, len, in, 2 * MIB, &err);
			assert_true(n > 0);
			assert_int_equal(in[4] & 0x04, 0); /* no checksum */
			assert_int_equal(press_expand(c, in, (size_t)n, out,
						      len, &err),
					 0);
			assert_memory_equal(raw, out, len);
		}
		press_free(c);
	}
	free(raw);
	free(in);
	free(out);
}

static void
not_shorter(void **state)
{
	uint8_t raw[4096], ret[8192];
	struct err err = ERR_INIT;
	struct press *c = press_new(PRESS_LEVEL_DEFAULT, &err);
	unsigned int seed = 1;
	long n;

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i++) {
		seed = seed * 1103515245u + 12345u;
		raw[i] = (uint8_t)(seed >> 24);
	}
	assert_int_equal(press(c, raw, sizeof(raw), ret, sizeof(raw), &err), 0);
	memset(raw, 'x', sizeof(raw));
	n = press(c, raw, sizeof(raw), ret, sizeof(raw), &err);
	assert_true(n > 0 && n < 100);
	assert_int_equal(press(c, raw, sizeof(raw), ret, (size_t)n, &err), 0);
	assert_int_equal(press(c, raw, sizeof(raw), ret, (size_t)n + 64, &err),
			 n);
	assert_int_equal(err.code, ERR_NONE);
	press_free(c);
	press_free(NULL);
	assert_null(press_new(0, &err));
	assert_null(press_new(PRESS_LEVEL_MAX + 1, &err));
	assert_int_equal(err.code, ERR_INVALID);
}

/* Zeros by the library itself, with and without their length in the frame. */
static size_t
bomb(size_t len, uint8_t *ret, size_t room, int with_length)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	uint8_t *zeros = calloc(1, len);
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, with_length);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 20);
	n = ZSTD_compress2(c, ret, room, zeros, len);
	assert_false(ZSTD_isError(n));
	free(zeros);
	ZSTD_freeCCtx(c);
	return n;
}

static void
bombs(void **state)
{
	uint8_t ret[65536];
	size_t n;

	(void)state;
	n = bomb(64 * MIB, ret, sizeof(ret), 1);
	assert_int_equal(expanded(ret, n, MIB), ERR_CORRUPT);
	n = bomb(64 * MIB, ret, sizeof(ret), 0);
	assert_int_equal(expanded(ret, n, MIB), ERR_CORRUPT);
	/* Claims 5000 bytes, two of them here, plus 256, and holds as many. */
	n = bomb(5000, ret, sizeof(ret), 1);
	assert_int_equal(ret[4], 0x60);
	assert_int_equal(ret[5] | ret[6] << 8, 5000 - 256);
	assert_int_equal(expanded(ret, n, 5000), ERR_NONE);
	assert_int_equal(expanded(ret, n, 4999), ERR_CORRUPT);
	assert_int_equal(expanded(ret, n, 5001), ERR_CORRUPT);
	assert_int_equal(expanded(ret, n, 0), ERR_CORRUPT);
	ret[5]--; /* claims less than it holds */
	assert_int_equal(expanded(ret, n, 4999), ERR_CORRUPT);
	ret[5] = (uint8_t)(ret[5] + 2); /* and more */
	assert_int_equal(expanded(ret, n, 5001), ERR_CORRUPT);
}

static void
windows(void **state)
{
	uint8_t *ret = malloc(2 * MIB);
	size_t n = bomb(2 * MIB, ret, 2 * MIB, 1);

	(void)state;
	assert_int_equal(ret[4] & 0x20, 0);
	assert_int_equal(ret[5], 10 << 3); /* 2^20 */
	assert_int_equal(expanded(ret, n, 2 * MIB), ERR_NONE);
	for (unsigned int w = (10 << 3) + 1; w < 256; w++) {
		ret[5] = (uint8_t)w;
		assert_int_equal(expanded(ret, n, 2 * MIB), ERR_CORRUPT);
	}
	free(ret);
}

/* Of one segment all is the window: MIB and one of zeros, in RLE blocks. */
static void
one_segment(void **state)
{
	uint8_t frame[64] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x10, 0 };
	size_t at = 9;

	(void)state;
	for (size_t i = 0; i < 8; i++) { /* 128 KiB each */
		frame[at] = i == 7 ? 3 : 2;
		frame[at + 2] = 0x10;
		at += 4;
	}
	assert_int_equal(expanded(frame, at, MIB), ERR_NONE);
	frame[5] = 1;
	frame[at - 4] = 2;
	frame[at] = 1 | 2 | 1 << 3;
	assert_int_equal(expanded(frame, at + 4, MIB + 1), ERR_CORRUPT);
}

static enum err_code
joined(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
       size_t raw_len)
{
	uint8_t all[64];

	memcpy(all, a, a_len);
	memcpy(all + a_len, b, b_len);
	return expanded(all, a_len + b_len, raw_len);
}

static void
one_frame_only(void **state)
{
	static const uint8_t empty[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20,
					 0,    0x01, 0,    0 };
	size_t skip = sizeof(skippable);

	(void)state;
	assert_int_equal(expanded(abc, sizeof(abc), 3), ERR_NONE);
	assert_int_equal(expanded(empty, sizeof(empty), 0), ERR_NONE);
	assert_int_equal(expanded(skippable, skip, 0), ERR_CORRUPT);
	assert_int_equal(expanded(skippable, skip, 3), ERR_CORRUPT);
	assert_int_equal(joined(skippable, skip, abc, sizeof(abc), 3),
			 ERR_CORRUPT);
	assert_int_equal(joined(abc, sizeof(abc), skippable, skip, 3),
			 ERR_CORRUPT);
	assert_int_equal(joined(abc, sizeof(abc), abc, sizeof(abc), 6),
			 ERR_CORRUPT);
	assert_int_equal(joined(abc, sizeof(abc), abc, sizeof(abc), 3),
			 ERR_CORRUPT);
	assert_int_equal(joined(abc, sizeof(abc), empty, sizeof(empty), 3),
			 ERR_CORRUPT);
	assert_int_equal(joined(abc, sizeof(abc), empty, 1, 3), ERR_CORRUPT);
	for (size_t len = 0; len < sizeof(abc); len++)
		assert_int_equal(expanded(abc, len, 3), ERR_CORRUPT);
}

/* Its number is in the frame; and one whose number is not. */
static void
dictionaries(void **state)
{
	static const uint8_t numbered[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x21, 5,  3,
					    0x19, 0,    0,    'a',  'b',  'c' };
	uint8_t dictionary[4096], ret[8192];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	(void)state;
	assert_int_equal(expanded(numbered, sizeof(numbered), 3), ERR_CORRUPT);
	for (size_t i = 0; i < sizeof(dictionary); i++)
		dictionary[i] = (uint8_t)(i * i >> 3);
	n = ZSTD_compress_usingDict(c, ret, sizeof(ret), dictionary + 1000,
				    2000, dictionary, sizeof(dictionary), 1);
	assert_false(ZSTD_isError(n));
	assert_int_equal(expanded(ret, n, 2000), ERR_CORRUPT);
	ZSTD_freeCCtx(c);
}

/* The formats of before version 0.8, which the library can still read. */
static void
old_formats(void **state)
{
	uint8_t bytes[sizeof(abc)];

	(void)state;
	memcpy(bytes, abc, sizeof(abc));
	for (unsigned int magic = 0x1e; magic < 0x28; magic++) {
		bytes[0] = (uint8_t)magic;
		assert_int_equal(expanded(bytes, sizeof(bytes), 3),
				 ERR_CORRUPT);
	}
}

/* Whatever it says then, it writes no more than it may. */
static void
every_flip(void **state)
{
	uint8_t raw[3000], in[4096];
	struct err err = ERR_INIT;
	struct press *c = press_new(3, &err);
	long n;

	(void)state;
	fill(raw, sizeof(raw), 7);
	n = press(c, raw, sizeof(raw), in, sizeof(in), &err);
	press_free(c);
	assert_true(n > 0);
	for (long i = 0; i < n; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			in[i] ^= (uint8_t)(1u << bit);
			expanded(in, (size_t)n, sizeof(raw));
			in[i] ^= (uint8_t)(1u << bit);
		}
	for (long i = 0; i < n; i++)
		assert_int_equal(expanded(in, (size_t)i, sizeof(raw)),
				 ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(not_shorter),
		cmocka_unit_test(bombs),
		cmocka_unit_test(windows),
		cmocka_unit_test(one_segment),
		cmocka_unit_test(one_frame_only),
		cmocka_unit_test(dictionaries),
		cmocka_unit_test(old_formats),
		cmocka_unit_test(every_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
