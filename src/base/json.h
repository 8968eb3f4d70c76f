/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h - the little we add to json-c: required fields with clear errors,
 * and files.
 */
#ifndef XENSNAP_JSON_H
#define XENSNAP_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * json_parse() - the value in @text (@len bytes, nothing but white space
 * after it).  NULL with ERR_CORRUPT, naming @what.  The caller puts it back
 * with json_object_put().
 */
struct json_object *json_parse(const char *text, size_t len, const char *what,
			       struct err *err);

/*
 * json_str() - the string member @key of @o, borrowed from it.  NULL with
 * ERR_CORRUPT when it is missing or not a string.
 */
const char *json_str(struct json_object *o, const char *key, struct err *err);

/*
 * json_u64() - the non-negative integer member @key, also when it is written
 * as a string of digits (LVM does).  0, or -1 with ERR_CORRUPT.
 */
int json_u64(struct json_object *o, const char *key, uint64_t *ret,
	     struct err *err);

/* json_str_or() - as json_str(), but @otherwise when it is not there. */
const char *json_str_or(struct json_object *o, const char *key,
			const char *otherwise);

/* json_u64_or() - as json_u64(), but @otherwise when it is not there. */
uint64_t json_u64_or(struct json_object *o, const char *key,
		     uint64_t otherwise);

/* json_bool_or() - the boolean member @key, or @otherwise. */
bool json_bool_or(struct json_object *o, const char *key, bool otherwise);

/* json_array() - the array member @key, borrowed, or NULL with ERR_CORRUPT. */
struct json_object *json_array(struct json_object *o, const char *key,
			       struct err *err);

/*
 * json_write_file() - @o, pretty-printed with a newline at its end, as
 * @name in @dirfd, by fd_write_file().
 */
int json_write_file(int dirfd, const char *name, struct json_object *o,
		    struct err *err);

/* json_read_file() - the value in @name in @dirfd (at most 16 MiB). */
struct json_object *json_read_file(int dirfd, const char *name,
				   struct err *err);

#endif
