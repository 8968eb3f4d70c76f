/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_many.c - what store.h promises of large objects, many of them, and
 * several threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_kinds.h"

#define put store_kinds_put
#define assert_holds store_kinds_holds
#define see store_kinds_see
#define list store_kinds_list

static void
test_big(void **state)
{
	size_t len = 9 << 20;
	char *data = malloc(len);

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i ^ i >> 9 ^ i >> 17);
	put("packs/00/big", data, len);
	assert_holds("packs/00/big", data, len);
	assert_int_equal(list("packs/").bytes, len);
	free(data);
}

static int
see_two(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	see(name, bytes, ctx, err);
	if (((struct seen *)ctx)->n == 2)
		return err_set(err, ERR_CANCELLED, 0, "enough");
	return 0;
}

static int
drop_it(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	see(name, bytes, ctx, err);
	return store_drop(s, name, err);
}

/* What it calls may end it, and may call the store. */
static void
test_list_calls(void **state)
{
	struct err err = ERR_INIT;
	struct seen seen = { .n = 0 };
	char name[30];

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "sessions/%03d", i);
		put(name, name, strlen(name));
	}
	assert_int_equal(store_list(s, "sessions/", see_two, &seen, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_int_equal(seen.n, 2);
	assert_int_equal(list("sessions/").n, 300);
	err_clear(&err);
	seen.n = 0;
	assert_int_equal(store_list(s, "sessions/", drop_it, &seen, &err), 0);
	assert_int_equal(seen.n, 300);
	assert_int_equal(list("sessions/").n, 0);
}

/* More folders than are remembered for a sync. */
static void
test_many_folders(void **state)
{
	struct err err = ERR_INIT;
	char name[30];

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "packs/%02x/%u", i % 256, i);
		put(name, name, strlen(name));
		if (i % 100 == 99)
			assert_int_equal(store_sync(s, &err), 0);
	}
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(store_sync(s, &err), 0);
	assert_int_equal(list("packs/").n, 300);
}

#define THREADS 4
#define RACES 30

struct racer {
	pthread_t thread;
	char me;
	unsigned int won;
	atomic_uint *wrong;
};

/* Put every name, in step with nobody; sync now and then. */
static void *
race(void *arg)
{
	struct racer *r = arg;
	struct err err = ERR_INIT;
	char data[1000];
	char name[30];

	memset(data, r->me, sizeof(data));
	for (int i = 0; i < RACES; i++) {
		snprintf(name, sizeof(name), "outcomes/%d", i);
		if (store_put(s, name, data, sizeof(data), &err) == 0)
			r->won++;
		else if (err.code != ERR_EXISTS)
			atomic_fetch_add(r->wrong, 1);
		if (i % 10 == 9 && store_sync(s, &err))
			atomic_fetch_add(r->wrong, 1);
	}
	return NULL;
}

/* Each name has one winner, and what is there is of one writer. */
static void
test_threads(void **state)
{
	struct racer racers[THREADS] = { 0 };
	struct err err = ERR_INIT;
	atomic_uint wrong = 0;
	unsigned int won = 0;
	char data[1000];
	char name[30];
	size_t n;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		racers[i].me = (char)('a' + i);
		racers[i].wrong = &wrong;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race,
						&racers[i]),
				 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		won += racers[i].won;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(won, RACES);
	for (int i = 0; i < RACES; i++) {
		snprintf(name, sizeof(name), "outcomes/%d", i);
		assert_int_equal(
			store_get(s, name, 0, data, sizeof(data), &n, &err), 0);
		assert_int_equal(n, sizeof(data));
		for (size_t k = 1; k < n; k++)
			assert_int_equal(data[k], data[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_list_calls),
		cmocka_unit_test(test_many_folders),
		cmocka_unit_test(test_threads),
	};

	return store_kinds_run(tests, sizeof(tests) / sizeof(tests[0]));
}
