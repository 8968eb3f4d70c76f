/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thin_dev.h - a thin volume as device-mapper knows it. */
#ifndef XENSNAP_THIN_DEV_H
#define XENSNAP_THIN_DEV_H

#include <stdint.h>

#include "dm.h"
#include "err.h"
#include "thin_delta.h"

struct thin_dev {
	const char *name; /* for messages; the caller's */
	struct dm_dev dev;
	struct dm_thin_table thin;
	uint64_t bytes;
	uint64_t mapped; /* sectors that have room in the pool */
};

/*
 * thin_dev_look() - the thin volume @dev of @bytes, which is called @name.  -1
 * with ERR_UNSUPPORTED (it is none, or has an external origin, whose data is in
 * no table), ERR_STATE (it has another length), ERR_CORRUPT (it has failed), or
 * what device-mapper says.
 */
int thin_dev_look(const struct dm_dev *dev, const char *name, uint64_t bytes,
		  struct thin_dev *ret, struct err *err);

/* thin_dev_pool() - the device of its pool.  -1 with ERR_STATE when there is
 * none, or what device-mapper says. */
int thin_dev_pool(const struct thin_dev *t, struct dm_dev *ret,
		  struct err *err);

/*
 * thin_dev_sum() - has thin_delta named all @blocks that the kernel has of @t?
 * A list that lacks something does not add up: -1 with ERR_CORRUPT.
 */
int thin_dev_sum(const struct thin_dev *t, uint64_t blocks,
		 const struct thin_delta *d, struct err *err);

#endif
