/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_thin_delta.c - what thin_delta prints, read: as versions 0.9.0 and
 * 1.1.0 print it, and as nobody does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "scratch.h"
#include "thin_delta.h"

#define BLOCK 65536u
#define HEAD "<superblock uuid=\"\" time=\"3\" transaction=\"5\" "
#define SIZES "data_block_size=\"128\" nr_data_blocks=\"0\""
#define DIFF ">\n  <diff left=\"1\" right=\"2\">\n"
#define TAIL "  </diff>\n</superblock>\n"

/* 0.9.0, of a metadata snapshot. */
static const char usual[] = HEAD SIZES DIFF
	"    <same begin=\"0\" length=\"5\"/>\n"
	"    <different begin=\"5\" length=\"1\"/>\n"
	"    <left_only begin=\"6\" length=\"2\"/>\n"
	"    <same begin=\"8\" length=\"10\"/>\n"
	"    <right_only begin=\"100\" length=\"3\"/>\n" TAIL;

/* 1.1.0 says more of the pool. */
static const char newer[] = HEAD
	"version=\"2\" data_block_size=\"128\" nr_data_blocks=\"16000\""
	" metadata_snap=\"17\"" DIFF
	"    <different begin=\"5\" length=\"1\"/>\n" TAIL;

static enum err_code
read_text(const char *text, size_t len, struct thin_delta *d, struct changes *c)
{
	struct err err = ERR_INIT;
	int fd, rc;

	scratch_put("delta", text, len);
	fd = scratch_open("delta");
	*d = (struct thin_delta){ .left = 1, .right = 2, .block_bytes = BLOCK };
	changes_init(c, 1000 * BLOCK);
	rc = thin_delta_read(fd, d, c, &err);
	fd_close(&fd);
	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	changes_settle(c, 1);
	return err.code;
}

static enum err_code
only_read(const char *text)
{
	struct thin_delta d;
	struct changes c;
	enum err_code code = read_text(text, strlen(text), &d, &c);

	changes_done(&c);
	return code;
}

static void
real(void **state)
{
	struct thin_delta d;
	struct changes c;

	(void)state;
	assert_int_equal(read_text(usual, strlen(usual), &d, &c), ERR_NONE);
	assert_int_equal(d.same, 15);
	assert_int_equal(d.differs, 1);
	assert_int_equal(d.left_only, 2);
	assert_int_equal(d.right_only, 3);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.e[0].offset, 5 * BLOCK);
	assert_int_equal(c.e[0].bytes, 3 * BLOCK);
	assert_int_equal(c.e[1].offset, 100 * BLOCK);
	assert_int_equal(c.e[1].bytes, 3 * BLOCK);
	changes_done(&c);
	assert_int_equal(read_text(newer, strlen(newer), &d, &c), ERR_NONE);
	assert_int_equal(c.n, 1);
	changes_done(&c);
	assert_int_equal(only_read(HEAD SIZES DIFF TAIL), ERR_NONE);
}

/* Of a device and itself: all that it has. */
static void
itself(void **state)
{
	struct thin_delta d = {
		.left = 1, .right = 2, .block_bytes = BLOCK, .add_same = true
	};
	struct err err = ERR_INIT;
	struct changes c;
	int fd;

	(void)state;
	scratch_put("delta", usual, strlen(usual));
	fd = scratch_open("delta");
	changes_init(&c, 1000 * BLOCK);
	assert_int_equal(thin_delta_read(fd, &d, &c, &err), 0);
	fd_close(&fd);
	changes_settle(&c, 1);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.e[0].offset, 0);
	assert_int_equal(c.e[0].bytes, 5 * BLOCK);
	assert_int_equal(c.e[1].offset, 8 * BLOCK);
	assert_int_equal(c.e[1].bytes, 10 * BLOCK);
	changes_done(&c);
}

static void
not_these(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"<",
		HEAD,
		HEAD SIZES,
		HEAD SIZES DIFF,
		HEAD SIZES DIFF "  </diff>\n",
		HEAD SIZES DIFF TAIL "x",
		HEAD SIZES DIFF TAIL TAIL,
		HEAD SIZES DIFF "</superblock></diff>",
		HEAD "data_block_size=\"256\"" DIFF TAIL,
		HEAD "data_block_size=\"\"" DIFF TAIL,
		HEAD "data_block_size=\"0\"" DIFF TAIL,
		HEAD "nr_data_blocks=\"0\"" DIFF TAIL,
		HEAD SIZES " time=\"3\"" DIFF TAIL,
		HEAD SIZES "><diff left=\"2\" right=\"1\">" TAIL,
		HEAD SIZES "><diff left=\"1\">" TAIL,
		HEAD SIZES "><diff left=\"1\" right=\"2\" top=\"3\">" TAIL,
		HEAD SIZES "/>",
		"<!-- -->" HEAD SIZES DIFF TAIL,
		"<?xml version=\"1.0\"?>" HEAD SIZES DIFF TAIL,
		"No such device\n" HEAD SIZES DIFF TAIL,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		print_message("# %s\n", texts[i]);
		assert_int_equal(only_read(texts[i]), ERR_CORRUPT);
	}
}

