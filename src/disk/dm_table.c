/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm_table.c - see dm.h: what the lines of thin tables say, in the words of the
 * kernel's Documentation/admin-guide/device-mapper/thin-provisioning.rst.
 */
#include <stdio.h>
#include <string.h>

#include "dm.h"

/* "POOL-MAJOR:POOL-MINOR ID [EXTERNAL-ORIGIN]" */
int
dm_thin_table(const struct dm_target *t, struct dm_thin_table *ret,
	      struct err *err)
{
	int end = 0;

	memset(ret, 0, sizeof(*ret));
	if (strcmp(t->type, "thin") != 0 || t->n_targets != 1 ||
	    sscanf(t->params, "%u:%u %u%n", &ret->pool_major, &ret->pool_minor,
		   &ret->id, &end) != 3)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "device-mapper has no table of a thin volume "
			       "for it: %s %s",
			       t->type, t->params);
	end += (int)strspn(t->params + end, " ");
	ret->external_origin = t->params[end] != '\0';
	return 0;
}

/* "METADATA-MAJOR:MINOR DATA-MAJOR:MINOR BLOCK-SECTORS LOW-WATER-MARK ..." */
int
dm_pool_table(const struct dm_target *t, struct dm_pool_table *ret,
	      struct err *err)
{
	unsigned int sectors;

	memset(ret, 0, sizeof(*ret));
	if (strcmp(t->type, "thin-pool") != 0 || t->n_targets != 1 ||
	    sscanf(t->params, "%u:%u %*u:%*u %u", &ret->metadata_major,
		   &ret->metadata_minor, &sectors) != 3 ||
	    sectors == 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "device-mapper has no table of a thin pool for "
			       "it: %s %s",
			       t->type, t->params);
	ret->block_bytes = (uint64_t)sectors * DM_SECTOR;
	return 0;
}
