/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_lvm.c - LVM's reports and uuids, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cow.h"
#include "lvm.h"
#include "lvm_report.h"

#define ROW                                                             \
	"{\"vg_name\":\"vg\", \"lv_name\":\"d1\", "                     \
	"\"lv_uuid\":\"cvkk9H-jHTc-lbr9-Gq1x-PZdP-RLcv-kk9HjH\", "      \
	"\"vg_uuid\":\"YZLy3O-CVbu-NOuP-o0Qj-9jVS-AQag-HtAdIW\", "      \
	"\"origin\":\"\", \"pool_lv\":\"\", \"lv_layout\":\"linear\", " \
	"\"lv_role\":\"public\", \"lv_attr\":\"-wi-a-----\", "          \
	"\"lv_tags\":\"own,xensnap,xensnap:domain=a,zzz\", "            \
	"\"lv_size\":\"268435456\", \"thin_id\":\"\", "                 \
	"\"transaction_id\":\"\", \"vg_extent_size\":\"4194304\", "     \
	"\"vg_size\":\"4290772992\", \"vg_free\":\"1598029824\", "      \
	"\"max_lv\":\"0\", \"lv_count\":\"5\"}"

static int
reads(const char *text, struct lvm_lv **ret, unsigned int *n, struct err *err)
{
	*ret = NULL;
	*n = 0;
	return lvm_report_read(text, strlen(text), ret, n, err);
}

static void
test_rows(void **state)
{
	struct err err = ERR_INIT;
	struct lvm_lv *lv;
	unsigned int n;

	(void)state;
	assert_int_equal(reads("{\"report\":[{\"lv\":[" ROW "," ROW "]}]}", &lv,
			       &n, &err),
			 0);
	assert_int_equal(n, 1); /* two segments of one volume */
	assert_string_equal(lv->vg, "vg");
	assert_string_equal(lv->name, "d1");
	assert_string_equal(lv->tags, "xensnap,xensnap:domain=a");
	assert_true(lv->bytes == 268435456 && lv->extent_bytes == 4194304);
	assert_true(lv->thin_id == 0 && lv->vg_lv_count == 5);
	assert_true(lv->vg_bytes == 4290772992 &&
		    lv->vg_free_bytes == 1598029824);
	free(lv);
	assert_int_equal(reads("{\"report\":[{\"lv\":[]}]}", &lv, &n, &err), 0);
	assert_true(n == 0 && lv == NULL);
}

static void
test_hidden(void **state)
{
	struct err err = ERR_INIT;
	struct lvm_lv *lv;
	unsigned int n;

	(void)state;
	assert_int_equal(reads("{\"report\":[{\"lv\":[{\"vg_name\":\"vg\","
			       "\"lv_name\":\"[d1_tdata]\",\"lv_uuid\":\"u\","
			       "\"pool_lv\":\"[p]\",\"origin\":\"[\"}]}]}",
			       &lv, &n, &err),
			 0);
	assert_int_equal(n, 1);
	assert_string_equal(lv->name, "d1_tdata");
	assert_string_equal(lv->pool, "p");
	assert_string_equal(lv->origin, "[");
	free(lv);
}

static void
test_broken(void **state)
{
	static const char *const broken[] = {
		"",
		"{}",
		"[]",
		"{\"report\":{}}",
		"{\"report\":[]}",
		"{\"report\":[3]}",
		"{\"report\":[{\"vg\":[]}]}",
		"{\"report\":[{\"lv\":[{}]}]}",
		"{\"report\":[{\"lv\":[7]}]}",
		"{\"report\":[{\"lv\":[{\"vg_name\":\"vg\"}]}]}",
		"{\"report\":[{\"lv\":[" ROW "]}]",
		"  WARNING: something\n{\"report\":[{\"lv\":[]}]}",
	};
	struct err err = ERR_INIT;
	struct lvm_lv *lv;
	unsigned int n;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (reads(broken[i], &lv, &n, &err) != -1)
			fail_msg("'%s' was taken for a report", broken[i]);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_null(lv);
	}
}

