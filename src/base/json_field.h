/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_field.h - single fields of our own records, written and read back. */
#ifndef XENSNAP_JSON_FIELD_H
#define XENSNAP_JSON_FIELD_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* json_add_str() - member @key of @o becomes the string @value. */
void json_add_str(struct json_object *o, const char *key, const char *value);

/* json_add_u64() - member @key of @o becomes the number @value. */
void json_add_u64(struct json_object *o, const char *key, uint64_t value);

/* json_add_ms() - the same, milliseconds with three decimals: more would
 * claim more than we know. */
void json_add_ms(struct json_object *o, const char *key, double ms);

/*
 * json_copy_str() - copy the string member @key into @ret (@len bytes, NUL
 * included).  0, or -1 with ERR_CORRUPT when it is missing or does not fit.
 */
int json_copy_str(struct json_object *o, const char *key, char *ret, size_t len,
		  struct err *err);

#endif
