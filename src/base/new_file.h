/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * new_file.h - a file that appears under its name when it is whole, or never.
 *
 * Until then it has no name at all, so that nothing is left of it by whoever
 * is killed; or, on file systems that cannot do that, one that begins with a
 * dot, beside its own.
 */
#ifndef XENSNAP_NEW_FILE_H
#define XENSNAP_NEW_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "err.h"

struct new_file {
	int fd;  /* to be filled; -1: not open */
	int dir; /* in which it will be */
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1]; /* "" when it has no name */
	bool kept;
};

#define NEW_FILE_INIT               \
	{                           \
		.fd = -1, .dir = -1 \
	}

/*
 * new_file_check() - could there be a new file @path?  -1 with ERR_EXISTS (it
 * is there), ERR_NOTFOUND (its folder is not), ERR_INVALID, ERR_IO.
 */
int new_file_check(const char *path, struct err *err);

/*
 * new_file_open() - one that will be called @path, mode 0600, empty.  For
 * new_file_close().  -1 as new_file_check(); then nothing was made.
 */
int new_file_open(struct new_file *f, const char *path, struct err *err);

/*
 * new_file_keep() - make it durable and give it its name, durably.  What got
 * that name meanwhile is left alone: ERR_EXISTS.  -1 also with ERR_IO or
 * ERR_NOSPC; then it has no name.
 */
int new_file_keep(struct new_file *f, struct err *err);

/* new_file_undo() - take the name away again after new_file_keep().  -1 with
 * ERR_IO: it is there. */
int new_file_undo(struct new_file *f, struct err *err);

/* new_file_close() - close it; what was not kept is gone.  May be repeated. */
void new_file_close(struct new_file *f);

#endif
