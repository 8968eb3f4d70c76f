/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_disk_changes.c - the list of what may differ: never less than what was
 * added, in order and merged; and which pairs of views are refused by their
 * records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"

static void
add(struct changes *c, uint64_t offset, uint64_t bytes)
{
	struct err err = ERR_INIT;

	assert_int_equal(changes_add(c, offset, bytes, &err), 0);
}

static void
is_range(const struct changes *c, size_t i, uint64_t offset, uint64_t bytes)
{
	assert_true(i < c->n);
	assert_int_equal(c->e[i].offset, offset);
	assert_int_equal(c->e[i].bytes, bytes);
}

static void
merged(void **state)
{
	struct changes c;

	(void)state;
	changes_init(&c, 1000);
	add(&c, 500, 10);
	add(&c, 100, 10);
	add(&c, 110, 5);  /* touches */
	add(&c, 505, 10); /* overlaps */
	add(&c, 502, 2);  /* within */
	add(&c, 300, 0);
	add(&c, 990, 100); /* over the end */
	add(&c, 1000, 1);
	add(&c, UINT64_MAX, UINT64_MAX);
	changes_settle(&c, 1);
	assert_int_equal(c.n, 3);
	is_range(&c, 0, 100, 15);
	is_range(&c, 1, 500, 15);
	is_range(&c, 2, 990, 10);
	changes_done(&c);
	assert_int_equal(c.n, 0);
}

static void
widened(void **state)
{
	struct changes c;

	(void)state;
	changes_init(&c, 1000);
	add(&c, 100, 1);
	add(&c, 127, 2);
	add(&c, 999, 1);
	changes_settle(&c, 64);
	assert_int_equal(c.n, 2);
	is_range(&c, 0, 64, 128);
	is_range(&c, 1, 960, 40);
	add(&c, 0, 1); /* it keeps its grain */
	changes_settle(&c, 1);
	is_range(&c, 0, 0, 192);
	changes_done(&c);
}

static void
taken(void **state)
{
	struct disk_changes d;
	struct changes c;

	(void)state;
	changes_init(&c, UINT64_MAX);
	add(&c, UINT64_MAX - 1, 7);
	add(&c, 0, 3);
	strcpy(c.how, "by hand");
	changes_take(&c, &d);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.bytes, 4);
	assert_string_equal(d.how, "by hand");
	assert_int_equal(d.e[1].offset, UINT64_MAX - 1);
	disk_changes_done(&d);
	disk_changes_done(&d);
	changes_done(&c);
}

static void
covered(void **state)
{
	struct changes a, b;
	uint64_t at;

	(void)state;
	changes_init(&a, 1000);
	changes_init(&b, 1000);
	assert_true(changes_cover(&a, &b, &at));
	add(&b, 10, 10);
	assert_false(changes_cover(&a, &b, &at));
	assert_int_equal(at, 10);
	add(&a, 0, 15);
	assert_false(changes_cover(&a, &b, &at));
	assert_int_equal(at, 15);
	add(&a, 15, 5);
	add(&a, 50, 10);
	assert_true(changes_cover(&a, &b, &at));
	add(&b, 49, 2);
	assert_false(changes_cover(&a, &b, &at));
	assert_int_equal(at, 49);
	add(&a, 40, 9);
	changes_settle(&a, 1);
	assert_false(changes_cover(&a, &b, &at));
	changes_done(&a);
	changes_done(&b);
}

#define MODEL_BYTES 4096u

/* In order, apart, and all of @model is in it; how much more. */
static size_t
compare(const struct changes *c, const char *model)
{
	char told[MODEL_BYTES] = { 0 };
	uint64_t end = 0;
	size_t more = 0;

	for (size_t i = 0; i < c->n; i++) {
		assert_true(i == 0 || c->e[i].offset > end);
		assert_true(c->e[i].bytes > 0);
		end = c->e[i].offset + c->e[i].bytes;
		assert_true(end <= MODEL_BYTES);
		memset(told + c->e[i].offset, 1, c->e[i].bytes);
	}
	for (size_t i = 0; i < MODEL_BYTES; i++) {
		assert_true(told[i] >= model[i]);
		more += told[i] > model[i];
	}
	return more;
}

