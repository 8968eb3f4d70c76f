/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_cfg_write.h - how xl_cfg.c reads and writes.
 *
 * Every value is taken out of the JSON as it is written down, so that what is
 * left in the end is what was not carried over: nothing is lost silently.
 */
#ifndef XENSNAP_XL_CFG_WRITE_H
#define XENSNAP_XL_CFG_WRITE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

#include "err.h"

/* How a JSON value is written in xl's format. */
enum xl_cfg_kind {
	XL_CFG_STR,  /* "text" */
	XL_CFG_DASH, /* the same, '_' written as '-' */
	XL_CFG_INT,
	XL_CFG_MIB,  /* KiB there, MiB here, rounded up */
	XL_CFG_BOOL, /* "True" there, 1 here */
	XL_CFG_STRS, /* a list of strings */
};

struct xl_cfg_row {
	const char *path; /* "b_info/type.hvm/boot" */
	const char *key;  /* "boot" */
	enum xl_cfg_kind kind;
};

/* xl_cfg_get() - the member of @o at @path ('/' between names), or NULL;
 * borrowed from @o. */
struct json_object *xl_cfg_get(struct json_object *o, const char *path);

/* xl_cfg_get_str() - the same, as a string borrowed from @o, or NULL when it
 * is not there or not a string. */
const char *xl_cfg_get_str(struct json_object *o, const char *path);

/* xl_cfg_drop() - take the member at @path out of @o; gone already counts. */
void xl_cfg_drop(struct json_object *o, const char *path);

/* xl_cfg_is_true() - is the member at @path a libxl "True", a JSON true or a
 * number other than 0? */
bool xl_cfg_is_true(struct json_object *o, const char *path);

/* xl_cfg_quotable() - can @s be written as a string?  Most control characters
 * cannot. */
bool xl_cfg_quotable(const char *s);

/* xl_cfg_put_quoted() - write @s, which is quotable, in quotes. */
void xl_cfg_put_quoted(FILE *f, const char *s);

/*
 * xl_cfg_put_row() - write "key=value" for @row and take it out of @root.
 * Not there, or not of that kind: nothing happens.
 */
void xl_cfg_put_row(FILE *f, struct json_object *root,
		    const struct xl_cfg_row *row);

/* What writes what comes behind a text; -1 with what is wrong. */
typedef int xl_cfg_put(FILE *f, const void *ctx, struct err *err);

/*
 * xl_cfg_extend() - @text, which need not end its last line, and what @put
 * writes behind it, malloc()ed for the caller.  NULL with what @put says, or
 * ERR_NOMEM.
 */
char *xl_cfg_extend(const char *text, xl_cfg_put *put, const void *ctx,
		    struct err *err);

/*
 * xl_cfg_put_rest() - a comment line for each value that is left in @root, but
 * for empty ones.
 */
void xl_cfg_put_rest(FILE *f, struct json_object *root);

#endif
