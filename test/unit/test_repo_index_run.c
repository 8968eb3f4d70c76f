/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted files of index entries: found, in order, merged; damage is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index_merge.h"
#include "index_run.h"

/* An id that sorts as @i does; every third shares its first 8 bytes with its
 * neighbours. */
static struct index_entry
entry(unsigned int i, uint32_t pack)
{
	struct index_entry e = { .pack = pack, .offset = i * 3 };
	unsigned int high = i / 3, low = i;

	for (int k = 3; k >= 0; k--, high >>= 8)
		e.id[k] = (uint8_t)high;
	for (int k = 15; k >= 12; k--, low >>= 8)
		e.id[k] = (uint8_t)low;
	e.sealed_and_place = i ^ 0x1234567;
	return e;
}

static struct index_run *
make(unsigned int n, unsigned int first, unsigned int step, uint32_t pack)
{
	struct err e = ERR_INIT;
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct run_out *o = run_out_new(dir, &e);
	struct index_run *r;

	close(dir);
	assert_non_null(o);
	for (unsigned int i = 0; i < n; i++) {
		struct index_entry x = entry(first + i * step, pack);

		assert_int_equal(run_out_add(o, &x, &e), 0);
	}
	r = run_out_end(o, NULL, &e);
	assert_non_null(r);
	assert_true(index_run_entries(r) == n);
	return r;
}

static void
found(void **state)
{
	static const unsigned int sizes[] = {
		0, 1, 2, 145, 146, 147, 292, 5000
	};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct index_run *r = make(sizes[k], 2, 2, 7);
		struct index_entry got, want;
		uint64_t at;

		for (unsigned int i = 0; i < 2 * sizes[k] + 4; i++) {
			bool there = i >= 2 && i % 2 == 0 &&
				     i < 2 + 2 * sizes[k];

			want = entry(i, 7);
			assert_int_equal(index_run_find(r, want.id, NULL, &got,
							&at, &e),
					 there);
			if (!there)
				continue;
			assert_memory_equal(&got, &want, sizeof(got));
			assert_true(at == i / 2 - 1);
		}
		index_run_free(r);
	}
}

static void
in_order(const struct index_run *r, unsigned int n, unsigned int first,
	 unsigned int step)
{
	struct err e = ERR_INIT;
	struct index_entry got, want;
	struct run_at at;

	run_at_begin(&at, r);
	for (unsigned int i = 0; i < n; i++) {
		want = entry(first + i * step, 0);
		assert_int_equal(run_at_next(&at, &got, &e), 1);
		assert_memory_equal(got.id, want.id, INDEX_ID);
	}
	assert_int_equal(run_at_next(&at, &got, &e), 0);
}

/* What is in a pack that does not count is found in the other, if there is. */
static void
other_pack(struct index_run *all)
{
	uint8_t condemned[204] = { [1] = 1, [102] = 1 };
	struct pack_skip skip = { .skip = condemned, .n = sizeof(condemned) };
	struct err e = ERR_INIT;
	struct index_entry got, want;

	for (unsigned int i = 0; i < 2000; i++) {
		want = entry(i, 0);
		assert_int_equal(index_run_find(all, want.id, &skip, &got, NULL,
						&e),
				 i % 10 == 0);
		if (i % 10 == 0)
			assert_int_equal(got.pack, 203);
	}
}

static void
merged(void **state)
{
	uint32_t second[] = { 0, 0, 102 }, third[] = { 0, 0, 0, 203 };
	struct index_run *runs[3], *all;
	struct merge_from from[3];
	struct err e = ERR_INIT;
	struct index_entry got, want;
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);

	(void)state;
	/* Evens, odds, and some that are in both. */
	runs[0] = make(1000, 0, 2, 1);
	runs[1] = make(1000, 1, 2, 2);
	runs[2] = make(200, 0, 10, 3);
	in_order(runs[1], 1000, 1, 2);
	from[0] = (struct merge_from){ runs[0], NULL, 0 };
	from[1] = (struct merge_from){ runs[1], second, 3 };
	from[2] = (struct merge_from){ runs[2], third, 4 };
	all = index_merge(dir, from, 3, NULL, &e);
	assert_non_null(all);
	assert_true(index_run_entries(all) == 2200);
	/* Of equal ones the first run's; numbers become others. */
	want = entry(10, 0);
	assert_int_equal(index_run_find(all, want.id, NULL, &got, NULL, &e), 1);
	assert_int_equal(got.pack, 1);
	want = entry(11, 0);
	assert_int_equal(index_run_find(all, want.id, NULL, &got, NULL, &e), 1);
	assert_int_equal(got.pack, 102);
	other_pack(all);
	index_run_free(all);
	/* What becomes nothing is left out, and what no number is told for. */
	second[2] = RUN_NOWHERE;
	from[2].n = 3;
	all = index_merge(dir, from, 3, NULL, &e);
	assert_non_null(all);
	in_order(all, 1000, 0, 2);
	for (int i = 0; i < 3; i++)
		index_run_free(runs[i]);
	index_run_free(all);
	all = index_merge(dir, NULL, 0, NULL, &e);
	assert_non_null(all);
	assert_true(index_run_entries(all) == 0);
	index_run_free(all);
	close(dir);
}

/* The file of @r with byte @at changed; or cut there. */
static int
copy_of(const struct index_run *r, off_t at, bool cut)
{
	struct stat st;
	uint8_t *p;
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	assert_int_equal(fstat(index_run_fd(r), &st), 0);
	p = malloc((size_t)st.st_size);
	assert_non_null(p);
	assert_int_equal(pread(index_run_fd(r), p, (size_t)st.st_size, 0),
			 st.st_size);
	if (!cut)
		p[at] ^= 1;
	assert_int_equal(pwrite(fd, p, (size_t)(cut ? at : st.st_size), 0),
			 cut ? at : st.st_size);
	free(p);
	return fd;
}

/* A byte flipped anywhere is seen by whoever reads that page, or at once. */
static void
damaged(void **state)
{
	struct index_run *r = make(300, 0, 1, 1), *bad;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(index_run_fd(r), &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		struct err e = ERR_INIT;
		struct index_entry got;
		struct run_at all;
		int rc = 1;

		bad = index_run_open(copy_of(r, at, false), &e);
		if (bad) {
			run_at_begin(&all, bad);
			while (rc == 1)
				rc = run_at_next(&all, &got, &e);
			assert_int_equal(rc, -1);
		}
		assert_int_equal(e.code, ERR_CORRUPT);
		index_run_free(bad);
	}
	for (off_t at = 0; at < st.st_size; at += 37) {
		struct err e = ERR_INIT;

		bad = index_run_open(copy_of(r, at, true), &e);
		assert_null(bad);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
	index_run_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(merged),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
