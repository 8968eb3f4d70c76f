/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fields put and taken: what was put comes back, what does not fit never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "take.h"

static void
fill(struct buf *b)
{
	put_u8(b, 0xab);
	put_u16(b, 0x1234);
	put_u32(b, 0xdeadbeef);
	put_u64(b, 0x0102030405060708);
	put_bytes(b, "xyz", 3);
	put_zeros(b, 5);
	put_text(b, "a text");
}

static void
there_and_back(void **state)
{
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT;
	char text[16], raw[3];
	struct take t;

	(void)state;
	fill(&b);
	assert_int_equal(buf_check(&b, &e), 0);
	assert_int_equal(b.data[1], 0x34);
	t = take_from(b.data, b.len);
	assert_int_equal(take_u8(&t), 0xab);
	assert_int_equal(take_u16(&t), 0x1234);
	assert_int_equal(take_u32(&t), 0xdeadbeef);
	assert_true(take_u64(&t) == 0x0102030405060708);
	take_bytes(&t, raw, 3);
	assert_memory_equal(raw, "xyz", 3);
	take_zeros(&t, 5);
	take_text(&t, text, sizeof(text));
	assert_string_equal(text, "a text");
	assert_int_equal(take_end(&t, "it", &e), 0);
	buf_done(&b);
	assert_null(b.data);
}

/* Cut anywhere it is too short, and nothing is read behind its end. */
static void
too_short(void **state)
{
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	fill(&b);
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *copy = test_malloc(len + 1);
		struct take t;
		char text[16], raw[3];

		memcpy(copy, b.data, len);
		t = take_from(copy, len);
		take_u8(&t);
		take_u16(&t);
		take_u32(&t);
		take_u64(&t);
		take_bytes(&t, raw, 3);
		take_zeros(&t, 5);
		take_text(&t, text, sizeof(text));
		assert_int_equal(take_end(&t, "it", &e), -1);
		assert_int_equal(e.code, ERR_CORRUPT);
		assert_string_equal(e.text, "it: it is too short");
		test_free(copy);
	}
	buf_done(&b);
}

static void
wrong(const void *p, size_t len, void (*take)(struct take *), const char *why)
{
	struct take t = take_from(p, len);
	struct err e = ERR_INIT;

	take(&t);
	assert_int_equal(take_end(&t, "it", &e), -1);
	assert_string_equal(e.text, why);
}

static void
text8(struct take *t)
{
	char text[8];

	take_text(t, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text));
}

static void
zeros3(struct take *t)
{
	take_zeros(t, 3);
}

static void
count4(struct take *t)
{
	assert_int_equal(take_count(t, 4, 5), 0);
}

static void
nothing(struct take *t)
{
	(void)t;
}

static void
refused(void **state)
{
	(void)state;
	wrong("\x08\0abcdefgh", 10, text8, "it: a text is too long");
	wrong("\x03\0a\033b", 5, text8, "it: a text has control characters");
	wrong("\x03\0a\0b", 5, text8, "it: a text has control characters");
	wrong("\03\0a\xe4z", 5, text8, "it: a text is no UTF-8");
	wrong("\02\0\xc0\x80", 4, text8, "it: a text is no UTF-8");
	wrong("\0\1\0", 3, zeros3, "it: reserved bytes are set");
	wrong("\2\0\0\0abcdefg", 11, count4,
	      "it: a number of things cannot be");
	wrong("\6\0\0\0abcdabcdabcdabcdabcdabcd", 28, count4,
	      "it: a number of things cannot be");
	wrong("abc", 3, nothing, "it: 3 bytes too many at its end");
}

static void
counts(void **state)
{
	struct take t = take_from("\2\0\0\0abcdefgh", 12);

	(void)state;
	assert_int_equal(take_count(&t, 4, 5), 2);
	assert_ptr_not_equal(take_skip(&t, 8), NULL);
}

/* Names come from guests: what would drive a terminal is escaped. */
static void
text_is_clean(void **state)
{
	struct buf b = BUF_INIT;
	char longer[2 * TEXT_MAX];

	(void)state;
	put_text(&b, "a\n\033[2Jb\x7f\xff\xc3\xa4\\");
	assert_int_equal(b.len, 26);
	assert_memory_equal(b.data,
			    "\x18\0"
			    "a\\x0a\\x1b[2Jb\\x7f\\xff\xc3\xa4\\",
			    26);
	buf_done(&b);
	/* Never half an escape, nor half a character. */
	put_text_into(&b,
		      "ab\xff"
		      "c",
		      7);
	assert_memory_equal(b.data, "\6\0ab\\xff", 8);
	buf_done(&b);
	put_text_into(&b,
		      "ab\xff"
		      "c",
		      6);
	assert_memory_equal(b.data, "\2\0ab", 4);
	buf_done(&b);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	put_text(&b, longer);
	assert_int_equal(b.len, 2 + TEXT_MAX);
	buf_wipe(&b);
}

static void
no_room(void **state)
{
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	put_u8(&b, 1);
	assert_null(buf_more(&b, SIZE_MAX / 2));
	put_u8(&b, 2);
	assert_int_equal(b.len, 1);
	assert_int_equal(buf_check(&b, &e), -1);
	assert_int_equal(e.code, ERR_NOMEM);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(too_short),
		cmocka_unit_test(refused),        cmocka_unit_test(counts),
		cmocka_unit_test(text_is_clean),  cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
