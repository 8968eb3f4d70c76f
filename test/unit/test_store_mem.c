/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_mem.c - the store in memory loses at a power cut what a real one
 * may lose, and nothing else; what store.h promises is in test_store.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

#define SEEDS 200

static struct store *s;

static int
setup(void **state)
{
	(void)state;
	s = store_mem_new();
	return s ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	store_close(s);
	return 0;
}

static void
put(struct store *at, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_put(at, name, text, strlen(text), &err), 0);
}

static void
drop(struct store *at, const char *name)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_drop(at, name, &err), 0);
}

static void
sync_all(struct store *at)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_sync(at, &err), 0);
}

static bool
holds(struct store *at, const char *name, const char *text)
{
	size_t len = 0;
	const uint8_t *p = store_mem_look(at, name, &len);

	return p && len == strlen(text) && memcmp(p, text, len) == 0;
}

/* A world with n objects that are durable and n that are not. */
static void
fill(int n)
{
	char name[30];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "packs/00/%d", i);
		put(s, name, name);
	}
	sync_all(s);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "packs/01/%d", i);
		put(s, name, name);
	}
}

static void
test_crash(void **state)
{
	size_t least = 100;
	size_t most = 0;

	(void)state;
	fill(10);
	assert_int_equal(store_mem_unsynced(s), 10);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct store *copy = store_mem_copy(s);
		size_t n;

		assert_non_null(copy);
		store_mem_crash(copy, seed);
		assert_int_equal(store_mem_unsynced(copy), 0);
		assert_int_equal(store_mem_count(copy, "packs/00/"), 10);
		n = store_mem_count(copy, "packs/01/");
		least = n < least ? n : least;
		most = n > most ? n : most;
		for (int i = 0; i < 10; i++) {
			char name[30];
			size_t len;

			snprintf(name, sizeof(name), "packs/01/%d", i);
			if (store_mem_look(copy, name, &len))
				assert_true(holds(copy, name, name));
		}
		store_close(copy);
	}
	/* Each goes its own way: with so many seeds, nearly none and all. */
	assert_in_range(least, 0, 2);
	assert_in_range(most, 8, 10);
	assert_int_equal(store_mem_count(s, ""), 20);
}

/* What another one put and did not sync is durable by who hardens it. */
static void
test_harden(void **state)
{
	struct store *other = store_mem_clone(s);
	struct err err = ERR_INIT;

	(void)state;
	put(other, "outcomes/a", "x");
	put(other, "outcomes/b", "y");
	sync_all(s);
	assert_int_equal(store_mem_unsynced(s), 2);
	assert_int_equal(store_harden(s, "outcomes/a", &err), 0);
	assert_int_equal(store_mem_unsynced(s), 2);
	sync_all(s);
	store_mem_crash_bits(s, 0);
	assert_true(holds(s, "outcomes/a", "x"));
	assert_int_equal(store_mem_count(s, ""), 1);
	store_close(other);
}

static void
test_same_seed(void **state)
{
	(void)state;
	fill(20);
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct store *a = store_mem_copy(s);
		struct store *b = store_mem_copy(s);
		char name[30];
		size_t len;

		store_mem_crash(a, seed);
		store_mem_crash(b, seed);
		for (int i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "packs/01/%d", i);
			assert_int_equal(!store_mem_look(a, name, &len),
					 !store_mem_look(b, name, &len));
		}
		store_close(a);
		store_close(b);
	}
}

/* Every one of the possible outcomes, by its number. */
static void
test_crash_bits(void **state)
{
	(void)state;
	put(s, "config", "c");
	sync_all(s);
	put(s, "a", "1");
	put(s, "b", "2");
	put(s, "d", "3");
	drop(s, "config");
	assert_int_equal(store_mem_unsynced(s), 4);
	for (uint64_t bits = 0; bits < 16; bits++) {
		struct store *copy = store_mem_copy(s);

		store_mem_crash_bits(copy, bits);
		assert_int_equal(holds(copy, "a", "1"), bits & 1);
		assert_int_equal(holds(copy, "b", "2"), bits >> 1 & 1);
		/* Dropped: it is gone if the change is there. */
		assert_int_equal(holds(copy, "config", "c"), !(bits >> 2 & 1));
		assert_int_equal(holds(copy, "d", "3"), bits >> 3 & 1);
		store_close(copy);
	}
}

