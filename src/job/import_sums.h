/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import_sums.h - SHA256SUMS of an export, from nobody knows whom. */
#ifndef XENSNAP_IMPORT_SUMS_H
#define XENSNAP_IMPORT_SUMS_H

#include <stddef.h>

#include "err.h"
#include "sha256.h"

#define IMPORT_NAME_LEN 64 /* of a file in an export, NUL included */

struct import_sum {
	char name[IMPORT_NAME_LEN];
	char sha256[SHA256_HEX_LEN + 1];
};

/*
 * import_sums_read() - the lines of @text (@len bytes), as sha256sum(1) writes
 * them of plain names, at most @max, in @ret.  -1 with ERR_CORRUPT naming the
 * line: it is no such line, its name is none of ours (a folder in it, too long)
 * or was there before; *@ret_n says nothing then.
 */
int import_sums_read(const char *text, size_t len, struct import_sum *ret,
		     unsigned int max, unsigned int *ret_n, struct err *err);

#endif
