/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a repository's objects must not say, though they are sealed well: each
 * rule of doc/format.md, broken.  And parts of an index never are too long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "head.h"
#include "index.h"
#include "index_part.h"
#include "object.h"
#include "outcome.h"
#include "pack.h"
#include "seal_help.h"

/* ---- outcomes ---- */

static struct backup_disk disks[2];
static uint8_t part_name[SHA256_BYTES];

static struct outcome
good_outcome(void)
{
	struct outcome o = {
		.what = OUTCOME_COMMIT,
		.purpose = PURPOSE_BACKUP,
		.host_name = "host",
		.sequence = 2,
		.previous = { 1 },
		.n_index = 1,
		.index = part_name,
		.backup = { .name = "d",
			    .from = FROM_DISK,
			    .n_disks = 2,
			    .disks = disks },
	};

	memset(disks, 0, sizeof(disks));
	for (int i = 0; i < 2; i++) {
		disks[i].how = HOW_WHOLE;
		strcpy(disks[i].format, "raw");
	}
	strcpy(disks[0].vdev, "xvda");
	strcpy(disks[1].vdev, "xvdb");
	return o;
}

/* What is said of @o, once it is bytes; "" if it is good. */
static const char *
said_of(const struct outcome *o)
{
	static struct err err;
	struct outcome again;
	struct buf b = BUF_INIT;

	err_clear(&err);
	outcome_encode(o, &b);
	assert_int_equal(buf_check(&b, &err), 0);
	if (outcome_decode(b.data, b.len, &again, &err) == 0)
		outcome_done(&again);
	else
		assert_int_equal(err.code, ERR_CORRUPT);
	buf_done(&b);
	return err.text;
}

static void
outcomes(void **state)
{
	struct outcome o = good_outcome();

	(void)state;
	assert_string_equal(said_of(&o), "");
	o.sequence = 1;
	assert_non_null(strstr(said_of(&o), "sequence"));
	memset(o.previous, 0, sizeof(o.previous));
	assert_string_equal(said_of(&o), "");
	o.sequence = 2;
	assert_non_null(strstr(said_of(&o), "sequence"));
	o.sequence = 0;
	assert_non_null(strstr(said_of(&o), "sequence"));
	o = good_outcome();
	strcpy(disks[1].vdev, "xvda");
	assert_non_null(strstr(said_of(&o), "two of its disks"));
}

/* What does not fit into a text is written so that it can be read again. */
static void
texts(void **state)
{
	struct outcome o = good_outcome(), again;
	struct err err = ERR_INIT;
	char source[TEXT_MAX + 1] = "", why[OUTCOME_TEXT + 1] = "";
	struct buf b = BUF_INIT;

	(void)state;
	memset(o.host_name, 0xff, sizeof(o.host_name) - 1);
	memset(source, 0xff, sizeof(source) - 1);
	memset(why, 'y', sizeof(why) - 1);
	disks[0].source = source;
	disks[0].why = why;
	disks[1].source = "/a\xc3\xa4\n\xe4";
	assert_string_equal(said_of(&o), "");
	outcome_encode(&o, &b);
	assert_int_equal(outcome_decode(b.data, b.len, &again, &err), 0);
	assert_string_equal(again.backup.disks[1].source,
			    "/a\xc3\xa4\\x0a\\xe4");
	assert_int_equal(strlen(again.backup.disks[0].why), OUTCOME_TEXT - 1);
	assert_string_equal(again.backup.disks[1].why, "");
	assert_int_equal(strncmp(again.host_name, "\\xff\\xff", 8), 0);
	outcome_done(&again);
	/* And a reader takes nothing else. */
	for (size_t i = 0; i + 4 <= b.len; i++)
		if (memcmp(b.data + i, "xvda", 4) == 0)
			b.data[i] = 0xe4;
	assert_int_equal(outcome_decode(b.data, b.len, &again, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, "UTF-8"));
	buf_done(&b);
}

/* ---- heads ---- */

static const char *
said_of_head(const struct head *h)
{
	static struct err err;
	struct head again;
	struct buf b = BUF_INIT;

	err_clear(&err);
	head_encode(h, &b);
	assert_int_equal(buf_check(&b, &err), 0);
	if (head_decode(b.data, b.len, &again, &err) == 0)
		head_done(&again);
	else
		assert_int_equal(err.code, ERR_CORRUPT);
	buf_done(&b);
	return err.text;
}

