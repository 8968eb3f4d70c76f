/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_view_name.c - names that LVM takes, tags that can be read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view_name.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define UUID "6f1de0aa-0000-4000-8000-000000000001"

static void
makes(const char *vg, const char *lv, const char *snapshot, char *ret)
{
	struct err err = ERR_INIT;

	if (view_name_make(vg, lv, snapshot, ret, &err))
		fail_msg("%s/%s, %s: %s", vg, lv, snapshot, err.text);
}

static void
test_plain_name(void **state)
{
	char name[VIEW_NAME_MAX + 1];

	(void)state;
	makes("vg", "web1-root", "before", name);
	assert_string_equal(name, "web1-root.xs-before");
	makes("vg", "a", "20261122-203513", name);
	assert_string_equal(name, "a.xs-20261122-203513");
}

/* What LVM 2.03 says of names, in its own words: lvm(8), "VALID NAMES". */
static void
assert_lvm_takes(const char *vg, const char *name)
{
	static const char *const reserved[] = {
		"_cdata",  "_cmeta", "_corig", "_mlog",  "_mimage",  "_pmspare",
		"_rimage", "_rmeta", "_tdata", "_tmeta", "_vorigin", "_vdata",
		"_imeta",  "_iorig", "_cpool", "_cvol",  "_wcorig",
	};
	struct err err = ERR_INIT;
	char dm[VIEW_NAME_MAX + 1];

	assert_true(strlen(name) >= 1 && strlen(name) <= 127);
	assert_int_equal(strspn(name,
				"abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-"),
			 strlen(name));
	assert_true(name[0] != '-');
	assert_true(strncmp(name, "snapshot", 8) && strncmp(name, "pvmove", 6));
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		assert_null(strstr(name, reserved[i]));
	if (view_name_dm(vg, name, "-real", dm, &err))
		fail_msg("%s/%s: %s", vg, name, err.text);
	assert_true(strlen(dm) <= 127);
}

static void
test_reserved_words(void **state)
{
	char name[VIEW_NAME_MAX + 1];

	(void)state;
	makes("vg", "root", "my_tdata_old", name);
	assert_lvm_takes("vg", name);
	assert_memory_equal(name, "root.xs-", 8);
	makes("vg", "root", "x_mlog", name);
	assert_lvm_takes("vg", name);
	/* Only LVM's own words count, not what begins like them. */
	makes("vg", "root", "x_mlo", name);
	assert_string_equal(name, "root.xs-x_mlo");
}

static void
test_long_names(void **state)
{
	char a[VIEW_NAME_MAX + 1], b[VIEW_NAME_MAX + 1];

	(void)state;
	makes("vg", "disk-" SIXTY, SIXTY "1234", a);
	makes("vg", "disk-" SIXTY, SIXTY "1235", b);
	assert_lvm_takes("vg", a);
	assert_memory_equal(a, "disk-0123456789", 15);
	assert_string_not_equal(a, b);
	makes("vg", "disk-" SIXTY, SIXTY "1234", b);
	assert_string_equal(a, b);
}

/* Names that are long only because device-mapper doubles hyphens. */
static void
test_hyphens(void **state)
{
	char lv[64], name[VIEW_NAME_MAX + 1];

	(void)state;
	memset(lv, '-', sizeof(lv) - 1);
	lv[0] = 'a';
	lv[sizeof(lv) - 1] = '\0';
	makes("a-b-c-d", lv, "n--", name);
	assert_lvm_takes("a-b-c-d", name);
}

