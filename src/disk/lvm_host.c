/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm_host.c - see lvm_host.h. */
#include "lvm_host.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

int
lvm_read_version(const char *text, char *ret, size_t len, struct err *err)
{
	static const char label[] = "LVM version:";
	const char *at = strstr(text, label);
	size_t n;

	if (at) {
		at += strlen(label);
		at += strspn(at, " \t");
	}
	n = at ? strspn(at, "0123456789.") : 0;
	if (n == 0 || n >= len)
		return err_set(err, ERR_CORRUPT, 0,
			       "LVM does not tell its version");
	memcpy(ret, at, n);
	ret[n] = '\0';
	return 0;
}

/* ---- settings ---- */

/* The number behind "NAME=" at the beginning of a line. */
static int
setting(const char *text, const char *name, unsigned int *ret, struct err *err)
{
	size_t len = strlen(name);
	char *end;

	for (const char *line = text; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		line += strspn(line, " \t");
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		*ret = (unsigned int)strtoul(line + len + 1, &end, 10);
		if (end > line + len + 1 && (*end == '\n' || !*end))
			return 0;
		break;
	}
	return err_set(err, ERR_CORRUPT, 0, "LVM does not tell its setting %s",
		       name);
}

static int
flag(const char *text, const char *name, bool *ret, struct err *err)
{
	unsigned int n;

	if (setting(text, name, &n, err))
		return -1;
	*ret = n != 0;
	return 0;
}

int
lvm_read_settings(const char *text, struct disk_lvm_settings *ret,
		  struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	if (setting(text, "snapshot_autoextend_threshold",
		    &ret->snapshot_autoextend, err) ||
	    setting(text, "thin_pool_autoextend_threshold",
		    &ret->thin_autoextend, err) ||
	    flag(text, "monitoring", &ret->monitoring, err) ||
	    flag(text, "issue_discards", &ret->issue_discards, err) ||
	    flag(text, "scan_lvs", &ret->scan_lvs, err) ||
	    flag(text, "wait_for_locks", &ret->wait_for_locks, err) ||
	    flag(text, "metadata_read_only", &ret->metadata_read_only, err) ||
	    flag(text, "use_lvmlockd", &ret->lvmlockd, err) ||
	    flag(text, "udev_sync", &ret->udev_sync, err))
		return -1;
	return 0;
}

/* ---- reports ---- */

static int
copy(struct json_object *row, const char *key, char *ret, size_t len,
     struct err *err)
{
	const char *s = json_str_or(row, key, "");
	size_t n = strlen(s);

	/* Hidden volumes are shown as "[name]". */
	if (n > 1 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n >= len)
		return err_set(err, ERR_CORRUPT, 0, "%s of %zu bytes", key, n);
	memcpy(ret, s, n);
	ret[n] = '\0';
	return 0;
}

static double
percent(struct json_object *row, const char *key)
{
	const char *s = json_str_or(row, key, "");
	char *end;
	double d = strtod(s, &end);

	return end > s && d >= 0 && d <= 100 ? d : -1;
}

static int
read_group(struct json_object *row, void *ret, struct err *err)
{
	struct disk_group *g = ret;
	char word[24];

	if (copy(row, "vg_name", g->name, sizeof(g->name), err) ||
	    copy(row, "vg_exported", word, sizeof(word), err))
		return -1;
	g->exported = word[0] != '\0';
	if (copy(row, "vg_permissions", word, sizeof(word), err))
		return -1;
	g->read_only = strncmp(word, "read-only", 9) == 0;
	g->bytes = json_u64_or(row, "vg_size", 0);
	g->free_bytes = json_u64_or(row, "vg_free", 0);
	g->missing = (unsigned int)json_u64_or(row, "vg_missing_pv_count", 0);
	if (!g->name[0])
		return err_set(err, ERR_CORRUPT, 0, "a group without a name");
	return 0;
}

static int
read_pool(struct json_object *row, void *ret, struct err *err)
{
	struct disk_pool *p = ret;
	char word[32];

	if (copy(row, "vg_name", p->vg, sizeof(p->vg), err) ||
	    copy(row, "lv_name", p->name, sizeof(p->name), err) ||
	    copy(row, "lv_active", word, sizeof(word), err))
		return -1;
	p->active = strncmp(word, "active", 6) == 0;
	if (copy(row, "seg_monitor", word, sizeof(word), err) ||
	    copy(row, "lv_health_status", p->health, sizeof(p->health), err))
		return -1;
	/* "not monitored", or nothing at all when it is not active. */
	p->monitored = strcmp(word, "monitored") == 0;
	p->data = percent(row, "data_percent");
	p->metadata = percent(row, "metadata_percent");
	if (!p->vg[0] || !p->name[0])
		return err_set(err, ERR_CORRUPT, 0, "a pool without a name");
	return 0;
}

/* What a report is about, and how one row of it is read. */
struct kind {
	const char *rows;
	size_t size;
	int (*read)(struct json_object *row, void *ret, struct err *err);
};

static int
read_rows(struct json_object *o, const struct kind *kind, void **ret,
	  unsigned int *ret_n, struct err *err)
{
	struct json_object *rows = json_array(o, "report", err);
	unsigned char *all;
	size_t n;

	if (rows)
		rows = json_array(json_object_array_get_idx(rows, 0),
				  kind->rows, err);
	if (!rows)
		return -1;
	n = json_object_array_length(rows);
	if (n == 0)
		return 0;
	all = calloc(n, kind->size);
	if (!all)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (kind->read(json_object_array_get_idx(rows, i),
			       all + i * kind->size, err)) {
			free(all);
			return -1;
		}
	}
	*ret = all;
	*ret_n = (unsigned int)n;
	return 0;
}

static int
read_report(const char *text, size_t len, const struct kind *kind, void **ret,
	    unsigned int *ret_n, struct err *err)
{
	struct json_object *o = json_parse(text, len, "LVM's report", err);
	int rc;

	*ret = NULL;
	*ret_n = 0;
	if (!o)
		return -1;
	rc = read_rows(o, kind, ret, ret_n, err);
	json_object_put(o);
	return rc;
}

int
lvm_read_groups(const char *text, size_t len, struct disk_group **ret,
		unsigned int *ret_n, struct err *err)
{
	static const struct kind groups = { "vg", sizeof(**ret), read_group };
	void *all;
	int rc = read_report(text, len, &groups, &all, ret_n, err);

	*ret = all;
	return rc;
}

int
lvm_read_pools(const char *text, size_t len, struct disk_pool **ret,
	       unsigned int *ret_n, struct err *err)
{
	static const struct kind pools = { "lv", sizeof(**ret), read_pool };
	void *all;
	int rc = read_report(text, len, &pools, &all, ret_n, err);

	*ret = all;
	return rc;
}
