/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_cow_table.c - the table of a copy-on-write area, on areas made here
 * as the kernel makes them, and on ones that nobody makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cow_table.h"

#define CHUNK 4096u
#define PER_TABLE (CHUNK / 16)
#define CHUNKS 1200u
#define DISK_CHUNKS 5000u

struct area {
	uint8_t *p;
	uint64_t bytes;
	unsigned int n;    /* exceptions that put() has made */
	unsigned int next; /* chunk of data */
	unsigned int reads;
	void (*meanwhile)(struct area *a, uint64_t offset);
};

static void
put_u64_at(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint8_t *
exception(struct area *a, unsigned int i)
{
	uint64_t chunk = 1 + (uint64_t)(i / PER_TABLE) * (PER_TABLE + 1);

	return a->p + chunk * CHUNK + (size_t)(i % PER_TABLE) * 16;
}

/* As the kernel: in order, leaving out the chunks that hold tables. */
static void
put(struct area *a, uint64_t old)
{
	put_u64_at(exception(a, a->n), old);
	put_u64_at(exception(a, a->n) + 8, a->next);
	a->n++;
	a->next++;
	if (a->next % (PER_TABLE + 1) == 1)
		a->next++;
}

static void
fresh(struct area *a)
{
	memset(a->p, 0, (size_t)CHUNKS * CHUNK);
	a->bytes = (uint64_t)CHUNKS * CHUNK;
	a->n = a->reads = 0;
	a->next = 2;
	a->meanwhile = NULL;
	le32_to(a->p, 0x70416e53);
	le32_to(a->p + 4, 1);
	le32_to(a->p + 8, 1);
	le32_to(a->p + 12, CHUNK / 512);
}

static int
read_area(void *ctx, uint64_t offset, void *p, size_t len, struct err *err)
{
	struct area *a = ctx;

	/* What is asked for is within the area, and aligned. */
	assert_true(offset % COW_TABLE_ALIGN == 0 &&
		    len % COW_TABLE_ALIGN == 0);
	assert_true((uintptr_t)p % COW_TABLE_ALIGN == 0);
	assert_true(offset <= a->bytes && len <= a->bytes - offset);
	a->reads++;
	if (a->meanwhile)
		a->meanwhile(a, offset);
	if (a->reads > 10000)
		return err_set(err, ERR_IO, 0, "no end");
	memcpy(p, a->p + offset, len);
	return 0;
}

static enum err_code
scan(struct area *a, struct changes *c, struct cow_table *t)
{
	struct cow_source src = { read_area, a, a->bytes };
	struct err err = ERR_INIT;
	int rc;

	changes_init(c, (uint64_t)DISK_CHUNKS * CHUNK - 100);
	rc = cow_table_read(&src, (uint64_t)DISK_CHUNKS * CHUNK - 100, c, t,
			    &err);
	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	changes_settle(c, 1);
	return err.code;
}

static enum err_code
scan_only(struct area *a)
{
	struct cow_table t;
	struct changes c;
	enum err_code code = scan(a, &c, &t);

	changes_done(&c);
	return code;
}

static int
setup(void **state)
{
	static struct area a;

	a.p = malloc((size_t)CHUNKS * CHUNK);
	*state = &a;
	return a.p ? 0 : -1;
}

static int
teardown(void **state)
{
	struct area *a = *state;

	free(a->p);
	return 0;
}

static void
empty(void **state)
{
	struct area *a = *state;
	struct cow_table t;
	struct changes c;

	fresh(a);
	assert_int_equal(scan(a, &c, &t), ERR_NONE);
	assert_int_equal(c.n, 0);
	assert_int_equal(t.tables, 1);
	assert_int_equal(t.exceptions, 0);
	assert_int_equal(t.chunk_bytes, CHUNK);
	changes_done(&c);
}

/* Some, exactly a table, one more, and many tables. */
static void
all_found(void **state)
{
	static const unsigned int counts[] = { 1, 255, 256, 257, 512, 1000 };
	struct area *a = *state;

	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		struct cow_table t;
		struct changes c;

		fresh(a);
		for (unsigned int i = 0; i < counts[k]; i++)
			put(a, (uint64_t)(i * 7919u) % DISK_CHUNKS);
		assert_int_equal(scan(a, &c, &t), ERR_NONE);
		assert_int_equal(t.exceptions, counts[k]);
		assert_int_equal(t.tables, counts[k] / 256 + 1);
		for (unsigned int i = 0; i < counts[k]; i++) {
			uint64_t at =
				(uint64_t)(i * 7919u) % DISK_CHUNKS * CHUNK;
			bool in = false;

			for (size_t j = 0; j < c.n; j++)
				in |= c.e[j].offset <= at &&
				      at < c.e[j].offset + c.e[j].bytes;
			assert_true(in);
		}
		changes_done(&c);
	}
}

/* The disk's last chunk may be short. */
static void
last_chunk(void **state)
{
	struct area *a = *state;
	struct cow_table t;
	struct changes c;

	fresh(a);
	put(a, DISK_CHUNKS - 1);
	assert_int_equal(scan(a, &c, &t), ERR_NONE);
	assert_int_equal(c.e[0].bytes, CHUNK - 100);
	changes_done(&c);
	put(a, DISK_CHUNKS);
	assert_int_equal(scan_only(a), ERR_CORRUPT);
	fresh(a);
	put(a, UINT64_MAX);
	assert_int_equal(scan_only(a), ERR_CORRUPT);
}

