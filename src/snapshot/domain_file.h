/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_file.h - files in a domain's folder, beside its snapshots: what says
 * that it is on its way to somewhere, or what it is. */
#ifndef XENSNAP_DOMAIN_FILE_H
#define XENSNAP_DOMAIN_FILE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* domain_file_path() - where @name of @domain's folder is ("": the folder),
 * absolute, in @ret.  -1 with ERR_UNSUPPORTED when that is too long. */
int domain_file_path(const char *domain, const char *name, char *ret,
		     size_t len, struct err *err);

/*
 * domain_file_write() - the file @name becomes @o, durably, all or nothing; @o
 * (NULL: there was no memory for it) is put.  -1 with ERR_IO, ERR_NOSPC,
 * ERR_NOMEM: it says what it said before.
 */
int domain_file_write(const char *domain, const char *name,
		      struct json_object *o, struct err *err);

/* domain_file_read() - what it says, in *@ret, which the caller puts.  1; 0: it
 * is not there; -1 with ERR_CORRUPT or ERR_IO. */
int domain_file_read(const char *domain, const char *name,
		     struct json_object **ret, struct err *err);

/*
 * domain_file_check() - is @o, from @domain's folder, of that domain and of
 * @format, by its members of those names?  -1 with ERR_CORRUPT, or
 * ERR_UNSUPPORTED (another version's).
 */
int domain_file_check(struct json_object *o, const char *domain,
		      uint64_t format, struct err *err);

/* domain_file_end() - the files @a and then @b are not there any more, durably;
 * gone is success.  -1 with ERR_IO. */
int domain_file_end(const char *domain, const char *a, const char *b,
		    struct err *err);

#endif
