/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_dm_table.c - thin tables: as the kernel writes them, and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dm.h"

static struct dm_target
target(const char *type, const char *params)
{
	struct dm_target t = { .length = 8, .n_targets = 1 };

	snprintf(t.type, sizeof(t.type), "%s", type);
	snprintf(t.params, sizeof(t.params), "%s", params);
	return t;
}

static void
test_thin(void **state)
{
	struct dm_target t = target("thin", "253:4 17");
	struct dm_thin_table has;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dm_thin_table(&t, &has, &err), 0);
	assert_int_equal(has.pool_major, 253);
	assert_int_equal(has.pool_minor, 4);
	assert_int_equal(has.id, 17);
	assert_false(has.external_origin);
	t = target("thin", "253:4 17 ");
	assert_int_equal(dm_thin_table(&t, &has, &err), 0);
	assert_false(has.external_origin);
	t = target("thin", "253:4 17 253:9");
	assert_int_equal(dm_thin_table(&t, &has, &err), 0);
	assert_true(has.external_origin);
}

static void
test_pool(void **state)
{
	struct dm_target t = target("thin-pool", "253:1 253:2 128 32768 1 "
						 "skip_block_zeroing");
	struct dm_pool_table has;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dm_pool_table(&t, &has, &err), 0);
	assert_int_equal(has.metadata_major, 253);
	assert_int_equal(has.metadata_minor, 1);
	assert_int_equal(has.block_bytes, 65536);
}

/* Each is refused, and what it says is in the message. */
static void
test_refused(void **state)
{
	static const struct {
		const char *type, *params;
	} bad[] = {
		{ "error", "" },
		{ "linear", "253:1 0" },
		{ "thin", "" },
		{ "thin", "253:4" },
		{ "thin", "/dev/x 1" },
		{ "thin-pool", "253:1 253:2" },
		{ "thin-pool", "253:1 253:2 0" },
	};
	struct dm_thin_table thin;
	struct dm_pool_table pool;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dm_target t = target(bad[i].type, bad[i].params);
		struct err err = ERR_INIT;

		assert_int_equal(dm_thin_table(&t, &thin, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		err_clear(&err);
		assert_int_equal(dm_pool_table(&t, &pool, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_non_null(strstr(err.text, bad[i].params));
	}
}

static void
test_several(void **state)
{
	struct dm_target t = target("thin", "253:4 17");
	struct dm_thin_table has;
	struct err err = ERR_INIT;

	(void)state;
	t.n_targets = 2;
	assert_int_equal(dm_thin_table(&t, &has, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thin),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