static void
bad_headers(void **state)
{
	static const uint32_t chunks[] = { 0, 1, 7, 9, 4096, UINT32_MAX };
	struct area *a = *state;

	for (unsigned int i = 0; i < 12; i++) {
		fresh(a);
		a->p[i] ^= 2;
		assert_int_equal(scan_only(a), ERR_CORRUPT);
	}
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		fresh(a);
		le32_to(a->p + 12, chunks[i]);
		assert_int_equal(scan_only(a), ERR_CORRUPT);
	}
	fresh(a);
	le32_to(a->p + 4, 0); /* overflowed */
	assert_int_equal(scan_only(a), ERR_CORRUPT);
	fresh(a);
	a->bytes = 100;
	assert_int_equal(scan_only(a), ERR_CORRUPT);
	a->bytes = CHUNK; /* no room for a table */
	assert_int_equal(scan_only(a), ERR_CORRUPT);
}

/* An exception's data cannot be in the header, a table, or nowhere. */
static void
bad_places(void **state)
{
	static const uint64_t places[] = { 1,        258,        CHUNKS,
					   515,      UINT64_MAX, CHUNKS + 1,
					   1u << 31, 1ull << 63 };
	struct area *a = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fresh(a);
		put(a, 1);
		put_u64_at(exception(a, 0) + 8, places[i]);
		assert_int_equal(scan_only(a), ERR_CORRUPT);
	}
}

/* A table full to the area's end: there can be no such one. */
static void
no_end(void **state)
{
	struct area *a = *state;

	fresh(a);
	while (a->next < CHUNKS)
		put(a, 1);
	a->bytes = (uint64_t)(1 + 4 * (PER_TABLE + 1)) * CHUNK;
	for (unsigned int i = 0; i < 4 * PER_TABLE; i++)
		put_u64_at(exception(a, i) + 8, 2);
	assert_int_equal(scan_only(a), ERR_CORRUPT);
}

static void
hole(void **state)
{
	struct area *a = *state;

	fresh(a);
	for (int i = 0; i < 20; i++)
		put(a, (uint64_t)i);
	put_u64_at(exception(a, 7) + 8, 0);
	assert_int_equal(scan_only(a), ERR_CORRUPT);
	/* the second half of an exception that is not there */
	fresh(a);
	put_u64_at(exception(a, 3), 9);
	assert_int_equal(scan_only(a), ERR_CORRUPT);
}

/* A table that was being written is whole the next time. */
static void
mend(struct area *a, uint64_t offset)
{
	(void)offset;
	if (a->reads == 4)
		put_u64_at(exception(a, 7) + 8, 9);
}

static void
torn(void **state)
{
	struct area *a = *state;
	struct cow_table t;
	struct changes c;

	fresh(a);
	for (int i = 0; i < 20; i++)
		put(a, (uint64_t)i * 2);
	put_u64_at(exception(a, 7) + 8, 0);
	a->meanwhile = mend;
	assert_int_equal(scan(a, &c, &t), ERR_NONE);
	assert_int_equal(c.n, 20);
	changes_done(&c);
}

/* Growing while it is read: what was there before is all told. */
static void
grow(struct area *a, uint64_t offset)
{
	(void)offset;
	if (a->next + 40 < CHUNKS)
		for (int i = 0; i < 40; i++)
			put(a, 4000 + (uint64_t)i);
}

static void
growing(void **state)
{
	struct area *a = *state;
	struct cow_table t;
	struct changes c;

	fresh(a);
	for (int i = 0; i < 400; i++)
		put(a, (uint64_t)i);
	a->meanwhile = grow;
	assert_int_equal(scan(a, &c, &t), ERR_NONE);
	assert_true(t.exceptions >= 400);
	assert_true(c.e[0].offset == 0 && c.e[0].bytes == 400 * CHUNK);
	changes_done(&c);
}

/* Whatever bytes there are: an answer, within the area and the disk. */
static void
garbage(void **state)
{
	struct area *a = *state;

	srandom(2);
	for (int round = 0; round < 3000; round++) {
		struct cow_table t;
		struct changes c;

		fresh(a);
		for (long i = random() % 700; i > 0; i--)
			put(a, (uint64_t)random() % DISK_CHUNKS);
		for (long i = random() % 6; i > 0; i--) {
			size_t at = (size_t)random() % (300 * CHUNK);

			if (random() % 2)
				at = random() % 2 ?
					     (size_t)random() % 16 :
					     CHUNK + (size_t)random() % CHUNK;
			a->p[at] = (uint8_t)random();
		}
		if (round % 10 == 0)
			for (size_t i = 16; i < 3 * CHUNK; i++)
				a->p[i] = (uint8_t)random();
		scan(a, &c, &t);
		for (size_t i = 0; i < c.n; i++)
			assert_true(c.e[i].offset + c.e[i].bytes <=
				    (uint64_t)DISK_CHUNKS * CHUNK - 100);
		changes_done(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),      cmocka_unit_test(all_found),
		cmocka_unit_test(last_chunk), cmocka_unit_test(bad_headers),
		cmocka_unit_test(bad_places), cmocka_unit_test(no_end),
		cmocka_unit_test(hole),       cmocka_unit_test(torn),
		cmocka_unit_test(growing),    cmocka_unit_test(garbage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
