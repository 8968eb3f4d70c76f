/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_safe_list.h - the list itself: which members of libxl's JSON are taken. */
#ifndef XENSNAP_XL_SAFE_LIST_H
#define XENSNAP_XL_SAFE_LIST_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

enum xl_safe_kind {
	XL_SAFE_DEFBOOL, /* "True", "False", "<default>" */
	XL_SAFE_BOOL,
	XL_SAFE_INT,   /* from least to most */
	XL_SAFE_INTS,  /* at most 4096 of them */
	XL_SAFE_WORD,  /* one of words */
	XL_SAFE_WORDS, /* a list of them */
	XL_SAFE_BOOT,  /* some of the letters a, c, d, n */
	XL_SAFE_MAC,   /* 00:16:3e:xx:xx:xx */
};

struct xl_safe_row {
	const char *path; /* "b_info/type.hvm/boot" */
	enum xl_safe_kind kind;
	const char *words; /* " ide ahci " */
	int64_t least, most;
	const char *instead; /* of a word that is none of them; or NULL */
};

/* Each is ended by path == NULL; the last two are of one device. */
extern const struct xl_safe_row xl_safe_domain[];
extern const struct xl_safe_row xl_safe_disk[];
extern const struct xl_safe_row xl_safe_nic[];

/*
 * xl_safe_take() - move what @rows name, and is as they want it, from @from to
 * @to, another object; what is not as it should be stays in @from, and a row
 * may have something that is in @to in its place.  -1 when there is no memory:
 * some is moved.
 */
int xl_safe_take(struct json_object *from, struct json_object *to,
		 const struct xl_safe_row *rows);

#endif
