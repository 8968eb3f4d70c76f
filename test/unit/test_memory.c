/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_memory.c - a save file as two images, and back: the one form that comes
 * of it, whatever the order and number of its pages were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory_in.h"
#include "save_help.h"
#include "scratch.h"
#include "stream.h"

static void
assert_joined(const struct buf *want, size_t step)
{
	struct err err = ERR_INIT;
	size_t len;
	char *is;

	assert_int_equal(save_join(step, NULL, &err), 0);
	is = scratch_get("again", &len);
	assert_int_equal(len, want->len);
	assert_memory_equal(is, want->data, len);
	free(is);
}

static void
assert_becomes(const struct buf *save, const struct buf *want)
{
	struct err err = ERR_INIT;

	if (save_split(save, &err))
		fail_msg("%s", err.text);
	assert_joined(want, STREAM_PAGE);
	assert_joined(want, 256 * STREAM_PAGE);
	assert_joined(want, 1500 * STREAM_PAGE);
}

static void
test_canonical(void **state)
{
	struct buf save = BUF_INIT;

	(void)state;
	put_canonical(&save, 3);
	assert_becomes(&save, &save);
	buf_done(&save);
}

/* The last one counts, also when it says that there is none any more. */
static void
test_live(void **state)
{
	struct buf save = BUF_INIT, want = BUF_INIT;

	(void)state;
	put_canonical(&want, 3);
	put_head(&save);
	put_pages(&save, 4000, 1, NOTAB, 3);
	put_pages(&save, 0, 1326, NOTAB, 1);
	put_pages(&save, 5, 700, NOTAB, 2);
	put_record(&save, 0x80000077, "of a kind that may be passed over");
	put_pages(&save, 1299, 1, XTAB, 0);
	put_pages(&save, 1300, 25, XTAB, 0);
	put_pages(&save, 0, 1300, NOTAB, 3);
	put_pages(&save, 1325, 1, BROKEN, 0);
	/* What only would be compared. */
	put_record(&save, 0xd, "");
	put_pages(&save, 7, 9, NOTAB, 77);
	put_pages(&save, 4500, 9, NOTAB, 77);
	put_tail(&save);
	/* The other record comes behind the pages. */
	want.len = 0;
	put_canonical(&want, 3);
	{
		struct buf tail = BUF_INIT;

		put_tail(&tail);
		want.len -= tail.len;
		put_record(&want, 0x80000077,
			   "of a kind that may be passed over");
		put_tail(&want);
		buf_done(&tail);
	}
	assert_becomes(&save, &want);
	buf_done(&save);
	buf_done(&want);
}

/* A hole of 16 GiB of numbers is none of the file, and takes no time. */
static void
test_far(void **state)
{
	struct buf save = BUF_INIT;
	struct err err = ERR_INIT;
	struct memory_in *m;
	uint64_t bytes, at = 0, len = 0;
	const struct reader *r;
	int fd, dir = scratch_dir("");

	(void)state;
	put_head(&save);
	put_pages(&save, 10, 2, NOTAB, 0);
	put_pages(&save, 4u << 20, 3, NOTAB, 0);
	put_tail(&save);
	scratch_put("save", save.data, save.len);
	fd = scratch_open("save");
	assert_int_equal(memory_in_open(fd, dir, &m, &err), 0);
	r = memory_in_pages(m, &bytes);
	assert_int_equal(bytes, ((4ull << 20) + 3) * STREAM_PAGE);
	assert_int_equal(reader_next_data(r, bytes, &at, &len, &err), 1);
	assert_int_equal(at, 10 * STREAM_PAGE);
	assert_int_equal(len, 2 * STREAM_PAGE);
	at += len;
	assert_int_equal(reader_next_data(r, bytes, &at, &len, &err), 1);
	assert_int_equal(at, (4ull << 20) * STREAM_PAGE);
	assert_int_equal(len, 3 * STREAM_PAGE);
	at += len;
	assert_int_equal(reader_next_data(r, bytes, &at, &len, &err), 0);
	memory_in_close(m);
	close(fd);
	close(dir);
	buf_done(&save);
}

static void
test_nothing(void **state)
{
	struct buf save = BUF_INIT;

	(void)state;
	put_head(&save);
	put_tail(&save);
	assert_becomes(&save, &save);
	buf_done(&save);
}

static void
test_config(void **state)
{
	struct buf save = BUF_INIT;
	struct err err = ERR_INIT;
	const char *other = "{\"name\": \"another\"}";
	size_t len, was = SAVE_HEADER, is = 52 + strlen(other) + 1;
	char *again;

	(void)state;
	put_canonical(&save, 0);
	assert_int_equal(save_split(&save, &err), 0);
	assert_int_equal(save_join(STREAM_PAGE, other, &err), 0);
	again = scratch_get("again", &len);
	assert_int_equal(len, save.len - was + is);
	assert_string_equal(again + 52, other);
	assert_memory_equal(again + is, save.data + was, len - is);
	free(again);
	buf_done(&save);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_canonical, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_live, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_far, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_nothing, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_config, scratch_begin,
						scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
