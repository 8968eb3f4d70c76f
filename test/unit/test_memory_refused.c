/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_memory_refused.c - save files that are none, and images of a memory that
 * nobody of us made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "save_help.h"
#include "scratch.h"
#include "stream.h"

/* ---- what is refused ---- */

static void
assert_refused(const struct buf *save, enum err_code code)
{
	struct err err = ERR_INIT;

	assert_int_equal(save_split(save, &err), -1);
	if (err.code != code)
		fail_msg("code %d: %s", err.code, err.text);
}

static void
test_cut(void **state)
{
	struct buf save = BUF_INIT;

	(void)state;
	put_head(&save);
	put_pages(&save, 0, 2, NOTAB, 0);
	put_tail(&save);
	for (size_t all = save.len, len = 0;
	     len<all; len += len> 400 && len < all - 200 ? 61 : 1) {
		save.len = len;
		assert_refused(&save, ERR_CORRUPT);
	}
	buf_done(&save);
}

static void
refused_page(uint64_t entry, unsigned int pages, enum err_code code)
{
	struct buf save = BUF_INIT;
	struct err err = ERR_INIT;

	put_head(&save);
	put_u32(&save, 1);
	put_u32(&save, 16 + STREAM_PAGE * pages);
	put_u32(&save, 1);
	put_u32(&save, 0);
	put_u64(&save, entry);
	put_zeros(&save, (size_t)STREAM_PAGE * pages);
	put_tail(&save);
	if (code)
		assert_refused(&save, code);
	else
		assert_int_equal(save_split(&save, &err), 0);
	buf_done(&save);
}

static void
test_pages(void **state)
{
	(void)state;
	refused_page(STREAM_ENTRY(3, NOTAB), 1, ERR_NONE);
	refused_page(STREAM_ENTRY(3, XTAB), 0, ERR_NONE);
	refused_page(STREAM_ENTRY(3, NOTAB), 0, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(3, NOTAB), 2, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(3, XTAB), 1, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(3, 5), 1, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(3, 8), 1, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(STREAM_PFNS_MAX, NOTAB), 1, ERR_CORRUPT);
	refused_page(STREAM_ENTRY(UINT64_C(1) << 52, NOTAB), 1, ERR_CORRUPT);
}

static void
test_records(void **state)
{
	static const uint32_t bad[] = { 0xb, 0xe, 0xf, 0x13, 0x7fffffff };
	struct buf save = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		save.len = 0;
		put_head(&save);
		put_record(&save, bad[i], "");
		put_tail(&save);
		assert_refused(&save, ERR_UNSUPPORTED);
	}
	buf_done(&save);
}

/* ---- a frame that is not what we made ---- */

static void
change_frame(uint64_t at, const void *p, size_t len)
{
	size_t all;
	char *frame = scratch_get("frame", &all);

	assert_true(at + len <= all);
	memcpy(frame + at, p, len);
	scratch_put("frame", frame, all);
	free(frame);
}

static void
assert_frame_refused(const char *what)
{
	struct err err = ERR_INIT;

	if (save_join(STREAM_PAGE, NULL, &err) == 0)
		fail_msg("%s: taken", what);
	if (err.code != ERR_CORRUPT)
		fail_msg("%s: code %d: %s", what, err.code, err.text);
}

static void
test_frame(void **state)
{
	struct buf save = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t number[8], type = 7;
	size_t len;
	char *frame;
	struct frame f;

	(void)state;
	put_canonical(&save, 0);
	assert_int_equal(save_split(&save, &err), 0);
	frame = scratch_get("frame", &len);
	assert_int_equal(frame_decode((uint8_t *)frame, len, &f, &err), 0);

	/* The pages in the middle of a record; before all records; behind. */
	le64_to(number, f.before - 1);
	change_frame(16, number, 8);
	le64_to(number, f.behind + 1);
	change_frame(24, number, 8);
	assert_frame_refused("within a record");
	le64_to(number, SAVE_HEADER + 16);
	change_frame(16, number, 8);
	le64_to(number, f.before + f.behind - SAVE_HEADER - 16);
	change_frame(24, number, 8);
	assert_frame_refused("in libxl's records");
	le64_to(number, f.before + f.behind);
	change_frame(16, number, 8);
	le64_to(number, 0);
	change_frame(24, number, 8);
	assert_frame_refused("behind all");
	scratch_put("frame", frame, len);

	change_frame(frame_types(&f) + 70, &type, 1);
	assert_frame_refused("a type that cannot be");
	scratch_put("frame", frame, len);
	change_frame(0, "xs-farme", 8);
	assert_frame_refused("no frame");
	scratch_put("frame", frame, len - 1);
	assert_frame_refused("cut");
	scratch_put("frame", frame, 100);
	assert_frame_refused("cut off");
	scratch_put("frame", frame, len);
	change_frame(100, "x", 1);
	assert_frame_refused("something where nothing is");
	scratch_put("frame", frame, len);
	assert_int_equal(save_join(STREAM_PAGE, NULL, &err), 0);
	free(frame);
	buf_done(&save);
}

/* Pages in the frame, and pages that the frame does not know of. */
static void
test_other_pages(void **state)
{
	struct buf save = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put_canonical(&save, 0);
	assert_int_equal(save_split(&save, &err), 0);
	unlink(scratch_path("pages"));
	scratch_make("pages", 4002 * STREAM_PAGE, NULL, 0);
	assert_frame_refused("one page more");
	unlink(scratch_path("pages"));
	scratch_make("pages", 4000 * STREAM_PAGE, NULL, 0);
	assert_frame_refused("one page fewer");
	buf_done(&save);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_pages, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_records, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_frame, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_other_pages, scratch_begin,
						scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
