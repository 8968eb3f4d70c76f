/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_lvm_host.c - what LVM says of itself and of this host is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lvm_host.h"

static void
test_version(void **state)
{
	static const char text[] =
		"  LVM version:     2.03.16(2) (2022-05-18)\n"
		"  Library version: 1.02.185 (2022-05-18)\n";
	static const char *const wrong[] = { "",
					     "LVM version:", "LVM version: x",
					     "Library version: 1.02.185",
					     "LVM version: 1.2.3.4.5.6.7.8.9" };
	struct err err = ERR_INIT;
	char ret[16];

	(void)state;
	assert_int_equal(lvm_read_version(text, ret, sizeof(ret), &err), 0);
	assert_string_equal(ret, "2.03.16");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		err_clear(&err);
		assert_int_equal(
			lvm_read_version(wrong[i], ret, sizeof(ret), &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
	}
}

/* As lvmconfig of LVM 2.03.16 prints them. */
static const char settings[] = "snapshot_autoextend_threshold=100\n"
			       "thin_pool_autoextend_threshold=70\n"
			       "monitoring=1\n"
			       "udev_sync=1\n"
			       "issue_discards=0\n"
			       "scan_lvs=1\n"
			       "wait_for_locks=1\n"
			       "metadata_read_only=0\n"
			       "use_lvmlockd=0\n";

static void
test_settings(void **state)
{
	struct disk_lvm_settings s;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lvm_read_settings(settings, &s, &err), 0);
	assert_int_equal(s.snapshot_autoextend, 100);
	assert_int_equal(s.thin_autoextend, 70);
	assert_true(s.monitoring);
	assert_true(s.udev_sync);
	assert_false(s.issue_discards);
	assert_true(s.scan_lvs);
	assert_true(s.wait_for_locks);
	assert_false(s.metadata_read_only);
	assert_false(s.lvmlockd);
}

/* Each line is needed, and its number. */
static void
test_settings_missing(void **state)
{
	struct disk_lvm_settings s;
	char text[sizeof(settings)];

	(void)state;
	for (size_t at = 0; at < sizeof(settings) - 1;) {
		size_t len = strcspn(settings + at, "\n");
		struct err err = ERR_INIT;

		memcpy(text, settings, sizeof(settings));
		text[at] = 'X';
		assert_int_equal(lvm_read_settings(text, &s, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);

		err_clear(&err);
		memcpy(text, settings, sizeof(settings));
		text[at + len - 1] = 'x';
		assert_int_equal(lvm_read_settings(text, &s, &err), -1);
		at += len + 1;
	}
	/* The last one without an end is one too. */
	memcpy(text, settings, sizeof(settings));
	text[sizeof(settings) - 2] = '\0';
	assert_int_equal(lvm_read_settings(text, &s, &(struct err)ERR_INIT), 0);
}

static void
test_groups(void **state)
{
	static const char text[] =
		"{\"report\": [{\"vg\": ["
		"{\"vg_name\":\"vg\", \"vg_size\":\"4290772992\","
		" \"vg_free\":\"12582912\", \"vg_missing_pv_count\":\"0\","
		" \"vg_exported\":\"\", \"vg_permissions\":\"writeable\"},"
		"{\"vg_name\":\"old\", \"vg_size\":\"100\", \"vg_free\":\"0\","
		" \"vg_missing_pv_count\":\"2\", \"vg_exported\":\"exported\","
		" \"vg_permissions\":\"read-only\"}]}]}";
	static const char none[] = "{\"report\": [{\"vg\": []}]}";
	struct err err = ERR_INIT;
	struct disk_group *g;
	unsigned int n;

	(void)state;
	assert_int_equal(lvm_read_groups(text, strlen(text), &g, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(g[0].name, "vg");
	assert_int_equal(g[0].bytes, 4290772992);
	assert_int_equal(g[0].free_bytes, 12582912);
	assert_int_equal(g[0].missing, 0);
	assert_false(g[0].exported || g[0].read_only);
	assert_int_equal(g[1].missing, 2);
	assert_true(g[1].exported && g[1].read_only);
	free(g);

	assert_int_equal(lvm_read_groups(none, strlen(none), &g, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_null(g);
}

static void
test_pools(void **state)
{
	static const char text[] =
		"{\"report\": [{\"lv\": ["
		"{\"vg_name\":\"vg\", \"lv_name\":\"pool\","
		" \"lv_active\":\"active\", \"data_percent\":\"91.25\","
		" \"metadata_percent\":\"12.00\", \"lv_health_status\":\"\","
		" \"seg_monitor\":\"monitored\"},"
		"{\"vg_name\":\"vg\", \"lv_name\":\"[off]\","
		" \"lv_active\":\"\", \"data_percent\":\"\","
		" \"metadata_percent\":\"\","
		" \"lv_health_status\":\"metadata_read_only\","
		" \"seg_monitor\":\"not monitored\"}]}]}";
	struct err err = ERR_INIT;
	struct disk_pool *p;
	unsigned int n;

	(void)state;
	assert_int_equal(lvm_read_pools(text, strlen(text), &p, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(p[0].vg, "vg");
	assert_string_equal(p[0].name, "pool");
	assert_true(p[0].active && p[0].monitored);
	assert_true(p[0].data > 91.2 && p[0].data < 91.3);
	assert_true(p[0].metadata == 12);
	assert_string_equal(p[0].health, "");
	assert_string_equal(p[1].name, "off");
	assert_false(p[1].active || p[1].monitored);
	assert_true(p[1].data < 0 && p[1].metadata < 0);
	assert_string_equal(p[1].health, "metadata_read_only");
	free(p);
}

static void
test_no_report(void **state)
{
	static const char *const wrong[] = {
		"",
		"{}",
		"[]",
		"{\"report\": []}",
		"{\"report\": [{}]}",
		"{\"report\": [{\"vg\": [{}], \"lv\": [{}]}]}",
		("{\"report\": [{\"vg\": [{\"vg_name\": \"\"}],"
		 " \"lv\": [{\"vg_name\": \"vg\"}]}]}"),
	};
	char text[400] = "{\"report\": [{\"vg\": [{\"vg_name\": \"";
	struct err err = ERR_INIT;
	struct disk_group *g;
	struct disk_pool *p;
	unsigned int n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *t = wrong[i];

		assert_int_equal(lvm_read_groups(t, strlen(t), &g, &n, &err),
				 -1);
		assert_null(g);
		assert_int_equal(lvm_read_pools(t, strlen(t), &p, &n, &err),
				 -1);
		assert_null(p);
	}
	/* A name that is longer than LVM can make it. */
	memset(text + strlen(text), 'a', DISK_HOST_NAME_LEN);
	strcat(text, "\"}]}]}");
	assert_int_equal(lvm_read_groups(text, strlen(text), &g, &n, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_missing),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
