/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_reflink.h - views of files: what their making and their use share. */
#ifndef XENSNAP_DISK_REFLINK_H
#define XENSNAP_DISK_REFLINK_H

#include <sys/stat.h>

#include "disk.h"
#include "err.h"

#define REFLINK_ATTR_GENERATION "user.xensnap.generation"
#define REFLINK_INODE_LEN 32

/* reflink_inode() - what stands for LVM's uuid, in @ret (REFLINK_INODE_LEN
 * bytes); returns @ret. */
const char *reflink_inode(const struct stat *st, char *ret);

/* reflink_folder() - the folder of @path, open; -1 with ERR_INVALID, ERR_IO. */
int reflink_folder(const char *path, struct err *err);

/* reflink_view_state() and the next three - see disk_ops. */
int reflink_view_state(const struct disk_view_ref *ref,
		       struct disk_view_health *ret, struct err *err);

/* see above */
int reflink_view_open(const struct disk_view_ref *ref, int *ret_fd,
		      struct err *err);

/* see above */
int reflink_view_close(const struct disk_view_ref *ref, int fd,
		       struct err *err);

/* see above */
int reflink_view_drop(const struct disk_view_ref *ref, struct err *err);

#endif