static void
heads(void **state)
{
	struct head_known known[2] = { { .session = { 1 } },
				       { .session = { 2 } } };
	struct head_condemned dead = { .kind = CONDEMNED_PACK };
	uint8_t removed[1][SESSION_ID] = { { 3 } };
	struct head h = { .number = 2,
			  .previous = { 1 },
			  .phase = HEAD_SWEEP,
			  .n_condemned = 1,
			  .condemned = &dead,
			  .n_known = 2,
			  .known = known,
			  .n_removed = 1,
			  .removed = removed };

	(void)state;
	assert_string_equal(said_of_head(&h), "");
	known[0].session[0] = 2;
	assert_non_null(strstr(said_of_head(&h), "not in order"));
	known[0].session[0] = 7;
	assert_non_null(strstr(said_of_head(&h), "not in order"));
	known[0].session[0] = 1;
	removed[0][0] = 2;
	assert_non_null(strstr(said_of_head(&h), "known and removed"));
	removed[0][0] = 3;
	h.phase = HEAD_IDLE;
	assert_non_null(strstr(said_of_head(&h), "no prune is under way"));
	h.n_condemned = 0;
	assert_string_equal(said_of_head(&h), "");
	h.number = 1;
	assert_non_null(strstr(said_of_head(&h), "previous"));
	memset(h.previous, 0, sizeof(h.previous));
	assert_string_equal(said_of_head(&h), "");
	h.number = 2;
	assert_non_null(strstr(said_of_head(&h), "previous"));
}

/* ---- index parts ---- */

/* One of two packs of 8192 bytes, and entries of these. */
static const char *
said_of_part(const struct index_entry *e, uint32_t n)
{
	static struct err err;
	struct index_part part;
	struct buf b = BUF_INIT;

	err_clear(&err);
	put_u32(&b, 2);
	put_u32(&b, n);
	for (uint8_t i = 0; i < 2; i++) {
		put_zeros(&b, SHA256_BYTES - 1);
		put_u8(&b, i);
		put_u64(&b, 8192);
	}
	for (uint32_t i = 0; i < n; i++) {
		put_bytes(&b, e[i].id, INDEX_ID);
		put_u32(&b, e[i].pack);
		put_u32(&b, e[i].offset);
		put_u32(&b, e[i].sealed_and_place);
	}
	if (index_part_take(b.data, b.len, &part, &err))
		assert_int_equal(err.code, ERR_CORRUPT);
	/* Nor is one short of a byte, or with one more, a part. */
	else
		assert_int_equal(index_part_take(b.data, b.len - 1, &part,
						 &(struct err)ERR_INIT),
				 -1);
	buf_done(&b);
	return err.text;
}

static void
parts(void **state)
{
	struct index_entry e[2] = {
		{ .id = { 1 }, .offset = 128, .sealed_and_place = 8064 },
		{ .id = { 2 },
		  .pack = 1,
		  .offset = 8000,
		  .sealed_and_place = 5u << INDEX_PLACE_SHIFT | 192 },
	};

	(void)state;
	assert_string_equal(said_of_part(e, 2), "");
	assert_string_equal(said_of_part(e, 0), "");
	e[1].sealed_and_place++;
	assert_non_null(strstr(said_of_part(e, 2), "outside its pack"));
	e[1].sealed_and_place--;
	e[0].offset = 127;
	assert_non_null(strstr(said_of_part(e, 2), "outside its pack"));
	e[0].offset = 0xffffffff;
	assert_non_null(strstr(said_of_part(e, 2), "outside its pack"));
	e[0].offset = 128;
	e[1].pack = 2;
	assert_non_null(strstr(said_of_part(e, 2), "names no pack"));
	e[1].pack = 1;
	e[0].id[0] = 3;
	assert_non_null(strstr(said_of_part(e, 2), "not in order"));
}

/* The index part with body @b, by the name of its sum. */
static void
add(struct index *ix, const struct buf *b)
{
	struct err err = ERR_INIT;
	uint8_t sum[SHA256_BYTES];

	assert_int_equal(sha256_of(b->data, b->len, sum), 0);
	assert_int_equal(index_add_part(ix, sum, b->data, b->len, &err), 0);
}

/* @n pieces in @n_packs packs, all of whose parts are good and found. */
static void
cut(uint32_t n, uint32_t n_packs, unsigned int want)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct err err = ERR_INIT;
	struct index *ix = index_new(dir, &err), *all = index_new(dir, &err);
	uint8_t id[NAME_BYTES] = { 0 }, sum[SHA256_BYTES] = { 0 };
	struct index_entry e;
	unsigned int n_parts = 0;
	uint32_t pack;

	assert_non_null(ix);
	assert_non_null(all);
	for (uint32_t i = 0; i < n_packs; i++) {
		le32_to(sum, i);
		assert_int_equal(index_add_pack(ix, sum, 64 << 20, &pack, &err),
				 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		le32_to(id, i * 2654435761u);
		assert_int_equal(index_claim(ix, id, &err), 0);
		index_fill(ix, id, i % n_packs, 128, 64, 0);
	}
	for (;; n_parts++) {
		struct buf b = BUF_INIT;

		assert_int_equal(index_flush(ix, &b, &err), 0);
		if (b.len == 0)
			break;
		assert_true(b.len + RECORD_EXTRA <= INDEX_PART_MAX);
		add(all, &b);
		buf_done(&b);
	}
	assert_int_equal(n_parts, want);
	for (uint32_t i = 0; i < n; i += 7919) {
		le32_to(id, i * 2654435761u);
		assert_int_equal(index_find(all, id, &e, &err), 1);
		assert_int_equal(le32_at(index_pack(all, e.pack, NULL)),
				 i % n_packs);
	}
	index_free(ix);
	index_free(all);
	close(dir);
}

