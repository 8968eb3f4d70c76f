/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cfg_write.c - see xl_cfg_write.h. */
#include "xl_cfg_write.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64
#define PATH_DEPTH 8
#define REST_VALUE_MAX 100

/*
 * The object that holds the member at @path, and the member's name in
 * @ret_key; NULL when there is no such object.
 */
static struct json_object *
holder(struct json_object *o, const char *path, char *ret_key)
{
	const char *slash;
	size_t len;

	for (;;) {
		if (!json_object_is_type(o, json_type_object))
			return NULL;
		slash = strchr(path, '/');
		len = slash ? (size_t)(slash - path) : strlen(path);
		if (len >= KEY_MAX)
			return NULL;
		memcpy(ret_key, path, len);
		ret_key[len] = '\0';
		if (!slash)
			return o;
		if (!json_object_object_get_ex(o, ret_key, &o))
			return NULL;
		path = slash + 1;
	}
}

struct json_object *
xl_cfg_get(struct json_object *o, const char *path)
{
	struct json_object *member;
	char key[KEY_MAX];

	o = holder(o, path, key);
	if (!o || !json_object_object_get_ex(o, key, &member))
		return NULL;
	return member;
}

const char *
xl_cfg_get_str(struct json_object *o, const char *path)
{
	struct json_object *member = xl_cfg_get(o, path);

	if (!json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

void
xl_cfg_drop(struct json_object *o, const char *path)
{
	char key[KEY_MAX];

	o = holder(o, path, key);
	if (o)
		json_object_object_del(o, key);
}

bool
xl_cfg_is_true(struct json_object *o, const char *path)
{
	struct json_object *member = xl_cfg_get(o, path);

	if (json_object_is_type(member, json_type_string))
		return strcmp(json_object_get_string(member), "True") == 0;
	return member && json_object_get_boolean(member);
}

/* The letter that stands for @c after a backslash, or 0.  xl knows \xHH too,
 * but reads it wrongly. */
static char
escape_of(char c)
{
	static const char from[] = "\"'\\\a\b\f\n\r\t\v";
	static const char to[] = "\"'\\abfnrtv";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

bool
xl_cfg_quotable(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 || *s == 0x7f) && !escape_of(*s))
			return false;
	return true;
}

void
xl_cfg_put_quoted(FILE *f, const char *s)
{
	char letter;

	fputc('"', f);
	for (; *s; s++) {
		letter = *s == '\'' ? '\0' : escape_of(*s);
		if (letter)
			fprintf(f, "\\%c", letter);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static bool
put_str(FILE *f, const char *key, struct json_object *value, bool dash)
{
	char text[256];
	const char *s;
	char *p;

	if (!json_object_is_type(value, json_type_string))
		return false;
	s = json_object_get_string(value);
	if (!xl_cfg_quotable(s))
		return false;
	if (dash) {
		if (strlen(s) >= sizeof(text))
			return false;
		snprintf(text, sizeof(text), "%s", s);
		for (p = text; *p; p++)
			if (*p == '_')
				*p = '-';
		s = text;
	}
	fprintf(f, "%s=", key);
	xl_cfg_put_quoted(f, s);
	fputc('\n', f);
	return true;
}

static bool
put_strs(FILE *f, const char *key, struct json_object *value)
{
	struct json_object *item;
	size_t i, n;

	if (!json_object_is_type(value, json_type_array))
		return false;
	n = json_object_array_length(value);
	for (i = 0; i < n; i++) {
		item = json_object_array_get_idx(value, i);
		if (!json_object_is_type(item, json_type_string) ||
		    !xl_cfg_quotable(json_object_get_string(item)))
			return false;
	}
	fprintf(f, "%s=[", key);
	for (i = 0; i < n; i++) {
		item = json_object_array_get_idx(value, i);
		fputs(i ? ", " : " ", f);
		xl_cfg_put_quoted(f, json_object_get_string(item));
	}
	fputs(" ]\n", f);
	return true;
}

static bool
put_number(FILE *f, const char *key, struct json_object *value, bool mib)
{
	int64_t n;

	if (!json_object_is_type(value, json_type_int))
		return false;
	n = json_object_get_int64(value);
	if (mib && n >= 0)
		n = n / 1024 + (n % 1024 ? 1 : 0);
	fprintf(f, "%s=%" PRId64 "\n", key, n);
	return true;
}

static bool
put_bool(FILE *f, const char *key, struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return false;
	s = json_object_get_string(value);
	if (strcmp(s, "True") == 0)
		fprintf(f, "%s=1\n", key);
	else if (strcmp(s, "False") == 0)
		fprintf(f, "%s=0\n", key);
	else if (strcmp(s, "<default>") != 0)
		return false;
	return true;
}

void
xl_cfg_put_row(FILE *f, struct json_object *root, const struct xl_cfg_row *row)
{
	struct json_object *value = xl_cfg_get(root, row->path);
	bool done = false;

	if (!value)
		return;
	switch (row->kind) {
	case XL_CFG_STR:
		done = put_str(f, row->key, value, false);
		break;
	case XL_CFG_DASH:
		done = put_str(f, row->key, value, true);
		break;
	case XL_CFG_INT:
		done = put_number(f, row->key, value, false);
		break;
	case XL_CFG_MIB:
		done = put_number(f, row->key, value, true);
		break;
	case XL_CFG_BOOL:
		done = put_bool(f, row->key, value);
		break;
	case XL_CFG_STRS:
		done = put_strs(f, row->key, value);
		break;
	}
	if (done)
		xl_cfg_drop(root, row->path);
}

static bool
is_empty(struct json_object *o)
{
	bool empty = true;
	size_t i;

	switch (json_object_get_type(o)) {
	case json_type_null:
		return true;
	case json_type_array:
		for (i = 0; i < json_object_array_length(o); i++)
			empty = empty &&
				is_empty(json_object_array_get_idx(o, i));
		return empty;
	case json_type_object: {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			empty = empty && is_empty(value);
		}
		return empty;
	}
	case json_type_boolean:
	case json_type_double:
	case json_type_int:
	case json_type_string:
		break;
	}
	return false;
}

static bool
is_list_of_objects(struct json_object *o)
{
	return json_object_is_type(o, json_type_array) &&
	       json_object_is_type(json_object_array_get_idx(o, 0),
				   json_type_object);
}

/* libxl's own names all are; what is not must not end the comment. */
static bool
is_word(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.")] == '\0';
}

/* JSON has control characters escaped, so each is one line in any case. */
static void
put_rest_of(FILE *f, const char *path, struct json_object *o, int depth)
{
	const char *dot = *path ? "." : "", *text;
	char below[256];
	size_t i;

	if (is_empty(o))
		return;
	if (json_object_is_type(o, json_type_object) && depth < PATH_DEPTH) {
		json_object_object_foreach(o, key, value)
		{
			snprintf(below, sizeof(below), "%s%s%s", path, dot,
				 is_word(key) ? key : "?");
			put_rest_of(f, below, value, depth + 1);
		}
		return;
	}
	if (is_list_of_objects(o) && depth < PATH_DEPTH) {
		for (i = 0; i < json_object_array_length(o); i++) {
			snprintf(below, sizeof(below), "%s%s%zu", path, dot, i);
			put_rest_of(f, below, json_object_array_get_idx(o, i),
				    depth + 1);
		}
		return;
	}
	text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	fprintf(f, "# not carried over: %s = %.*s%s\n", path, REST_VALUE_MAX,
		text, strlen(text) > REST_VALUE_MAX ? "..." : "");
}

void
xl_cfg_put_rest(FILE *f, struct json_object *root)
{
	put_rest_of(f, "", root, 0);
}

char *
xl_cfg_extend(const char *text, xl_cfg_put *put, const void *ctx,
	      struct err *err)
{
	size_t end = strlen(text), len = 0;
	char *ret = NULL;
	FILE *f = open_memstream(&ret, &len);
	int rc;

	if (!f) {
		err_set(err, ERR_NOMEM, 0, "write xl's configuration");
		return NULL;
	}
	fputs(text, f);
	if (end && text[end - 1] != '\n')
		fputc('\n', f);
	rc = put(f, ctx, err);
	if (fclose(f) && !rc)
		rc = err_set(err, ERR_NOMEM, 0, "write xl's configuration");
	if (rc) {
		free(ret);
		ret = NULL;
	}
	return ret;
}
