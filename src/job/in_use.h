/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * in_use.h - is somebody at a disk that we are about to read or to write over?
 */
#ifndef XENSNAP_IN_USE_H
#define XENSNAP_IN_USE_H

#include "err.h"

enum in_use_for {
	IN_USE_FOR_READING, /* nobody may write to it */
	IN_USE_FOR_WRITING, /* nobody may have it at all */
};

/*
 * in_use_check() - is @path, a file or block device, free for that?  Asked are
 * the kernel (disk_user.h), the domains of this host that write to their
 * disks, and which programs have it open.  Changes nothing.
 *
 * 0; -1 with ERR_BUSY, "PATH is in use: it is mounted on /mnt", ERR_NOTFOUND,
 * ERR_IO, or with why the domains cannot be asked on a host that has Xen.
 */
int in_use_check(const char *path, enum in_use_for use, struct err *err);

/*
 * in_use_take() - open the block device @path for reading and writing; as long
 * as it is open nobody else can mount or hold it.  What a domain wrote to it
 * past this host's page cache is read.  A descriptor; -1 with ERR_BUSY (it is
 * mounted, or held), ERR_NOTFOUND, ERR_DENIED, ERR_IO.
 */
int in_use_take(const char *path, struct err *err);

#endif
