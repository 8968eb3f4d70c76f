/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_field.c - single fields of our own records. */
#include "json_field.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

void
json_add_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

void
json_add_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void
json_add_ms(struct json_object *o, const char *key, double ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", ms);
	json_object_object_add(o, key, json_object_new_double_s(ms, text));
}

int
json_copy_str(struct json_object *o, const char *key, char *ret, size_t len,
	      struct err *err)
{
	const char *s = json_str(o, key, err);

	if (!s)
		return -1;
	if (strlen(s) >= len)
		return err_set(err, ERR_CORRUPT, 0, "\"%s\" is too long", key);
	strcpy(ret, s);
	return 0;
}
