/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_kinds.c - see store_kinds.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "store_dir.h"
#include "store_fault.h"
#include "store_kinds.h"
#include "store_mem.h"

#define TESTS_MAX 20

enum kind {
	DIR_BEST,
	DIR_NAMED,
	DIR_BY_HAND,
	MEM,
	FAULT,
	KINDS
};

static enum kind kinds[KINDS] = { DIR_BEST, DIR_NAMED, DIR_BY_HAND, MEM,
				  FAULT };
static const char *const kind_names[KINDS] = { "dir", "dir without O_TMPFILE",
					       "dir without openat2", "mem",
					       "fault" };

struct store *s;

static struct store *
open_dir(unsigned int without)
{
	struct err err = ERR_INIT;
	struct store *dir = NULL;

	if (store_dir_open(scratch_path("repo"), true, without, &dir, &err))
		print_error("%s\n", err.text);
	return dir;
}

static int
setup(void **state)
{
	enum kind kind = *(enum kind *)*state;

	if (scratch_begin(state))
		return -1;
	switch (kind) {
	case DIR_BEST:
		s = open_dir(0);
		break;
	case DIR_NAMED:
		s = open_dir(STORE_DIR_NO_TMPFILE);
		break;
	case DIR_BY_HAND:
		s = open_dir(STORE_DIR_NO_TMPFILE | STORE_DIR_NO_OPENAT2);
		break;
	case MEM:
		s = store_mem_new();
		break;
	default:
		s = store_fault_new(store_mem_new());
	}
	return s ? 0 : -1;
}

static int
teardown(void **state)
{
	store_close(s);
	s = NULL;
	return scratch_end(state);
}

void
store_kinds_put(const char *name, const void *p, size_t len)
{
	struct err err = ERR_INIT;

	if (store_put(s, name, p, len, &err))
		fail_msg("%s", err.text);
}

void
store_kinds_holds(const char *name, const void *want, size_t len)
{
	struct err err = ERR_INIT;
	uint8_t *got = malloc(len + 10);
	uint64_t bytes = 0;
	size_t n = 0;

	assert_non_null(got);
	assert_int_equal(store_size(s, name, &bytes, &err), 0);
	assert_int_equal(bytes, len);
	assert_int_equal(store_get(s, name, 0, got, len + 10, &n, &err), 0);
	assert_int_equal(n, len);
	if (len > 0)
		assert_memory_equal(got, want, len);
	free(got);
}

int
store_kinds_see(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	seen->n++;
	seen->bytes += bytes;
	strcpy(seen->last, name);
	return 0;
}

struct seen
store_kinds_list(const char *prefix)
{
	struct err err = ERR_INIT;
	struct seen seen = { .n = 0 };

	if (store_list(s, prefix, store_kinds_see, &seen, &err))
		fail_msg("%s", err.text);
	return seen;
}

int
store_kinds_run(const void *from, size_t count)
{
	static struct CMUnitTest tests[KINDS * TESTS_MAX];
	static char names[KINDS * TESTS_MAX][80];
	const struct CMUnitTest *each = from;
	size_t n = 0;

	assert(count <= TESTS_MAX);
	for (size_t i = 0; i < count; i++)
		for (enum kind kind = 0; kind < KINDS; kind++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s",
				 each[i].name, kind_names[kind]);
			tests[n] = each[i];
			tests[n].name = names[n];
			tests[n].setup_func = setup;
			tests[n].teardown_func = teardown;
			tests[n].initial_state = &kinds[kind];
		}
	/* What the macro does that takes an array only. */
	return _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
}