/* A name longer than LVM can make is no name; many tags are no fault. */
static void
test_long(void **state)
{
	struct err err = ERR_INIT;
	struct lvm_lv *lv;
	unsigned int n;
	char *text = malloc(300000);
	char x[200];
	size_t at;

	(void)state;
	assert_non_null(text);
	memset(x, 'x', sizeof(x));
	x[sizeof(x) - 1] = '\0';
	snprintf(text, 300000,
		 "{\"report\":[{\"lv\":[{\"vg_name\":\"vg\",\"lv_name\":"
		 "\"%s\",\"lv_uuid\":\"u\"}]}]}",
		 x);
	assert_int_equal(reads(text, &lv, &n, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);

	at = (size_t)snprintf(text, 300000,
			      "{\"report\":[{\"lv\":[{\"vg_name\":\"vg\","
			      "\"lv_name\":\"d\",\"lv_uuid\":\"u\","
			      "\"lv_tags\":\"");
	for (int i = 0; i < 400; i++)
		at += (size_t)snprintf(text + at, 300000 - at, "%s,%s-%s,",
				       i == 200 ? "xensnap" : x,
				       i % 2 ? "xensnap" : "y", x);
	snprintf(text + at, 300000 - at, "z\"}]}]}");
	assert_int_equal(reads(text, &lv, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_true(strlen(lv->tags) < sizeof(lv->tags));
	free(lv);
	free(text);
}

static void
test_uuids(void **state)
{
	struct lvm_lv lv = {
		.uuid = "cvkk9H-jHTc-lbr9-Gq1x-PZdP-RLcv-kk9HjH",
		.vg_uuid = "YZLy3O-CVbu-NOuP-o0Qj-9jVS-AQag-HtAdIW",
	};
	char dm[LVM_DM_UUID_LEN], vg[LVM_UUID_LEN], uuid[LVM_UUID_LEN];

	(void)state;
	lvm_dm_uuid(&lv, dm);
	assert_string_equal(dm, "LVM-YZLy3OCVbuNOuPo0Qj9jVSAQagHtAdIW"
				"cvkk9HjHTclbr9Gq1xPZdPRLcvkk9HjH");
	assert_int_equal(lvm_split_dm_uuid(dm, vg, uuid), 0);
	assert_string_equal(vg, lv.vg_uuid);
	assert_string_equal(uuid, lv.uuid);
	assert_int_equal(lvm_split_dm_uuid("", vg, uuid), -1);
	assert_int_equal(lvm_split_dm_uuid("LVM-", vg, uuid), -1);
	assert_int_equal(lvm_split_dm_uuid("CRYPT-LUKS2-0123", vg, uuid), -1);
	strcat(dm, "-real");
	assert_int_equal(lvm_split_dm_uuid(dm, vg, uuid), -1);
}

/* A select string is made of names: what could end it is refused. */
static void
test_names(void **state)
{
	struct err err = ERR_INIT;
	struct lvm_lv *lv, one;
	unsigned int n;

	(void)state;
	assert_int_equal(
		lvm_find("lv_name", "a\" || lv_name=\"b", &lv, &n, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_int_equal(lvm_find_lv("", "v\\", "a", &one, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
}

/*
 * The area that never overflows: LVM itself, asked for more, gives 260 MiB in
 * extents of 4 MiB for a disk of 256 MiB, and 36 for one of 32.
 */
static void
test_cow_max(void **state)
{
	const uint64_t mib = 1 << 20;

	(void)state;
	for (uint64_t disk = mib; disk < 100000 * mib; disk = disk * 3 + 512) {
		uint64_t chunks =
			(disk + COW_CHUNK_BYTES - 1) / COW_CHUNK_BYTES;
		uint64_t tables = chunks / (COW_CHUNK_BYTES / 16) + 1;

		assert_true(cow_max_bytes(disk) ==
			    (1 + chunks + tables) * COW_CHUNK_BYTES);
	}
	assert_true(cow_max_bytes(256 * mib) > 256 * mib);
	assert_true(cow_max_bytes(256 * mib) <= 260 * mib);
	assert_true(cow_max_bytes(32 * mib) <= 36 * mib);
	assert_true(cow_percent_bytes(100 * mib, 10) == 10 * mib);
	assert_true(cow_percent_bytes(mib, 100) == cow_max_bytes(mib));
}

/* What `vgs` says; a group without volumes is one too. */
static void
test_group(void **state)
{
	static const char *const none = "{\"report\":[{\"vg\":[]}]}";
	static const char *const one =
		"{\"report\":[{\"vg\":[{\"vg_name\":\"vg\", "
		"\"vg_permissions\":\"writeable\", "
		"\"vg_extent_size\":\"4194304\", "
		"\"vg_free\":\"1598029824\"}]}]}";
	struct err err = ERR_INIT;
	struct lvm_lv vg;

	(void)state;
	assert_int_equal(lvm_report_read_vg(none, strlen(none), &vg, &err), 0);
	assert_int_equal(lvm_report_read_vg(one, strlen(one), &vg, &err), 1);
	assert_string_equal(vg.vg, "vg");
	assert_string_equal(vg.name, "");
	assert_string_equal(vg.vg_permissions, "writeable");
	assert_int_equal(vg.extent_bytes, 4194304);
	assert_int_equal(vg.vg_free_bytes, 1598029824);
	assert_int_equal(lvm_report_read_vg("{}", 2, &vg, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_group),
		cmocka_unit_test(test_hidden), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_long),   cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_cow_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
