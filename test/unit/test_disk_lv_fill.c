/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_lv_fill.c - which volumes fill up, of those that LVM has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cow.h"
#include "lv_fill.h"

#define MIB ((uint64_t)1 << 20)
#define UUID "9b0f1c5e-7d5e-4a4b-8f1d-3b2a6c0d4e11"
#define OTHER "00000000-7d5e-4a4b-8f1d-3b2a6c0d4e11"
#define N_LVS 4

/* A classic view, two thin ones in one pool, and a clone's disk. */
static const struct lvm_lv lvs[N_LVS] = {
	{ .vg = "vg",
	  .name = "d.xs-a",
	  .uuid = "uuid-view",
	  .tags = "xensnap",
	  .extent_bytes = 4 * MIB,
	  .vg_bytes = 1000 * MIB,
	  .vg_free_bytes = 100 * MIB },
	{ .vg = "vg",
	  .name = "t.xs-a",
	  .uuid = "uuid-t",
	  .pool = "tp",
	  .pool_uuid = "uuid-pool" },
	{ .vg = "vg",
	  .name = "u.xs-a",
	  .uuid = "uuid-u",
	  .pool = "tp",
	  .pool_uuid = "uuid-pool" },
	{ .vg = "vg",
	  .name = "trial-xvda",
	  .uuid = "uuid-clone",
	  .role = "public,snapshot,thicksnapshot",
	  .tags = "mine,xensnap-clone:" UUID,
	  .extent_bytes = 4 * MIB,
	  .vg_bytes = 1000 * MIB,
	  .vg_free_bytes = 100 * MIB },
};

static const struct disk_clone clone_disk = {
	.driver = "classic",
	.path = "/dev/vg/trial-xvda",
	.token = UUID,
	.bytes = 64 * MIB,
	.cow_bytes = 12 * MIB,
};

static void
a_clone(void **state)
{
	const struct disk_fill_want w = { .clones = &clone_disk,
					  .n_clones = 1 };
	struct disk_fill f = { .ref = 7 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lv_fill_among(&w, lvs, N_LVS, &f, &err), 1);
	assert_int_equal(f.kind, DISK_FILL_CLONE);
	assert_int_equal(f.ref, 0);
	assert_string_equal(f.what, "vg/trial-xvda");
	assert_string_equal(f.group, "vg");
	assert_string_equal(f.device, "vg-trial--xvda");
	assert_string_equal(f.uuid, "uuid-clone");
	assert_true(f.max_bytes == cow_max_bytes(64 * MIB));
	assert_true(f.extent_bytes == 4 * MIB && f.group_free == 100 * MIB);
}

static int
found(const struct disk_clone *c)
{
	const struct disk_fill_want w = { .clones = c, .n_clones = 1 };
	struct disk_fill f = { .ref = 0 };
	struct err err = ERR_INIT;

	return lv_fill_among(&w, lvs, N_LVS, &f, &err);
}

/* Of a volume that has its name but not its tag, LVM is told nothing. */
static void
no_clone(void **state)
{
	struct disk_clone c = clone_disk;

	(void)state;
	assert_int_equal(found(&c), 1);
	strcpy(c.token, OTHER);
	assert_int_equal(found(&c), 0);
	c = clone_disk;
	strcpy(c.path, "/dev/vg/trial-xvdb");
	assert_int_equal(found(&c), 0);
	strcpy(c.path, "/dev/other/trial-xvda");
	assert_int_equal(found(&c), 0);
	strcpy(c.path, "/srv/trial-xvda.img");
	assert_int_equal(found(&c), 0);
	/* It lies in the pool of its view, and has no area. */
	c = clone_disk;
	strcpy(c.driver, "thin");
	assert_int_equal(found(&c), 0);
}

static void
all_kinds(void **state)
{
	const struct disk_view_ref views[] = {
		{ .driver = "thin", .view_uuid = "uuid-t" },
		{ .driver = "classic", .view_uuid = "gone" },
		{ .driver = "classic",
		  .view_uuid = "uuid-view",
		  .bytes = 32 * MIB },
		{ .driver = "thin", .view_uuid = "uuid-u" },
	};
	const struct disk_fill_want w = { views, 4, &clone_disk, 1 };
	static const enum disk_fill_kind kinds[] = { DISK_FILL_POOL_DATA,
						     DISK_FILL_POOL_METADATA,
						     DISK_FILL_VIEW,
						     DISK_FILL_CLONE };
	static const unsigned int refs[] = { 0, 0, 2, 0 };
	struct disk_fill f[2 * 4 + 1];
	struct err err = ERR_INIT;

	(void)state;
	memset(f, 0, sizeof(f));
	assert_int_equal(lv_fill_among(&w, lvs, N_LVS, f, &err), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f[i].kind, kinds[i]);
		assert_int_equal(f[i].ref, refs[i]);
	}
	assert_int_equal(f[0].n_views, 2);
	assert_string_equal(f[0].device, "vg-tp-tpool");
	assert_string_equal(f[2].device, "vg-d.xs--a");
	assert_true(f[2].max_bytes == cow_max_bytes(32 * MIB));
	/* Nothing of LVM's is there. */
	assert_int_equal(lv_fill_among(&w, NULL, 0, f, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clone),
		cmocka_unit_test(no_clone),
		cmocka_unit_test(all_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
