/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * export_dir.h - the folder that an export fills, and that is as it was
 * before when the export fails.
 */
#ifndef XENSNAP_EXPORT_DIR_H
#define XENSNAP_EXPORT_DIR_H

#include <limits.h>
#include <stdbool.h>

#include "disk.h"
#include "domain.h"
#include "err.h"

struct export_dir {
	int fd;
	char path[PATH_MAX];  /* absolute, without symbolic links */
	bool made;            /* by us */
	unsigned int n_files; /* made by us */
	char files[DOMAIN_DISKS_MAX + 8][64];
};

#define EXPORT_DIR_INIT  \
	{                \
		.fd = -1 \
	}

/*
 * export_dir_check() - is @dir either not there, in a folder that is, or an
 * empty folder?  0, or -1 with ERR_EXISTS (something is in it), ERR_NOTFOUND,
 * ERR_INVALID, ERR_IO.  Changes nothing.
 */
int export_dir_check(const char *dir, struct err *err);

/* export_dir_open() - make (0700) or open it.  On failure nothing is made. */
int export_dir_open(struct export_dir *d, const char *dir, struct err *err);

/*
 * export_dir_create() - make file @name (0600) in it.  A descriptor for the
 * caller, or -1 with ERR_EXISTS, ERR_IO.
 */
int export_dir_create(struct export_dir *d, const char *name, struct err *err);

/* export_dir_write() - make file @name with @text in it, fsynced. */
int export_dir_write(struct export_dir *d, const char *name, const char *text,
		     struct err *err);

/* export_dir_sync() - make the folder's entries durable. */
int export_dir_sync(struct export_dir *d, struct err *err);

/* export_dir_undo() - remove the files that we made, and the folder if we
 * made it.  What cannot be removed is warned of. */
void export_dir_undo(struct export_dir *d);

/* export_dir_close() - close it; also one that was never opened. */
void export_dir_close(struct export_dir *d);

#endif
