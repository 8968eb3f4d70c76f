/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qcow2.h - what the header of a qcow2 image says, as far as a view of its file
 * depends on it.  The format: docs/interop/qcow2.txt of QEMU, versions 2 and 3.
 */
#ifndef XENSNAP_QCOW2_H
#define XENSNAP_QCOW2_H

#include "err.h"

/*
 * qcow2_check() - is the file @path a qcow2 image that is whole by itself, so
 * that a view of the file is a view of the disk?  Changes nothing; the image
 * may be in use.
 *
 * 0, or -1 with ERR_CORRUPT (it is no qcow2 image, or marked as corrupt),
 * ERR_UNSUPPORTED (parts of the disk are in other files, or encrypted, or in a
 * version that we do not know), ERR_NOTFOUND, ERR_IO.
 */
int qcow2_check(const char *path, struct err *err);

/* qcow2_check_fd() - the same of the file @fd, called @name in errors. */
int qcow2_check_fd(int fd, const char *name, struct err *err);

#endif
