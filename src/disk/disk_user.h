/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_user.h - who uses a file or block device, as far as the kernel of this
 * host tells: not domains, and not every program (job/in_use.h asks those).
 */
#ifndef XENSNAP_DISK_USER_H
#define XENSNAP_DISK_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "err.h"

/* disk_user_same() - are they one file, or one device, by whatever names? */
bool disk_user_same(const struct stat *a, const struct stat *b);

/*
 * disk_user() - is @path mounted, swapped to, part of a device-mapper device,
 * behind a loop device, locked by a program (as QEMU locks its images), or,
 * if it is a device of device-mapper, open?  1 and what it is in @ret ("it is
 * mounted on /mnt"), 0, or -1 with ERR_NOTFOUND or ERR_IO.  Changes nothing.
 * May wait three seconds for udev, which opens what has just changed.
 */
int disk_user(const char *path, char *ret, size_t len, struct err *err);

/*
 * disk_has_views() - do snapshots of ours keep views of the volume @path, which
 * take room for whatever is written to it?  1 and how many in @ret_n; 0; -1 as
 * disk_find_views().
 */
int disk_has_views(const char *path, unsigned int *ret_n, struct err *err);

#endif
