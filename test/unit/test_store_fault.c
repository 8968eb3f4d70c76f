/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_store_fault.c - the store that goes wrong on demand does so, and only
 * then; what store.h promises is in test_store.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "store_fault.h"
#include "store_mem.h"

static struct store *s, *mem;

static int
setup(void **state)
{
	(void)state;
	s = store_fault_new(store_mem_new());
	if (!s)
		return -1;
	mem = store_fault_inner(s);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	store_close(s);
	return 0;
}

static int
put(const char *name, enum err_code *ret)
{
	struct err err = ERR_INIT;
	int rc = store_put(s, name, "0123456789", 10, &err);

	*ret = err.code;
	return rc;
}

static int
count(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	(void)name;
	(void)bytes;
	(void)err;
	++*(unsigned int *)ctx;
	return 0;
}

/* One of each call; -1 if any failed. */
static int
all_calls(struct err *err)
{
	unsigned int listed = 0;
	uint64_t bytes;
	char got[10];
	size_t n;

	if (store_put(s, "a", "0123456789", 10, err) ||
	    store_get(s, "a", 0, got, 10, &n, err) ||
	    store_size(s, "a", &bytes, err) ||
	    store_list(s, "", count, &listed, err) || store_drop(s, "a", err) ||
	    store_sync(s, err))
		return -1;
	assert_int_equal(n, 10);
	assert_int_equal(listed, 1);
	return 0;
}

/* Try every one of the calls, until none is left. */
static void
test_enumerate(void **state)
{
	struct store_fault fault = { .at = 1 };
	struct err err = ERR_INIT;

	(void)state;
	for (;; fault.at++) {
		store_mem_remove(mem, "a");
		store_fault_set(s, &fault);
		err_clear(&err);
		if (all_calls(&err) == 0)
			break;
		assert_int_equal(err.code, ERR_IO);
		assert_int_equal(store_fault_calls(s), fault.at);
	}
	assert_int_equal(fault.at, 7);
	assert_int_equal(store_fault_calls(s), 6);
	/* Counting some of them only. */
	fault.ops = STORE_DROP | STORE_SYNC;
	fault.at = 3;
	store_fault_set(s, &fault);
	assert_int_equal(all_calls(&err), 0);
	assert_int_equal(store_fault_calls(s), 2);
	store_fault_set(s, NULL);
	assert_int_equal(all_calls(&err), 0);
	assert_int_equal(store_fault_calls(s), 6);
}

static void
test_once_and_onwards(void **state)
{
	struct store_fault fault = { .ops = STORE_PUT,
				     .at = 2,
				     .code = ERR_NOSPC };
	enum err_code code;

	(void)state;
	store_fault_set(s, &fault);
	assert_int_equal(put("a", &code), 0);
	assert_int_equal(put("b", &code), -1);
	assert_int_equal(code, ERR_NOSPC);
	assert_int_equal(put("c", &code), 0);
	fault.onwards = true;
	store_fault_set(s, &fault);
	assert_int_equal(put("d", &code), 0);
	assert_int_equal(put("e", &code), -1);
	assert_int_equal(put("f", &code), -1);
	store_fault_set(s, NULL);
	assert_int_equal(put("f", &code), 0);
	assert_int_equal(store_mem_count(mem, ""), 4);
}

/* It was done, and nobody says so. */
static void
test_lost(void **state)
{
	struct store_fault fault = { .at = 1, .kind = STORE_FAULT_LOST };
	struct err err = ERR_INIT;
	unsigned int listed = 0;
	enum err_code code;

	(void)state;
	store_fault_set(s, &fault);
	assert_int_equal(put("a", &code), -1);
	assert_int_equal(code, ERR_IO);
	assert_int_equal(store_mem_count(mem, "a"), 1);
	assert_int_equal(put("a", &code), -1);
	assert_int_equal(code, ERR_EXISTS);
	assert_int_equal(store_mem_unsynced(mem), 1);
	store_fault_set(s, &fault);
	assert_int_equal(store_sync(s, &err), -1);
	assert_int_equal(store_mem_unsynced(mem), 0);
	assert_int_equal(put("b", &code), 0);
	store_fault_set(s, &fault);
	assert_int_equal(store_list(s, "", count, &listed, &err), -1);
	assert_int_equal(listed, 1);
	store_fault_set(s, &fault);
	listed = 0;
	assert_int_equal(store_list(s, "none", count, &listed, &err), -1);
	assert_int_equal(listed, 0);
	store_fault_set(s, &fault);
	assert_int_equal(store_drop(s, "a", &err), -1);
	assert_int_equal(store_mem_count(mem, ""), 1);
}

static void
test_damaged_get(void **state)
{
	struct store_fault fault = { .ops = STORE_GET,
				     .at = 1,
				     .kind = STORE_FAULT_CUT };
	struct err err = ERR_INIT;
	enum err_code code;
	char got[10];
	size_t n = 0;

	(void)state;
	assert_int_equal(put("a", &code), 0);
	store_fault_set(s, &fault);
	assert_int_equal(store_get(s, "a", 0, got, 10, &n, &err), 0);
	assert_int_equal(n, 5);
	fault.kind = STORE_FAULT_FLIP;
	store_fault_set(s, &fault);
	assert_int_equal(store_get(s, "a", 0, got, 10, &n, &err), 0);
	assert_int_equal(n, 10);
	assert_memory_equal(got, "0123446789", 10);
	assert_int_equal(store_get(s, "a", 0, got, 10, &n, &err), 0);
	assert_memory_equal(got, "0123456789", 10);
}

struct other {
	struct store *store;
	unsigned int calls;
	bool refuse;
};

/* Another host is quicker. */
static int
steal(enum store_op op, const char *name, void *ctx, struct err *err)
{
	struct other *other = ctx;

	other->calls++;
	if (op == STORE_PUT &&
	    store_put(other->store, name, "theirs", 6, err) &&
	    err->code != ERR_EXISTS)
		return -1;
	if (op == STORE_GET && other->refuse)
		return err_set(err, ERR_TIMEOUT, 0, "no answer");
	return 0;
}

static void
test_before(void **state)
{
	struct other other = { .store = store_mem_clone(mem) };
	struct err err = ERR_INIT;
	enum err_code code;
	char got[10];
	size_t n;

	(void)state;
	assert_non_null(other.store);
	store_fault_before(s, steal, &other);
	assert_int_equal(put("a", &code), -1);
	assert_int_equal(code, ERR_EXISTS);
	assert_int_equal(store_get(s, "a", 0, got, 10, &n, &err), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(got, "theirs", 6);
	assert_int_equal(other.calls, 2);
	other.refuse = true;
	assert_int_equal(store_get(s, "a", 0, got, 10, &n, &err), -1);
	assert_int_equal(err.code, ERR_TIMEOUT);
	store_fault_before(s, NULL, NULL);
	assert_int_equal(put("b", &code), 0);
	assert_int_equal(other.calls, 3);
	store_close(other.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_enumerate), TEST(test_once_and_onwards),
		TEST(test_lost),      TEST(test_damaged_get),
		TEST(test_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
