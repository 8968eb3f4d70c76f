/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_view.h - views that are files: whose they are, reading and dropping
 * them.  What reflink and copy have in common.
 *
 * Whose a file is, its extended attributes tell: user.xensnap.generation and
 * user.xensnap.owner.
 */
#ifndef XENSNAP_FILE_VIEW_H
#define XENSNAP_FILE_VIEW_H

#include <sys/stat.h>

#include "disk.h"

#define FILE_VIEW_ATTR_GENERATION "user.xensnap.generation"
#define FILE_VIEW_INODE_LEN 32

/*
 * file_view_mark() - write into the attributes of @fd that it is the view @ref
 * of @owner ("DOMAIN@NAME").  -1 with ERR_UNSUPPORTED when its file system has
 * no attributes, or ERR_IO; then it may have one of them.
 */
int file_view_mark(int fd, const struct disk_view_ref *ref, const char *owner,
		   struct err *err);

/* file_view_folder() - the folder that holds the file @path, open.  -1 with
 * ERR_INVALID or ERR_IO. */
int file_view_folder(const char *path, struct err *err);

/* file_view_inode() - what stands for LVM's uuid, in @ret (FILE_VIEW_INODE_LEN
 * bytes); returns @ret. */
const char *file_view_inode(const struct stat *st, char *ret);

/*
 * file_view_state() - a driver's view_state(): gone; another size or inode is
 * lost; another generation or no attribute is foreign; a disk that is gone or
 * another file by now is impaired.  A copy on a file system without attributes
 * is known by its place, a folder of ours.
 */
int file_view_state(const struct disk_view_ref *ref,
		    struct disk_view_health *ret, struct err *err);

/* file_view_open() - a driver's view_open(). */
int file_view_open(const struct disk_view_ref *ref, int *ret_fd,
		   struct err *err);

/* file_view_close() - a driver's view_close(). */
int file_view_close(const struct disk_view_ref *ref, int fd, struct err *err);

/* file_view_drop() - a driver's view_drop(). */
int file_view_drop(const struct disk_view_ref *ref, struct err *err);

#endif
