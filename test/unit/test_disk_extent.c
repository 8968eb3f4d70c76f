/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_extent.c - two lists of extents, compared: what is not the same is
 * told, block by block beside a model, and nothing that makes no sense is
 * taken.  On real file systems: test/offline/test_changes.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "extent.h"

#define BLOCK 4096u
#define BLOCKS 200u
#define SHARED FIEMAP_EXTENT_SHARED
#define UNWRITTEN FIEMAP_EXTENT_UNWRITTEN

struct list {
	unsigned int n;
	unsigned int at_once; /* as many are told at a time */
	struct fiemap_extent e[BLOCKS];
};

static int
more(void *ctx, uint64_t from, struct fiemap_extent *e, unsigned int n,
     struct err *err)
{
	const struct list *l = ctx;
	unsigned int k = 0;

	(void)err;
	if (l->at_once < n)
		n = l->at_once;
	for (unsigned int i = 0; i < l->n && k < n; i++)
		if (l->e[i].fe_logical + l->e[i].fe_length > from)
			e[k++] = l->e[i];
	return (int)k;
}

static void
put(struct list *l, uint64_t logical, uint64_t length, uint64_t physical,
    uint32_t flags)
{
	struct fiemap_extent *e = &l->e[l->n++];

	memset(e, 0, sizeof(*e));
	e->fe_logical = logical * BLOCK;
	e->fe_length = length * BLOCK;
	e->fe_physical = physical * BLOCK;
	e->fe_flags = flags;
	if (!l->at_once)
		l->at_once = 256;
}

static enum err_code
compare(struct list *a, uint64_t a_bytes, struct list *b, uint64_t b_bytes,
	struct changes *c)
{
	struct extent_source x = { more, a, a_bytes }, y = { more, b, b_bytes };
	struct err err = ERR_INIT;
	int rc;

	changes_init(c, a_bytes > b_bytes ? a_bytes : b_bytes);
	rc = extent_compare(&x, &y, c, &err);
	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	changes_settle(c, 1);
	return err.code;
}

/* Is the one block of @x, @y told? */
static uint64_t
one(uint64_t x_at, uint32_t x_flags, uint64_t y_at, uint32_t y_flags)
{
	struct list a = { 0 }, b = { 0 };
	struct changes c;
	uint64_t n;

	put(&a, 0, 1, x_at, x_flags);
	put(&b, 0, 1, y_at, y_flags);
	assert_int_equal(compare(&a, BLOCK, &b, BLOCK, &c), ERR_NONE);
	n = c.n;
	changes_done(&c);
	return n;
}

static void
flags(void **state)
{
	static const uint32_t odd[] = {
		FIEMAP_EXTENT_UNKNOWN,
		FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN,
		FIEMAP_EXTENT_ENCODED,
		FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_ENCODED,
		FIEMAP_EXTENT_NOT_ALIGNED,
		FIEMAP_EXTENT_DATA_INLINE,
		FIEMAP_EXTENT_DATA_TAIL,
		FIEMAP_EXTENT_DELALLOC | UNWRITTEN,
		0x40000000, /* one that is not known yet */
	};

	(void)state;
	assert_int_equal(one(7, SHARED, 7, SHARED), 0);
	assert_int_equal(one(7, SHARED | FIEMAP_EXTENT_LAST, 7,
			     SHARED | FIEMAP_EXTENT_MERGED),
			 0);
	assert_int_equal(one(7, SHARED, 8, SHARED), 1);
	assert_int_equal(one(7, SHARED, 7, 0), 1);
	assert_int_equal(one(7, 0, 7, 0), 1);
	assert_int_equal(one(0, SHARED, 0, SHARED), 1);
	assert_int_equal(one(7, UNWRITTEN, 9, UNWRITTEN), 0);
	assert_int_equal(one(7, SHARED | UNWRITTEN, 7, SHARED), 1);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(one(7, SHARED | odd[i], 7, SHARED | odd[i]),
				 1);
		assert_int_equal(one(7, SHARED, 7, SHARED | odd[i]), 1);
	}
}

