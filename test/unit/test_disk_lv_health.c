/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_lv_health.c - each way in which a view breaks has its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lv_health.h"
#include "view_health.h"

#define MIB ((uint64_t)1 << 20)
#define TAGS "xensnap,xensnap:domain=d,xensnap:snapshot=s,xensnap:generation=g1"

/* A record of the view vg/d.xs-s of the disk vg/d, and LVM's two rows. */
static struct disk_view_ref ref;
static struct lvm_lv lvs[3];
static struct disk_view_health h;

static void
set_up(const char *driver)
{
	static const struct disk_view_ref plain_ref = {
		.source = "/dev/vg/d",
		.view = "/dev/vg/d.xs-s",
		.source_uuid = "uuid-disk",
		.view_uuid = "uuid-view",
		.generation = "g1",
		.bytes = 64 * MIB,
	};
	static const struct lvm_lv view = {
		.vg = "vg",
		.name = "d.xs-s",
		.uuid = "uuid-view",
		.origin_uuid = "uuid-disk",
		.attr = "sri-a-s---",
		.tags = TAGS,
		.bytes = 64 * MIB,
	};
	static const struct lvm_lv disk = { .vg = "vg",
					    .name = "d",
					    .uuid = "uuid-disk",
					    .attr = "owi-a-s---" };

	ref = plain_ref;
	strcpy(ref.driver, driver);
	lvs[0] = disk;
	lvs[1] = view;
	memset(&lvs[2], 0, sizeof(lvs[2]));
	if (strcmp(driver, "classic") == 0)
		lvs[1].bytes = 8 * MIB; /* of its area */
}

static void
judged(unsigned int n, bool found, enum disk_view_state want, const char *why)
{
	const struct lvm_lv *lv;

	view_health_init(&h);
	lv = lv_health_judge(&ref, lvs, n, &h);
	if ((lv != NULL) != found || h.state != want || !strstr(h.why, why))
		fail_msg("%s, state %d: '%s' instead of '%s'",
			 lv ? "found" : "not found", (int)h.state, h.why, why);
	assert_true((h.state == DISK_VIEW_GOOD) == !h.why[0]);
}

static void
test_whole(void **state)
{
	(void)state;
	set_up("classic");
	judged(2, true, DISK_VIEW_GOOD, "");
	set_up("thin");
	judged(2, true, DISK_VIEW_GOOD, "");
	ref.view_uuid[0] = '\0'; /* as a journal has it */
	judged(2, true, DISK_VIEW_GOOD, "");
	ref.generation[0] = '\0';
	judged(2, true, DISK_VIEW_GOOD, "");
	/* As one that was found by its tags alone. */
	ref.source[0] = ref.source_uuid[0] = '\0';
	lvs[1].origin_uuid[0] = '\0';
	judged(2, true, DISK_VIEW_GOOD, "");
}

static void
test_gone(void **state)
{
	(void)state;
	set_up("classic");
	judged(0, false, DISK_VIEW_GONE, "gone: removed, or merged");
	judged(1, false, DISK_VIEW_GONE, "gone: removed, or merged");
}

static void
test_foreign(void **state)
{
	(void)state;
	set_up("thin");
	strcpy(lvs[1].tags, "");
	judged(2, false, DISK_VIEW_FOREIGN, "lost our tags");
	strcpy(lvs[1].uuid, "uuid-other");
	judged(2, false, DISK_VIEW_FOREIGN, "another one has its name");
	set_up("thin");
	strcpy(ref.generation, "g2");
	judged(2, false, DISK_VIEW_FOREIGN, "tags of another snapshot");
	set_up("thin");
	strcpy(lvs[1].uuid, "uuid-other");
	judged(2, true, DISK_VIEW_LOST, "another one has its name and its");
}

static void
test_lost(void **state)
{
	(void)state;
	for (int thin = 0; thin < 2; thin++) {
		const char *driver = thin ? "thin" : "classic";

		set_up(driver);
		lvs[1].attr[0] = 'S';
		judged(2, true, DISK_VIEW_LOST, "being merged into its disk");
		set_up(driver);
		lvs[1].attr[8] = 'p';
		judged(2, true, DISK_VIEW_LOST, "physical volume on which it");
	}
	set_up("classic");
	strcpy(lvs[1].origin_uuid, "uuid-other");
	judged(2, true, DISK_VIEW_LOST, "belongs to another disk");
	strcpy(lvs[1].origin_uuid, "");
	judged(2, true, DISK_VIEW_LOST, "split from its disk");
	set_up("thin");
	lvs[1].bytes += 4 * MIB;
	judged(2, true, DISK_VIEW_LOST, "68.0 MiB long, its disk was 64.0 MiB");
}