/* Random ranges; with little room the list gets coarser, never wrong. */
static void
random_ranges(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 300; round++) {
		char model[MODEL_BYTES] = { 0 };
		struct changes c;
		size_t more;

		changes_init(&c, MODEL_BYTES);
		if (round % 3 == 0)
			c.max = 4 + (size_t)random() % 30;
		for (long i = random() % 400; i > 0; i--) {
			uint64_t at = (uint64_t)random() % MODEL_BYTES;
			uint64_t len = (uint64_t)random() % 40;

			add(&c, at, len);
			if (len > MODEL_BYTES - at)
				len = MODEL_BYTES - at;
			memset(model + at, 1, len);
			if (i % 50 == 0)
				changes_settle(&c, 1);
		}
		changes_settle(&c, 1);
		more = compare(&c, model);
		assert_true(c.n <= c.max);
		if (c.grain == 1)
			assert_int_equal(more, 0);
		changes_done(&c);
	}
}

/* More ranges than there is room for, on a large disk. */
static void
coarser(void **state)
{
	struct changes c;

	(void)state;
	changes_init(&c, (uint64_t)1 << 40);
	c.max = 1000;
	for (uint64_t i = 0; i < 100000; i++)
		add(&c, (99999 - i) * 8192, 4096);
	changes_settle(&c, 1);
	assert_true(c.n <= c.max);
	assert_true(c.grain >= CHANGES_GRAIN);
	is_range(&c, 0, 0,
		 100000 * 8192ull + (c.grain - 1) -
			 (100000 * 8192ull + c.grain - 1) % c.grain);
	changes_done(&c);
}

/* ---- records ---- */

static struct disk_view_ref
ref(const char *n)
{
	struct disk_view_ref r = { .driver = "thin",
				   .source = "/dev/vg/a",
				   .source_uuid = "source",
				   .bytes = 1 << 20 };

	snprintf(r.view, sizeof(r.view), "/dev/vg/a.xs-%s", n);
	snprintf(r.view_uuid, sizeof(r.view_uuid), "view-%s", n);
	snprintf(r.generation, sizeof(r.generation), "generation-%s", n);
	return r;
}

static enum err_code
pair(const struct disk_view_ref *a, const struct disk_view_ref *b)
{
	struct err err = ERR_INIT;
	int rc = changes_check_pair(a, b, &err);

	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	if (rc)
		print_message("# %s\n", err.text);
	return err.code;
}

static void
pairs(void **state)
{
	struct disk_view_ref a = ref("1"), b = ref("2"), c;

	(void)state;
	assert_int_equal(pair(&a, &b), ERR_NONE);
	assert_int_equal(pair(&a, &a), ERR_STATE);
	c = b;
	strcpy(c.driver, "classic");
	assert_int_equal(pair(&a, &c), ERR_UNSUPPORTED);
	c = b;
	strcpy(c.source_uuid, "another");
	assert_int_equal(pair(&a, &c), ERR_STATE);
	c = b;
	strcpy(c.generation, a.generation);
	assert_int_equal(pair(&a, &c), ERR_STATE);
	c = b;
	c.generation[0] = '\0';
	assert_int_equal(pair(&a, &c), ERR_STATE);
	assert_int_equal(pair(&c, &a), ERR_STATE);
	c = b;
	c.view_uuid[0] = '\0';
	assert_int_equal(pair(&a, &c), ERR_STATE);
	a.source_uuid[0] = b.source_uuid[0] = '\0';
	assert_int_equal(pair(&a, &b), ERR_STATE);
}

/* Copies, and kinds that this program has not. */
static void
no_table(void **state)
{
	struct disk_view_ref a = ref("1"), b = ref("2");
	struct disk_changes d;
	struct err err = ERR_INIT;

	(void)state;
	strcpy(a.driver, "copy");
	strcpy(b.driver, "copy");
	assert_int_equal(disk_changes(&a, &b, -1, &d, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	disk_changes_done(&d);
	strcpy(a.driver, "tape");
	assert_int_equal(disk_changes(&a, &b, -1, &d, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	disk_changes_done(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged),        cmocka_unit_test(widened),
		cmocka_unit_test(taken),         cmocka_unit_test(covered),
		cmocka_unit_test(random_ranges), cmocka_unit_test(coarser),
		cmocka_unit_test(pairs),         cmocka_unit_test(no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
