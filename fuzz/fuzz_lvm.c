/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_lvm.c - LVM's report, tags, names of devices and uuids: texts end where
 * there is room for them, and tags that we would write are read as they were.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lv_health.h"
#include "lvm_host.h"
#include "lvm_report.h"
#include "view_health.h"
#include "view_name.h"

static void
judge(const struct lvm_lv *lvs, unsigned int n)
{
	static struct disk_view_ref ref;
	struct disk_view_health h;
	const struct lvm_lv *lv;

	strcpy(ref.driver, n % 2 ? "thin" : "classic");
	strcpy(ref.view, "/dev/vg/a.xs-b");
	strcpy(ref.source, "/dev/vg/a");
	memcpy(ref.view_uuid, lvs[n - 1].uuid, sizeof(lvs[0].uuid));
	memcpy(ref.source_uuid, lvs[0].uuid, sizeof(lvs[0].uuid));
	view_health_init(&h);
	lv = lv_health_judge(&ref, lvs, n, &h);
	must(!lv || (lv >= lvs && lv < lvs + n));
	must(lv || h.state == DISK_VIEW_GONE || h.state == DISK_VIEW_FOREIGN);
	must(memchr(h.why, '\0', sizeof(h.why)));
	must((h.state == DISK_VIEW_GOOD) == !h.why[0]);
}

static void
report(const char *text, size_t len)
{
	struct lvm_lv *lvs = NULL, vg;
	struct err err = ERR_INIT;
	unsigned int n = 0;
	int r;

	if (lvm_report_read(text, len, &lvs, &n, &err)) {
		fuzz_refused(&err, CORRUPT);
		must(!lvs);
	}
	must((n == 0) == !lvs);
	for (unsigned int i = 0; i < n; i++) {
		must(lvs[i].vg[0] && lvs[i].name[0] && lvs[i].uuid[0]);
		must(strlen(lvs[i].tags) < sizeof(lvs[i].tags));
		must(!lvs[i].tags[0] ||
		     strncmp(lvs[i].tags, VIEW_TAG, strlen(VIEW_TAG)) == 0);
	}
	if (n)
		judge(lvs, n);
	free(lvs);
	err_clear(&err);
	r = lvm_report_read_vg(text, len, &vg, &err);
	if (r < 0)
		fuzz_refused(&err, CORRUPT);
	else
		must(r <= 1);
}

/* What doctor asks: groups, pools, settings, the version. */
static void
host(const char *text, size_t len)
{
	struct disk_lvm_settings s;
	struct err err = ERR_INIT;
	struct disk_group *g;
	struct disk_pool *pools;
	char version[16];
	unsigned int n;

	if (lvm_read_groups(text, len, &g, &n, &err))
		fuzz_refused(&err, CORRUPT);
	must((n == 0) == !g);
	for (unsigned int i = 0; i < n; i++)
		must(g[i].name[0]);
	free(g);
	err_clear(&err);
	if (lvm_read_pools(text, len, &pools, &n, &err))
		fuzz_refused(&err, CORRUPT);
	must((n == 0) == !pools);
	for (unsigned int i = 0; i < n; i++)
		must(pools[i].data <= 100 && pools[i].metadata <= 100);
	free(pools);
	err_clear(&err);
	if (lvm_read_settings(text, &s, &err))
		fuzz_refused(&err, CORRUPT);
	err_clear(&err);
	if (lvm_read_version(text, version, sizeof(version), &err))
		fuzz_refused(&err, CORRUPT);
	else
		must(strspn(version, "0123456789.") == strlen(version));
}

/* Tags of an owner of whom the text is the name of his domain. */
static void
tags(const char *text)
{
	struct disk_owner owner = { text, "s", "g", "xvda", NULL };
	char line[VIEW_TAGS_MAX * (VIEW_TAG_LEN + 1)] = "other";
	struct err err = ERR_INIT;
	struct view_owner read;
	struct view_tags made;

	view_tags_read(text, &read);
	if (view_tags_make(&owner, &made, &err)) {
		fuzz_refused(&err, INVALID);
		return;
	}
	for (unsigned int i = 0; i < made.n; i++) {
		strcat(line, ",");
		strcat(line, made.tag[i]);
	}
	view_tags_read(line, &read);
	must(read.ours && strcmp(read.domain, text) == 0);
	must(strcmp(read.snapshot, "s") == 0 && strcmp(read.vdev, "xvda") == 0);
}

static void
names(const char *text)
{
	char vg[LVM_NAME_LEN], lv[LVM_NAME_LEN], name[VIEW_NAME_MAX + 1];
	char path[2 * LVM_NAME_LEN + 8];
	struct err err = ERR_INIT;

	if (lvm_split_dm_uuid(text, vg, lv) == 0)
		must(strlen(vg) == 38 && strlen(lv) == 38);
	if (lv_health_split(text, vg, lv))
		return;
	strcpy(path, "/dev/");
	strcat(strcat(strcat(path, vg), "/"), lv);
	must(strcmp(path, text) == 0);
	if (view_name_make(vg, lv, "s", name, &err) == 0)
		must(strlen(name) <= VIEW_NAME_MAX);
	else
		fuzz_refused(&err, INVALID);
	err_clear(&err);
	if (view_name_dm(vg, lv, "-real", name, &err) == 0)
		must(strlen(name) <= VIEW_NAME_MAX);
	else
		fuzz_refused(&err, INVALID);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *text = fuzz_text(p, len);

	report(text, len);
	host(text, len);
	tags(text);
	names(text);
	free(text);
	return 0;
}
