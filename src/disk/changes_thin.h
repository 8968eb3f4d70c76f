/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes_thin.h - what differs between two thin volumes that nobody writes
 * to, by the mappings in their pool's metadata.
 */
#ifndef XENSNAP_CHANGES_THIN_H
#define XENSNAP_CHANGES_THIN_H

#include "changes.h"
#include "err.h"

/* changes_thin() - a driver's changes(). */
int changes_thin(const struct disk_pair *pair, struct changes *ret,
		 struct err *err);

#endif