/* All lengths: always a name, always taken, never the same twice. */
static void
test_every_length(void **state)
{
	char vg[128], lv[128], snapshot[65], name[VIEW_NAME_MAX + 1];
	struct err err = ERR_INIT;

	(void)state;
	memset(lv, 'l', sizeof(lv));
	memset(snapshot, 's', sizeof(snapshot));
	for (size_t n_vg = 1; n_vg <= 90; n_vg += 3) {
		memset(vg, 'v', n_vg);
		vg[n_vg] = '\0';
		for (size_t n_lv = 1; n_lv <= 127; n_lv += 2) {
			lv[n_lv] = '\0';
			snapshot[1 + n_lv % 64] = '\0';
			makes(vg, lv, snapshot, name);
			assert_lvm_takes(vg, name);
			lv[n_lv] = 'l';
			snapshot[1 + n_lv % 64] = 's';
		}
	}
	memset(vg, 'v', 127);
	vg[127] = '\0';
	assert_int_equal(view_name_make(vg, "a", "b", name, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
test_dm_name(void **state)
{
	char dm[VIEW_NAME_MAX + 1];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(view_name_dm("a-b", "c--d", "-cow", dm, &err), 0);
	assert_string_equal(dm, "a--b-c----d-cow");
	assert_int_equal(view_name_dm(SIXTY, SIXTY, "", dm, &err), 0);
	assert_int_equal(view_name_dm(SIXTY, SIXTY "123456", "", dm, &err), 0);
	assert_int_equal(strlen(dm), 127);
	assert_int_equal(view_name_dm(SIXTY, SIXTY "1234567", "", dm, &err),
			 -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
reads_back(const struct disk_owner *o)
{
	struct err err = ERR_INIT;
	struct view_owner back;
	struct view_tags t;
	char all[VIEW_TAGS_MAX * VIEW_TAG_LEN] = "other,xensnap-not";

	if (view_tags_make(o, &t, &err))
		fail_msg("%s", err.text);
	for (unsigned int i = 0; i < t.n; i++) {
		strcat(all, ",");
		strcat(all, t.tag[i]);
	}
	view_tags_read(all, &back);
	assert_true(back.ours);
	assert_string_equal(back.domain, o->domain);
	assert_string_equal(back.snapshot, o->snapshot);
	assert_string_equal(back.generation, o->generation);
	assert_string_equal(back.vdev, o->vdev);
}

static void
test_tags(void **state)
{
	(void)state;
	reads_back(
		&(struct disk_owner){ "web1", "before", UUID, "xvda", NULL });
	reads_back(&(struct disk_owner){ SIXTY "1234", SIXTY "5678", UUID,
					 "sdz", NULL });
	reads_back(&(struct disk_owner){ "A.b_c+d-e", "Z.y_x+w-v", UUID, "hda",
					 NULL });
	/* A word that looks like a tag of ours stays a word. */
	reads_back(&(struct disk_owner){ "xensnap:vdev=x", "domain=y", UUID,
					 "xvdb", NULL });
}

static void
tags_refused(const char *domain, const char *snapshot)
{
	struct disk_owner o = { domain, snapshot, UUID, "xvda", NULL };
	struct err err = ERR_INIT;
	struct view_tags t;

	assert_int_equal(view_tags_make(&o, &t, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

static void
test_bad_tags(void **state)
{
	(void)state;
	tags_refused("", "x");
	tags_refused("x", "");
	tags_refused("a b", "x");
	tags_refused("a,xensnap:domain=b", "x");
	tags_refused("x", "a@b");
	tags_refused("x", "a\nb");
	tags_refused("x", "\xc3\xa4");
	tags_refused(SIXTY SIXTY SIXTY TEN TEN, "x");
}

static void
test_strange_tags(void **state)
{
	struct view_owner o;

	(void)state;
	view_tags_read("", &o);
	assert_false(o.ours);
	view_tags_read("xensnap:domain=a,xensnapp,Xensnap", &o);
	assert_false(o.ours);
	assert_string_equal(o.domain, "a");
	view_tags_read("xensnap,xensnap:domain,xensnap:domain=,xensnap:doma=b",
		       &o);
	assert_true(o.ours);
	assert_string_equal(o.domain, "");
	view_tags_read(",,,xensnap", &o);
	assert_true(o.ours);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_name),
		cmocka_unit_test(test_reserved_words),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_hyphens),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_dm_name),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_bad_tags),
		cmocka_unit_test(test_strange_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