/* A pack of 4 KiB chunks that are much alike names half a million pieces. */
static void
parts_are_cut(void **state)
{
	(void)state;
	cut(1000, 3, 1);
	cut(720000, 2, 3);
	cut(200000, 200000, 2);
}

/* A piece in several packs is found in each of them. */
static void
other_places(void **state)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	uint8_t id[NAME_BYTES] = { 7 }, sum[SHA256_BYTES] = { 0 };
	uint8_t tried[4] = { 0 };
	struct pack_skip skip = { .skip = tried, .n = sizeof(tried) };
	struct err err = ERR_INIT;
	struct index *all = index_new(dir, &err);
	struct index_entry e;
	uint32_t pack;

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		struct index *ix = index_new(dir, &err);
		struct buf b = BUF_INIT;

		sum[0] = i;
		assert_int_equal(index_add_pack(ix, sum, 8192, &pack, &err), 0);
		assert_int_equal(index_claim(ix, id, &err), 0);
		index_fill(ix, id, pack, 128 + i, 64, i);
		assert_int_equal(index_flush(ix, &b, &err), 0);
		add(all, &b);
		buf_done(&b);
		index_free(ix);
	}
	/* The condemned one is the last. */
	index_condemn(all, 2);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(index_find_but(all, id, &skip, &e, &err), 1);
		assert_int_equal(e.offset,
				 128 + index_pack(all, e.pack, NULL)[0]);
		assert_int_equal(e.pack == 2, i == 3);
		assert_int_equal(tried[e.pack], 0);
		tried[e.pack] = 1;
	}
	assert_int_equal(index_find_but(all, id, &skip, &e, &err), 0);
	assert_int_equal(index_find(all, id, &e, &err), 1);
	index_free(all);
	close(dir);
}

/* ---- packs ---- */

static int
seen(const struct pack_blob *b, void *ctx, struct err *err)
{
	(void)err;
	*(unsigned int *)ctx += b->n;
	return 0;
}

/* What is said of a list of one blob with one piece of these. */
static const char *
said_of_list(uint32_t type, uint32_t len)
{
	static struct err err;
	struct buf b = BUF_INIT;
	unsigned int n = 0;

	err_clear(&err);
	put_u32(&b, 1);
	put_u32(&b, PACK_HEADER);
	put_u32(&b, 100);
	put_u16(&b, 1);
	put_u32(&b, type << 24 | len);
	put_zeros(&b, NAME_BYTES);
	if (pack_in_each(b.data, b.len, PACK_HEADER + 100, seen, &n, &err))
		assert_int_equal(err.code, ERR_CORRUPT);
	else
		assert_int_equal(n, 1);
	buf_done(&b);
	return err.text;
}

static void
lists(void **state)
{
	static const uint32_t good[] = { 1, 3, 17, 29 };
	static const uint32_t bad[] = { 0, 2, 4, 15, 16, 30, 255 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_string_equal(said_of_list(good[i], 32), "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(strstr(said_of_list(bad[i], 32), "type"));
	assert_non_null(strstr(said_of_list(1, 0), "so long"));
	assert_non_null(strstr(said_of_list(1, (1 << 20) + 1), "so long"));
}

static int
footer(uint32_t offset, uint32_t len, uint64_t bytes)
{
	uint8_t f[PACK_FOOTER] = "........xsnapend";
	struct err err = ERR_INIT;
	uint32_t at, n;
	int rc;

	memcpy(f + 8, "xsnapend", 8);
	le32_to(f, offset);
	le32_to(f + 4, len);
	rc = pack_footer(f, bytes, &at, &n, &err);
	assert_int_equal(err.code, rc ? ERR_CORRUPT : ERR_NONE);
	return rc;
}

static void
footers(void **state)
{
	(void)state;
	assert_int_equal(footer(200, 100, 4096), 0);
	assert_int_equal(footer(200, 3880, 4096), 0);
	assert_int_equal(footer(200, 3881, 4096), -1);
	assert_int_equal(footer(127, 100, 4096), -1);
	assert_int_equal(footer(200, 100, 4097), -1);
	assert_int_equal(footer(200, 100, 8192), -1); /* zeros for a page */
	assert_int_equal(footer(200, 3881, 8192), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes),      cmocka_unit_test(texts),
		cmocka_unit_test(heads),         cmocka_unit_test(parts),
		cmocka_unit_test(parts_are_cut), cmocka_unit_test(other_places),
		cmocka_unit_test(lists),         cmocka_unit_test(footers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
