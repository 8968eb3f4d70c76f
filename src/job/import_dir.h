/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import_dir.h - a folder that may be an export, and that nobody vouches for.
 *
 * It is looked at once, by descriptor; whatever is in it must be a plain file
 * with a name that an export has.  Whoever owns it may change it at any time:
 * so a file is read once, and what was read is what is checked.
 */
#ifndef XENSNAP_IMPORT_DIR_H
#define XENSNAP_IMPORT_DIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "domain.h"
#include "err.h"
#include "import_sums.h"

#define IMPORT_FILES_MAX (DOMAIN_DISKS_MAX + 8)
#define IMPORT_BYTES_MAX (UINT64_C(64) << 40) /* of a file: 64 TiB */

struct import_file {
	char name[IMPORT_NAME_LEN];
	struct stat st;                  /* as it was when we looked */
	char sha256[SHA256_HEX_LEN + 1]; /* as it should be; "": not known */
};

struct import_dir {
	int fd;
	bool sums; /* there is SHA256SUMS */
	unsigned int n_files;
	struct import_file files[IMPORT_FILES_MAX];
};

#define IMPORT_DIR_INIT  \
	{                \
		.fd = -1 \
	}

/*
 * import_dir_open() - look at @path, which is no symbolic link.  For
 * import_dir_close() in any case.  -1 with ERR_NOTFOUND, ERR_IO, or ERR_CORRUPT
 * naming a file: it is none of an export, no plain file, larger than
 * IMPORT_BYTES_MAX, not in SHA256SUMS, or there and not here.
 */
int import_dir_open(struct import_dir *d, const char *path, struct err *err);

/* import_dir_find() - the file called @name, or NULL. */
const struct import_file *import_dir_find(const struct import_dir *d,
					  const char *name);

/*
 * import_file_open() - @f for reading: it is a plain file, and the one that we
 * looked at.  A descriptor for the caller, or -1 with ERR_CORRUPT, ERR_IO.
 */
int import_file_open(const struct import_dir *d, const struct import_file *f,
		     struct err *err);

/* import_file_check() - is @fd still as when we looked?  -1 with ERR_CORRUPT:
 * what was read from it may be of two states. */
int import_file_check(const struct import_file *f, int fd, struct err *err);

/* import_file_sum() - -1 with ERR_CORRUPT unless @sha256 is the one that it
 * should have, if that is known. */
int import_file_sum(const struct import_file *f, const char *sha256,
		    struct err *err);

/*
 * import_file_text() - all of @f, at most @max bytes of text, malloc()ed for
 * the caller; its sum is right, if that is known.  NULL with ERR_CORRUPT,
 * ERR_IO, ERR_NOMEM.
 */
char *import_file_text(const struct import_dir *d, const struct import_file *f,
		       size_t max, struct err *err);

/* import_dir_close() - close it; also one that was never opened. */
void import_dir_close(struct import_dir *d);

#endif