/* What the view itself survives; what is worse comes first. */
static void
test_impaired(void **state)
{
	(void)state;
	set_up("thin");
	strcpy(lvs[1].name, "mine");
	judged(2, true, DISK_VIEW_IMPAIRED, "renamed to /dev/vg/mine");
	set_up("thin");
	judged(2, true, DISK_VIEW_GOOD, "");
	strcpy(lvs[0].uuid, "uuid-other");
	judged(2, true, DISK_VIEW_IMPAIRED, "/dev/vg/d was replaced by");
	strcpy(lvs[0].name, "e");
	judged(2, true, DISK_VIEW_IMPAIRED, "/dev/vg/d is gone");
	set_up("thin");
	strcpy(lvs[0].name, "e"); /* the disk was renamed: no matter */
	judged(2, true, DISK_VIEW_GOOD, "");
	strcpy(lvs[1].vg_partial, "partial");
	judged(2, true, DISK_VIEW_IMPAIRED, "vg lacks a physical volume");
	strcpy(lvs[1].name, "mine");
	lvs[1].attr[8] = 'p';
	judged(2, true, DISK_VIEW_LOST, "physical volume on which it lies");
}

/* It has another name now, and another volume has the one it had. */
static void
test_name_taken(void **state)
{
	(void)state;
	set_up("thin");
	lvs[2] = lvs[1];
	strcpy(lvs[2].name, "mine");
	strcpy(lvs[1].uuid, "uuid-other");
	judged(3, true, DISK_VIEW_IMPAIRED, "renamed to /dev/vg/mine");
}

/* ---- devices ---- */

static struct dm_target
target(const char *type, const char *params)
{
	struct dm_target t = { .length = 64 * MIB / DM_SECTOR, .n_targets = 1 };

	snprintf(t.type, sizeof(t.type), "%s", type);
	snprintf(t.params, sizeof(t.params), "%s", params);
	return t;
}

static void
health_is(enum disk_view_state want, const char *why)
{
	if (h.state != want || !strstr(h.why, why))
		fail_msg("state %d: '%s' instead of '%s'", (int)h.state, h.why,
			 why);
	view_health_init(&h);
}

static void
test_snapshot(void **state)
{
	static const struct {
		const char *status;
		const char *why;
	} lost[] = {
		{ "Invalid", "ran full, or failed" },
		{ "Overflow", "ran full" },
		{ "Merge failed", "merging it into its disk failed" },
	};
	struct err err = ERR_INIT;
	struct dm_target t;

	(void)state;
	set_up("classic");
	view_health_init(&h);
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		t = target("snapshot", lost[i].status);
		assert_int_equal(lv_health_snapshot(&ref, &t, &h, &err), 0);
		assert_true(h.used < 0);
		health_is(DISK_VIEW_LOST, lost[i].why);
	}
	t = target("snapshot", "2048/8192 16");
	assert_int_equal(lv_health_snapshot(&ref, &t, &h, &err), 0);
	assert_true(h.used > 0.24 && h.used < 0.26);
	health_is(DISK_VIEW_GOOD, "");
	t.length++;
	assert_int_equal(lv_health_snapshot(&ref, &t, &h, &err), 0);
	health_is(DISK_VIEW_LOST, "its disk was 64.0 MiB");
	t = target("error", "");
	assert_int_equal(lv_health_snapshot(&ref, &t, &h, &err), 0);
	health_is(DISK_VIEW_LOST, "\"error\" in place of \"snapshot\"");
	t = target("snapshot", "what is this");
	assert_int_equal(lv_health_snapshot(&ref, &t, &h, &err), -1);
	assert_int_equal(err.code, ERR_IO);
}

static void
test_thin(void **state)
{
	struct dm_target t = target("thin", "1024 131071");

	(void)state;
	set_up("thin");
	view_health_init(&h);
	lv_health_thin(&ref, &t, &h);
	health_is(DISK_VIEW_GOOD, "");
	t = target("thin", "Fail");
	lv_health_thin(&ref, &t, &h);
	health_is(DISK_VIEW_LOST, "its device has failed");
	t = target("error", "");
	lv_health_thin(&ref, &t, &h);
	health_is(DISK_VIEW_LOST, "\"error\" in place of \"thin\"");
}

