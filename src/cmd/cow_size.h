/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cow_size.h - --cow-size, of every verb that has it. */
#ifndef XENSNAP_COW_SIZE_H
#define XENSNAP_COW_SIZE_H

#include "disk.h"
#include "err.h"

/* Of what is frozen, unless it says otherwise: what the guides have said since
 * 2010. */
#define COW_SIZE_PERCENT 10

/* cow_size_parse() - "20%" or "5G" into @ret.  -1 with ERR_INVALID. */
int cow_size_parse(const char *text, struct disk_cow_size *ret,
		   struct err *err);

#endif
