/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes_classic.h - what differs between two snapshots of a classic volume,
 * by their exception tables.
 */
#ifndef XENSNAP_CHANGES_CLASSIC_H
#define XENSNAP_CHANGES_CLASSIC_H

#include "changes.h"
#include "err.h"

/* changes_classic() - a driver's changes(). */
int changes_classic(const struct disk_pair *pair, struct changes *ret,
		    struct err *err);

#endif