/* How often, of SEEDS crashes, @name holds @text; NULL: is not there. */
static unsigned int
outcomes(const char *name, const char *text)
{
	unsigned int n = 0;
	size_t len;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct store *copy = store_mem_copy(s);

		store_mem_crash(copy, seed);
		n += text ? holds(copy, name, text) :
			    !store_mem_look(copy, name, &len);
		store_close(copy);
	}
	return n;
}

static void
test_drops_come_back(void **state)
{
	(void)state;
	put(s, "a", "old");
	sync_all(s);
	drop(s, "a");
	assert_null(store_mem_look(s, "a", &(size_t){ 0 }));
	assert_in_range(outcomes("a", "old"), SEEDS / 4, SEEDS * 3 / 4);
	assert_int_equal(outcomes("a", "old") + outcomes("a", NULL), SEEDS);
	put(s, "a", "new");
	assert_in_range(outcomes("a", "old"), SEEDS / 6, SEEDS / 2);
	assert_in_range(outcomes("a", NULL), SEEDS / 6, SEEDS / 2);
	assert_in_range(outcomes("a", "new"), SEEDS / 6, SEEDS / 2);
	sync_all(s);
	assert_int_equal(outcomes("a", "new"), SEEDS);
	drop(s, "a");
	sync_all(s);
	assert_int_equal(outcomes("a", NULL), SEEDS);
	/* Put and dropped without a sync: it may be there after all. */
	put(s, "b", "short");
	drop(s, "b");
	assert_in_range(outcomes("b", "short"), SEEDS / 6, SEEDS / 2);
}

