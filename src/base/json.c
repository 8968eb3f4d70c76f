/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json.c - see json.h. */
#include "json.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

#define JSON_FILE_MAX ((size_t)16 << 20)
#define JSON_LAYOUT                                          \
	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | \
	 JSON_C_TO_STRING_NOSLASHESCAPE)

struct json_object *
json_parse(const char *text, size_t len, const char *what, struct err *err)
{
	struct json_tokener *tok = NULL;
	struct json_object *o = NULL;
	enum json_tokener_error r;

	if (len > INT_MAX || memchr(text, '\0', len)) {
		err_set(err, ERR_CORRUPT, 0, "%s is not JSON", what);
		return NULL;
	}
	tok = json_tokener_new();
	if (!tok) {
		err_set(err, ERR_NOMEM, 0, "read %s: out of memory", what);
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len);
	r = json_tokener_get_error(tok);
	if (r == json_tokener_continue) {
		/* Only its end tells that a number is complete. */
		o = json_tokener_parse_ex(tok, "", 1);
		r = json_tokener_get_error(tok);
	}
	if (r != json_tokener_success || !o) {
		err_set(err, ERR_CORRUPT, 0, "%s is not JSON: %s", what,
			r == json_tokener_success ? "null" :
						    json_tokener_error_desc(r));
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

/* The member @key of type @type, or NULL. */
static struct json_object *
member(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, type))
		return NULL;
	return v;
}

const char *
json_str(struct json_object *o, const char *key, struct err *err)
{
	const char *s = json_str_or(o, key, NULL);

	if (!s)
		err_set(err, ERR_CORRUPT, 0, "no text called '%s' in it", key);
	return s;
}

/* 1 and *@ret, or 0 when there is no such number. */
static int
number(struct json_object *o, const char *key, uint64_t *ret)
{
	struct json_object *v = member(o, key, json_type_int);
	const char *s;
	char *end;

	if (v) {
		if (json_object_get_int64(v) < 0)
			return 0;
		*ret = json_object_get_uint64(v);
		return 1;
	}
	v = member(o, key, json_type_string);
	if (!v)
		return 0;
	s = json_object_get_string(v);
	if (s[0] < '0' || s[0] > '9') /* strtoull() takes "-1" and " 1" */
		return 0;
	errno = 0;
	*ret = strtoull(s, &end, 10);
	return !errno && !*end;
}

int
json_u64(struct json_object *o, const char *key, uint64_t *ret, struct err *err)
{
	uint64_t n;

	if (!number(o, key, &n))
		return err_set(err, ERR_CORRUPT, 0,
			       "no number called '%s' in it", key);
	*ret = n;
	return 0;
}

const char *
json_str_or(struct json_object *o, const char *key, const char *otherwise)
{
	struct json_object *v = member(o, key, json_type_string);

	/* A text with a NUL inside would be read as another, shorter one. */
	if (!v || strlen(json_object_get_string(v)) !=
			  (size_t)json_object_get_string_len(v))
		return otherwise;
	return json_object_get_string(v);
}

uint64_t
json_u64_or(struct json_object *o, const char *key, uint64_t otherwise)
{
	uint64_t n;

	return number(o, key, &n) ? n : otherwise;
}

bool
json_bool_or(struct json_object *o, const char *key, bool otherwise)
{
	struct json_object *v = member(o, key, json_type_boolean);

	return v ? (bool)json_object_get_boolean(v) : otherwise;
}

struct json_object *
json_array(struct json_object *o, const char *key, struct err *err)
{
	struct json_object *v = member(o, key, json_type_array);

	if (!v)
		err_set(err, ERR_CORRUPT, 0, "no list called '%s' in it", key);
	return v;
}

int
json_write_file(int dirfd, const char *name, struct json_object *o,
		struct err *err)
{
	const char *s;
	char *text = NULL;
	size_t len;
	int rc;

	s = json_object_to_json_string_length(o, JSON_LAYOUT, &len);
	if (s)
		text = malloc(len + 1);
	if (!text)
		return err_set(err, ERR_NOMEM, 0, "write %s: out of memory",
			       name);
	memcpy(text, s, len);
	text[len] = '\n';
	rc = fd_write_file(dirfd, name, text, len + 1, err);
	free(text);
	return rc;
}

struct json_object *
json_read_file(int dirfd, const char *name, struct err *err)
{
	struct json_object *o;
	char *text;
	size_t len;

	if (fd_read_file(dirfd, name, JSON_FILE_MAX, &text, &len, err))
		return NULL;
	o = json_parse(text, len, name, err);
	free(text);
	return o;
}
