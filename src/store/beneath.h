/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * beneath.h - files inside a folder that others may have written to.
 *
 * Names are relative to the folder, with '/' between their parts.  No symbolic
 * link in them is followed, and what is opened is a plain file or a folder:
 * nothing outside is reached, and a FIFO does not stop us.
 */
#ifndef XENSNAP_BENEATH_H
#define XENSNAP_BENEATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct beneath {
	int root;            /* the folder */
	atomic_bool by_hand; /* the kernel has no openat2() */
};

/*
 * beneath_open() - open the plain file @name for reading: *@ret is for
 * close(), *@ret_bytes its length.  -1 with ERR_NOTFOUND, ERR_CORRUPT (it, or
 * what should be a folder above it, is something else), ERR_DENIED or ERR_IO.
 */
int beneath_open(struct beneath *b, const char *name, int *ret,
		 uint64_t *ret_bytes, struct err *err);

/* beneath_folder() - the same of folder @name ("": the root) itself. */
int beneath_folder(struct beneath *b, const char *name, int *ret,
		   struct err *err);

/*
 * beneath_make() - make folder @name and those above it, as far as they are
 * missing, mode 0700, and each durable in the one above it.  -1 with
 * ERR_CORRUPT (something else is there), ERR_NOSPC, ERR_DENIED or ERR_IO; then
 * some may have been made.
 */
int beneath_make(struct beneath *b, const char *name, struct err *err);

#endif
