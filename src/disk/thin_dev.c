/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thin_dev.c - see thin_dev.h. */
#include "thin_dev.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int
read_table(const struct dm_target *t, struct thin_dev *ret, struct err *err)
{
	if (dm_thin_table(t, &ret->thin, err))
		return err_add(err, "%s", ret->name);
	if (ret->thin.external_origin)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s has an external origin, whose data is in no "
			       "table",
			       ret->name);
	return 0;
}

int
thin_dev_look(const struct dm_dev *dev, const char *name, uint64_t bytes,
	      struct thin_dev *ret, struct err *err)
{
	struct dm_target t;

	memset(ret, 0, sizeof(*ret));
	ret->name = name;
	ret->dev = *dev;
	ret->bytes = bytes;
	if (dm_table(dev->name, &t, err) || read_table(&t, ret, err))
		return -1;
	if (t.start || t.length * DM_SECTOR != bytes)
		return err_set(err, ERR_STATE, 0,
			       "%s is not as long as its disk was", name);
	if (dm_status(dev->name, &t, err))
		return -1;
	if (sscanf(t.params, "%" SCNu64, &ret->mapped) != 1)
		return err_set(err, ERR_CORRUPT, 0, "%s has failed: %s", name,
			       t.params);
	return 0;
}

int
thin_dev_pool(const struct thin_dev *t, struct dm_dev *ret, struct err *err)
{
	if (dm_find_number(t->thin.pool_major, t->thin.pool_minor, ret, err))
		return -1;
	if (!ret->exists)
		return err_set(err, ERR_STATE, 0, "%s has no thin pool",
			       t->name);
	return 0;
}

int
thin_dev_sum(const struct thin_dev *t, uint64_t blocks,
	     const struct thin_delta *d, struct err *err)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(blocks, d->block_bytes, &bytes) ||
	    bytes / DM_SECTOR != t->mapped)
		return err_set(err, ERR_CORRUPT, 0,
			       "thin_delta names %" PRIu64 " blocks of %s, the "
			       "kernel has %" PRIu64,
			       blocks, t->name,
			       t->mapped * DM_SECTOR / d->block_bytes);
	return 0;
}