static void
pool_is(const char *params, enum disk_view_state want, const char *why)
{
	struct dm_target t = target("thin-pool", params);
	struct err err = ERR_INIT;

	view_health_init(&h);
	assert_int_equal(lv_health_pool("vg/p", &t, &h, &err), 0);
	health_is(want, why);
}

static void
test_pool(void **state)
{
	struct dm_target t = target("thin-pool", "1 2 3");
	struct err err = ERR_INIT;

	(void)state;
	pool_is("3 5/4096 7/256 - rw discard_passdown queue_if_no_space - 1024",
		DISK_VIEW_GOOD, "");
	pool_is("3 5/4096 256/256 - out_of_data_space discard_passdown "
		"queue_if_no_space - 1024",
		DISK_VIEW_IMPAIRED,
		"vg/p has run out of room for data, and "
		"writes to it wait");
	pool_is("3 5/4096 256/256 - out_of_data_space discard_passdown "
		"error_if_no_space - 1024",
		DISK_VIEW_IMPAIRED, "writes to it fail");
	pool_is("3 3690/4096 7/256 - ro discard_passdown queue_if_no_space - "
		"1024",
		DISK_VIEW_IMPAIRED, "read-only: its metadata is full");
	pool_is("3 5/4096 7/256 - ro discard_passdown queue_if_no_space "
		"needs_check 1024",
		DISK_VIEW_IMPAIRED, "needs a check");
	pool_is("Fail", DISK_VIEW_LOST, "its thin pool vg/p has failed");
	pool_is("Error", DISK_VIEW_LOST, "its thin pool vg/p has failed");
	assert_int_equal(lv_health_pool("vg/p", &t, &h, &err), -1);
	t = target("error", "");
	assert_int_equal(lv_health_pool("vg/p", &t, &h, &err), 0);
	health_is(DISK_VIEW_LOST, "table of \"error\"");
}

/* Where a pool's metadata snapshot is; a number of another column isn't it. */
static void
test_held_root(void **state)
{
	static const struct {
		const char *params;
		uint64_t root;
	} pools[] = {
		{ "3 5/4096 7/256 - rw discard_passdown queue_if_no_space - 9",
		  0 },
		{ "3 5/4096 7/256 612 rw discard_passdown queue_if_no_space - "
		  "9",
		  612 },
		{ "Fail", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct dm_target t = target("thin-pool", pools[i].params);
		struct dm_pool_status s;
		struct err err = ERR_INIT;

		assert_int_equal(dm_pool_status(&t, &s, &err), 0);
		assert_int_equal(s.held_root, pools[i].root);
	}
}

/* ---- what is made of it ---- */

static void
test_refusing(void **state)
{
	static const enum err_code codes[] = {
		[DISK_VIEW_GOOD] = ERR_NONE,
		[DISK_VIEW_IMPAIRED] = ERR_NONE,
		[DISK_VIEW_GONE] = ERR_NOTFOUND,
		[DISK_VIEW_LOST] = ERR_CORRUPT,
		[DISK_VIEW_FOREIGN] = ERR_NOTFOUND,
	};

	(void)state;
	set_up("classic");
	for (int i = DISK_VIEW_GOOD; i <= DISK_VIEW_FOREIGN; i++) {
		struct err err = ERR_INIT;

		view_health_init(&h);
		view_health_set(&h, (enum disk_view_state)i, "so it is");
		assert_int_equal(view_health_check(&ref, &h, &err),
				 codes[i] ? -1 : 0);
		assert_int_equal(err.code, codes[i]);
		if (!codes[i])
			continue;
		assert_string_equal(err.text,
				    "/dev/vg/d.xs-s is lost: so it is");
		assert_int_equal(view_health_recheck(&ref, &h, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_string_equal(err.text, "/dev/vg/d.xs-s was lost while "
					      "it was read: so it is");
	}
}

static void
test_paths(void **state)
{
	static const char *const bad[] = { "",        "/dev/",
					   "/dev/vg", "/dev/vg/a/b",
					   "vg/a",    "/srv/xfs/file" };
	char vg[LVM_NAME_LEN], lv[LVM_NAME_LEN];

	(void)state;
	assert_int_equal(lv_health_split("/dev/vg/a.xs-b", vg, lv), 0);
	assert_string_equal(vg, "vg");
	assert_string_equal(lv, "a.xs-b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (lv_health_split(bad[i], vg, lv) != -1)
			fail_msg("'%s' was split", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_impaired),
		cmocka_unit_test(test_name_taken),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_thin),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_held_root),
		cmocka_unit_test(test_refusing),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
