/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_mapped.h - which parts of a thin volume are stored at all, by the
 * mappings in its pool's metadata.
 */
#ifndef XENSNAP_THIN_MAPPED_H
#define XENSNAP_THIN_MAPPED_H

#include "disk.h"
#include "err.h"

/* thin_mapped() - see disk_mapped(). */
int thin_mapped(int fd, const char *name, struct disk_changes *ret,
		struct err *err);

#endif
