/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_base.h - views of lone files that stay beside them after a backup, so
 * that the next one need not read what did not change.
 *
 * A reflink view like others (disk_reflink.c), FILE.xs-backup-GGGGGGGG, whose
 * end begins its generation; the extended attribute user.xensnap.repository
 * tells which repository has it.  Without that attribute it is of a backup that
 * is under way, which holds a lock on it (flock(2)), or died.
 */
#ifndef XENSNAP_FILE_BASE_H
#define XENSNAP_FILE_BASE_H

#include "disk.h"
#include "err.h"

/*
 * file_base_make() - take a view of the file @source and lock it: *@ret for
 * disk_close() and, unless it is kept, disk_view_drop() before; *@ret_lock for
 * close(), last.  -1 with ERR_UNSUPPORTED (no regular file, or not on a file
 * system that shares blocks), ERR_DENIED, ERR_NOSPC or ERR_IO; then there is
 * none.
 */
int file_base_make(const char *source, struct disk **ret, int *ret_lock,
		   struct err *err);

/*
 * file_base_find() - the view of @source with generation @generation that
 * repository @repository has.  1: in *@ret; 0: there is none; -1 with ERR_IO.
 */
int file_base_find(const char *source, const char *generation,
		   const char *repository, struct disk_view_ref *ret,
		   struct err *err);

/*
 * file_base_keep() - the view @ref is in @repository: mark it so, and drop what
 * this repository had of the file before, and what dead backups left.  -1 with
 * ERR_IO; then some may be left.
 */
int file_base_keep(const struct disk_view_ref *ref, const char *repository,
		   struct err *err);

#endif
