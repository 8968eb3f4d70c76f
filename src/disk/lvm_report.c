/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm_report.c - see lvm_report.h. */
#include "lvm_report.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "view_name.h"

struct field {
	const char *key;
	size_t offset;
	size_t len;
};

#define TEXT(key, member)                                    \
	{                                                    \
		key, offsetof(struct lvm_lv, member),        \
			sizeof(((struct lvm_lv *)0)->member) \
	}

static const struct field texts[] = {
	TEXT("vg_name", vg),
	TEXT("lv_name", name),
	TEXT("lv_uuid", uuid),
	TEXT("vg_uuid", vg_uuid),
	TEXT("origin", origin),
	TEXT("origin_uuid", origin_uuid),
	TEXT("pool_lv", pool),
	TEXT("pool_lv_uuid", pool_uuid),
	TEXT("lv_layout", layout),
	TEXT("lv_role", role),
	TEXT("lv_attr", attr),
	TEXT("lv_allocation_locked", locked),
	TEXT("lv_permissions", permissions),
	TEXT("vg_permissions", vg_permissions),
	TEXT("vg_lock_type", vg_lock_type),
	TEXT("vg_exported", vg_exported),
	TEXT("vg_partial", vg_partial),
};

static const struct field numbers[] = {
	TEXT("lv_size", bytes),
	TEXT("thin_id", thin_id),
	TEXT("transaction_id", transaction_id),
	TEXT("vg_extent_size", extent_bytes),
	TEXT("vg_size", vg_bytes),
	TEXT("vg_free", vg_free_bytes),
	TEXT("max_lv", vg_max_lv),
	TEXT("lv_count", vg_lv_count),
};

/* Hidden volumes are shown as "[name]". */
static void
strip_brackets(char *s)
{
	size_t len = strlen(s);

	if (len < 2 || s[0] != '[' || s[len - 1] != ']')
		return;
	memmove(s, s + 1, len - 2);
	s[len - 2] = '\0';
}

/* Ours alone: a volume may have any number of others. */
static void
copy_tags(const char *from, char *to, size_t room)
{
	size_t len, used = 0;

	to[0] = '\0';
	for (; *from; from += len + (from[len] == ',')) {
		len = strcspn(from, ",");
		if (strncmp(from, VIEW_TAG, strlen(VIEW_TAG)) != 0 ||
		    used + len + 2 > room)
			continue;
		if (used)
			to[used++] = ',';
		memcpy(to + used, from, len);
		used += len;
		to[used] = '\0';
	}
}

static int
read_row(struct json_object *o, struct lvm_lv *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct field *f = &texts[i];
		const char *s = json_str_or(o, f->key, "");

		if (strlen(s) >= f->len)
			return err_set(err, ERR_CORRUPT, 0, "%s of %zu bytes",
				       f->key, strlen(s));
		memcpy((char *)ret + f->offset, s, strlen(s) + 1);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t n = json_u64_or(o, numbers[i].key, 0);

		memcpy((char *)ret + numbers[i].offset, &n, sizeof(n));
	}
	copy_tags(json_str_or(o, "lv_tags", ""), ret->tags, sizeof(ret->tags));
	strip_brackets(ret->name);
	strip_brackets(ret->origin);
	strip_brackets(ret->pool);
	return 0;
}

static int
read_lv(struct json_object *o, struct lvm_lv *ret, struct err *err)
{
	if (read_row(o, ret, err))
		return -1;
	if (!ret->vg[0] || !ret->name[0] || !ret->uuid[0])
		return err_set(err, ERR_CORRUPT, 0, "a volume without a name");
	return 0;
}

/* A volume of several segments has a row for each: the first will do. */
static int
read_rows(struct json_object *rows, struct lvm_lv **ret, unsigned int *ret_n,
	  struct err *err)
{
	size_t n = json_object_array_length(rows);
	struct lvm_lv *lvs;
	unsigned int k = 0;

	if (n == 0)
		return 0;
	lvs = calloc(n, sizeof(*lvs));
	if (!lvs)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (read_lv(json_object_array_get_idx(rows, i), &lvs[k], err)) {
			free(lvs);
			return -1;
		}
		if (k == 0 || strcmp(lvs[k].uuid, lvs[k - 1].uuid) != 0)
			k++;
	}
	*ret = lvs;
	*ret_n = k;
	return 0;
}

/* The rows called @what of the report @o. */
static struct json_object *
rows_of(struct json_object *o, const char *what, struct err *err)
{
	struct json_object *reports = json_array(o, "report", err);

	return reports ? json_array(json_object_array_get_idx(reports, 0), what,
				    err) :
			 NULL;
}

int
lvm_report_read(const char *text, size_t len, struct lvm_lv **ret,
		unsigned int *ret_n, struct err *err)
{
	struct json_object *o, *rows;
	int rc = -1;

	o = json_parse(text, len, "LVM's report", err);
	if (!o)
		return -1;
	rows = rows_of(o, "lv", err);
	if (rows)
		rc = read_rows(rows, ret, ret_n, err);
	json_object_put(o);
	return rc;
}

int
lvm_report_read_vg(const char *text, size_t len, struct lvm_lv *ret,
		   struct err *err)
{
	struct json_object *o, *rows;
	int r = -1;

	o = json_parse(text, len, "LVM's report", err);
	if (!o)
		return -1;
	rows = rows_of(o, "vg", err);
	if (rows && json_object_array_length(rows) == 0)
		r = 0;
	else if (rows &&
		 read_row(json_object_array_get_idx(rows, 0), ret, err) == 0)
		r = 1;
	json_object_put(o);
	return r;
}