static void
not_these_ranges(void **state)
{
	static const char *const ranges[] = {
		"<same begin=\"0\"/>",
		"<same length=\"1\"/>",
		"<same begin=\"0\" length=\"0\"/>",
		"<same begin=\"0\" length=\"1\" data=\"1\"/>",
		"<same begin=\"0\" begin=\"1\" length=\"1\"/>",
		"<same begin=\"-1\" length=\"1\"/>",
		"<same begin=\"+1\" length=\"1\"/>",
		"<same begin=\" 1\" length=\"1\"/>",
		"<same begin=\"0x1\" length=\"1\"/>",
		"<same begin=\"1e3\" length=\"1\"/>",
		"<same begin='1' length='1'/>",
		"<same begin=1 length=1/>",
		"<same begin=\"1\"length=\"1\"/>",
		"<same begin=\"&#49;\" length=\"1\"/>",
		"<same begin=\"18446744073709551616\" "
		"length=\"1\"/>",
		"<same begin=\"18446744073709551615\" length=\"1\"/>",
		"<same begin=\"281474976710655\" length=\"1\"/>",
		"<same begin=\"1\" length=\"18446744073709551615\"/>",
		"<same begin=\"5\" length=\"2\"/>"
		"<same begin=\"6\" length=\"1\"/>",
		"<same begin=\"5\" length=\"2\"/>"
		"<same begin=\"1\" length=\"1\"/>",
		"<same begin=\"1\" length=\"1\">",
		"<same begin=\"1\" length=\"1\"></same>",
		"<same begin=\"1\" length=\"1\"/ >",
		"</same>",
		"<other begin=\"1\" length=\"1\"/>",
		"<range begin=\"1\" data_begin=\"1\" length=\"1\"/>",
		"<diff left=\"1\" right=\"2\"></diff>",
		"<SAME begin=\"1\" length=\"1\"/>",
		"< same begin=\"1\" length=\"1\"/>",
		"text",
		"<same"
	};
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		snprintf(text, sizeof(text), "%s%s%s", HEAD SIZES DIFF,
			 ranges[i], TAIL);
		print_message("# %s\n", ranges[i]);
		assert_int_equal(only_read(text), ERR_CORRUPT);
	}
	/* one that has shrunk may have mappings beyond its end */
	assert_int_equal(
		only_read(HEAD SIZES DIFF
			  "<left_only begin=\"990\" length=\"99\"/>" TAIL),
		ERR_NONE);
}

/* Half of it, and any byte of it another: never read over, never more blocks
 * than there are bytes for. */
static void
mutated(void **state)
{
	char text[sizeof(usual)];

	(void)state;
	srandom(3);
	for (size_t len = 0; len + 2 < sizeof(usual); len++) {
		struct thin_delta d;
		struct changes c;

		assert_int_equal(read_text(usual, len, &d, &c), ERR_CORRUPT);
		changes_done(&c);
	}
	for (int i = 0; i < 3000; i++) {
		struct thin_delta d;
		struct changes c;

		memcpy(text, usual, sizeof(usual));
		for (long k = random() % 3; k >= 0; k--)
			text[(size_t)random() % (sizeof(text) - 1)] =
				(char)(random() % 3 ? random() % 96 + 32 :
						      random());
		read_text(text, sizeof(text) - 1, &d, &c);
		for (size_t k = 0; k < c.n; k++)
			assert_true(c.e[k].offset + c.e[k].bytes <=
				    1000 * BLOCK);
		changes_done(&c);
	}
}

/* Longer than the buffer, with a tag across each of its ends. */
static void
long_one(void **state)
{
	struct thin_delta d;
	struct changes c;
	size_t len = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	fputs(HEAD SIZES DIFF, f);
	for (unsigned int i = 0; i < 20000; i++)
		fprintf(f, "    <%s begin=\"%u\" length=\"1\"/>\n",
			i % 2 ? "different" : "same", i);
	fputs(TAIL, f);
	fclose(f);
	assert_int_equal(read_text(text, len, &d, &c), ERR_NONE);
	assert_int_equal(d.same, 10000);
	assert_int_equal(d.differs, 10000);
	assert_int_equal(c.n, 500);
	changes_done(&c);
	free(text);
}

static void
versions(void **state)
{
	static const char *const good[] = {
		"0.9.0\n",   "0.7.5", "1.0.6", "1.1.0", "thin_delta 1.3.3\n",
		"0.9.0-rc2", "2.0.0"
	};
	static const char *const bad[] = { "0.6.3", "0.5.6",   "1.0.0", "1.0.5",
					   "",      "unknown", "1.0",   "9" };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(thin_delta_known(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(thin_delta_known(bad[i], &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(real),      CASE(itself),
		CASE(not_these), CASE(not_these_ranges),
		CASE(mutated),   CASE(long_one),
		CASE(versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
