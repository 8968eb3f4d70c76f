/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store_dir.h - a store in a directory: an object is the file of its name.
 *
 * Everything it makes is for its owner alone (0700, 0600).  Nobody who can
 * write to the directory can make it touch a file outside, or hang.
 */
#ifndef XENSNAP_STORE_DIR_H
#define XENSNAP_STORE_DIR_H

#include "store.h"

/* What a system may lack, and tests can do without. */
enum store_dir_without {
	STORE_DIR_NO_TMPFILE = 1, /* O_TMPFILE */
	STORE_DIR_NO_OPENAT2 = 2, /* openat2() */
};

/*
 * store_dir_open() - as store_open(), of the directory @path; @without is 0 or
 * of enum store_dir_without.  After a @create that failed the directory and
 * empty folders in it may be left, with which it can be tried again.
 */
int store_dir_open(const char *path, bool create, unsigned int without,
		   struct store **ret, struct err *err);

/* store_dir_may_create() - as store_may_create(). */
int store_dir_may_create(const char *path, struct err *err);

#endif