/* Two hosts: a sync is of what went through it. */
static void
test_clones(void **state)
{
	struct store *other = store_mem_clone(s);
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(other);
	put(s, "mine", "m");
	put(other, "theirs", "t");
	assert_true(holds(s, "theirs", "t"));
	assert_true(holds(other, "mine", "m"));
	sync_all(s);
	assert_int_equal(outcomes("mine", "m"), SEEDS);
	assert_in_range(outcomes("theirs", "t"), SEEDS / 4, SEEDS * 3 / 4);
	/* Whoever was refused may rely on what is there. */
	assert_int_equal(store_put(s, "theirs", "x", 1, &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_in_range(outcomes("theirs", "t"), SEEDS / 4, SEEDS * 3 / 4);
	sync_all(s);
	assert_int_equal(outcomes("theirs", "t"), SEEDS);
	/* And whoever finds it dropped already. */
	drop(other, "mine");
	sync_all(s);
	assert_in_range(outcomes("mine", "m"), SEEDS / 4, SEEDS * 3 / 4);
	drop(s, "mine");
	sync_all(s);
	assert_int_equal(outcomes("mine", NULL), SEEDS);
	/* The world outlives its first handle. */
	store_close(s);
	s = other;
	assert_true(holds(s, "theirs", "t"));
}

/* A sync carries what others did to the same object before, not after. */
static void
test_clones_one_name(void **state)
{
	struct store *other = store_mem_clone(s);

	(void)state;
	put(s, "a", "1");
	drop(other, "a");
	sync_all(s);
	assert_in_range(outcomes("a", "1"), SEEDS / 4, SEEDS * 3 / 4);
	sync_all(other);
	assert_int_equal(outcomes("a", NULL), SEEDS);
	store_close(other);
}

/* Of @len times 'x' nothing but sectors of zeros, and an end that is gone. */
static bool
is_torn(const uint8_t *p, size_t len, size_t whole)
{
	size_t zeros = 0;

	for (size_t i = 0; i < len; i++) {
		assert_true(p[i] == 'x' || p[i] == 0);
		if (i % 512 > 0)
			assert_int_equal(p[i], p[i - 1]);
		zeros += p[i] == 0;
	}
	return len < whole || zeros > 0;
}

static void
test_lies(void **state)
{
	unsigned int whole = 0;
	unsigned int torn = 0;
	unsigned int lost = 0;
	char data[5001];

	(void)state;
	memset(data, 'x', 5000);
	data[5000] = '\0';
	put(s, "true", data);
	sync_all(s);
	store_mem_lie(s, true);
	put(s, "lie", data);
	sync_all(s);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct store *copy = store_mem_copy(s);
		const uint8_t *p;
		size_t len = 0;

		store_mem_crash(copy, seed);
		assert_true(holds(copy, "true", data));
		p = store_mem_look(copy, "lie", &len);
		if (!p)
			lost++;
		else if (is_torn(p, len, 5000))
			torn++;
		else
			whole++;
		store_close(copy);
	}
	assert_in_range(lost, SEEDS / 4, SEEDS * 3 / 4);
	assert_in_range(torn, SEEDS / 6, SEEDS / 2);
	assert_in_range(whole, SEEDS / 20, SEEDS / 2);
	store_mem_lie(s, false);
	sync_all(s);
	assert_int_equal(outcomes("lie", data), SEEDS);
}

static void
test_limit(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	store_mem_limit(s, 10);
	put(s, "a", "12345");
	assert_int_equal(store_put(s, "b", "123456", 6, &err), -1);
	assert_int_equal(err.code, ERR_NOSPC);
	assert_int_equal(store_put(s, "b", "123456789012", 12, &err), -1);
	assert_int_equal(store_mem_count(s, ""), 1);
	put(s, "b", "12345");
	drop(s, "a");
	put(s, "c", "1234");
	store_mem_limit(s, 0);
	assert_int_equal(store_put(s, "d", "1", 1, &err), -1);
}

static void
test_damage(void **state)
{
	struct store *copy;
	struct err err = ERR_INIT;

	(void)state;
	put(s, "a", "abc");
	copy = store_mem_copy(s);
	assert_true(store_mem_flip(s, "a", 1, 'b' ^ 'X'));
	assert_true(holds(s, "a", "aXc"));
	assert_int_equal(outcomes("a", "aXc"), SEEDS);
	assert_true(holds(copy, "a", "abc"));
	store_close(copy);
	assert_false(store_mem_flip(s, "a", 3, 1));
	assert_false(store_mem_flip(s, "b", 0, 1));
	assert_true(store_mem_cut(s, "a", 2));
	assert_true(holds(s, "a", "aX"));
	assert_false(store_mem_cut(s, "a", 3));
	assert_true(store_mem_set(s, "a", "replaced", 8));
	assert_true(holds(s, "a", "replaced"));
	assert_true(store_mem_set(s, "new", NULL, 0));
	assert_true(holds(s, "new", ""));
	assert_int_equal(outcomes("new", ""), SEEDS);
	assert_true(store_mem_remove(s, "a"));
	assert_false(store_mem_remove(s, "a"));
	assert_int_equal(outcomes("a", NULL), SEEDS);
	assert_int_equal(store_mem_count(s, ""), 1);
	assert_int_equal(store_put(s, "a", "again", 5, &err), 0);
}

static void
test_open(void **state)
{
	struct err err = ERR_INIT;
	struct store *other;

	(void)state;
	assert_int_equal(store_open("mem:", true, &other, &err), 0);
	put(other, "a", "b");
	assert_int_equal(store_mem_count(s, ""), 0);
	store_close(other);
	assert_int_equal(store_open("mem:", false, &other, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_crash),      TEST(test_same_seed),
		TEST(test_crash_bits), TEST(test_drops_come_back),
		TEST(test_clones),     TEST(test_clones_one_name),
		TEST(test_lies),       TEST(test_limit),
		TEST(test_damage),     TEST(test_open),
		TEST(test_harden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