static void
sizes(void **state)
{
	struct list none = { 0 }, some = { 0 };
	struct changes c;

	(void)state;
	none.at_once = 1;
	put(&some, 1, 2, 100, 0);
	assert_int_equal(compare(&none, 0, &none, 0, &c), ERR_NONE);
	assert_int_equal(c.n, 0);
	changes_done(&c);
	/* holes are the same; beyond the shorter one all counts */
	assert_int_equal(compare(&none, 5000, &none, 9000, &c), ERR_NONE);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.e[0].offset, 5000);
	assert_int_equal(c.e[0].bytes, 4000);
	changes_done(&c);
	assert_int_equal(compare(&none, 9000, &none, 5000, &c), ERR_NONE);
	assert_int_equal(c.e[0].offset, 5000);
	assert_int_equal(c.e[0].bytes, 4000);
	changes_done(&c);
	/* extents beyond the end of the file are none of it */
	assert_int_equal(compare(&none, 6000, &some, 6000, &c), ERR_NONE);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.e[0].offset, 4096);
	assert_int_equal(c.e[0].bytes, 6000 - 4096);
	changes_done(&c);
}

static void
nonsense(void **state)
{
	static const struct fiemap_extent bad[] = {
		{ .fe_logical = BLOCK, .fe_length = 0 },
		{ .fe_logical = UINT64_MAX, .fe_length = 2 },
		{ .fe_logical = BLOCK,
		  .fe_length = BLOCK,
		  .fe_physical = UINT64_MAX },
		{ .fe_logical = 2 * BLOCK, .fe_length = BLOCK },
	};
	struct changes c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct list a = { 0 }, b = { 0 };

		put(&a, 0, BLOCKS, 5, SHARED);
		put(&b, 0, 1, 7, 0);
		b.e[b.n++] = bad[i];
		if (i == 3) /* overlaps */
			put(&b, 2, 1, 7, 0);
		put(&b, 10, 1, 7, 0);
		assert_int_equal(compare(&a, BLOCKS * BLOCK, &b, BLOCKS * BLOCK,
					 &c),
				 ERR_CORRUPT);
		changes_done(&c);
	}
}

/* A file as its blocks: where each is, 0 for a hole, and its flags. */
struct file {
	uint64_t place[BLOCKS];
	uint32_t flags[BLOCKS];
};

static void
to_list(const struct file *f, struct list *l)
{
	memset(l, 0, sizeof(*l));
	l->at_once = 1 + (unsigned int)random() % 5;
	for (unsigned int i = 0; i < BLOCKS; i++) {
		struct fiemap_extent *last = l->n ? &l->e[l->n - 1] : NULL;

		if (!f->place[i])
			continue;
		if (i && last && f->place[i - 1] &&
		    f->place[i] == f->place[i - 1] + 1 &&
		    f->flags[i] == f->flags[i - 1] && random() % 10)
			last->fe_length += BLOCK;
		else
			put(l, i, 1, f->place[i], f->flags[i]);
	}
}

static void
random_files(void **state)
{
	static const uint32_t some[] = {
		SHARED, SHARED,    SHARED,
		0,      UNWRITTEN, FIEMAP_EXTENT_ENCODED | SHARED
	};
	struct list a, b;
	struct changes c;

	(void)state;
	srandom(4);
	for (int round = 0; round < 500; round++) {
		struct file x = { 0 }, y;
		char told[BLOCKS] = { 0 };

		for (unsigned int i = 0; i < BLOCKS; i++) {
			x.place[i] = random() % 8 ? 1000 + i : 0;
			x.flags[i] =
				some[i && random() % 8 ? 0 :
							 (size_t)random() % 6];
		}
		y = x;
		for (long k = random() % 60; k > 0; k--) {
			size_t i = (size_t)random() % BLOCKS;

			y.place[i] = random() % 4 ? 5000 + i : 0;
			y.flags[i] = some[(size_t)random() % 6];
		}
		to_list(&x, &a);
		to_list(&y, &b);
		assert_int_equal(compare(&a, BLOCKS * BLOCK, &b, BLOCKS * BLOCK,
					 &c),
				 ERR_NONE);
		for (size_t i = 0; i < c.n; i++)
			memset(told + c.e[i].offset / BLOCK, 1,
			       c.e[i].bytes / BLOCK);
		for (size_t i = 0; i < BLOCKS; i++) {
			int zeros = (!x.place[i] || x.flags[i] == UNWRITTEN) &&
				    (!y.place[i] || y.flags[i] == UNWRITTEN);
			int same = x.place[i] && x.place[i] == y.place[i] &&
				   x.flags[i] == SHARED && y.flags[i] == SHARED;

			assert_int_equal(told[i], !zeros && !same);
		}
		changes_done(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags),
		cmocka_unit_test(sizes),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(random_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
