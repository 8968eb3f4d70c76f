/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dm_status.c - see dm.h: what the status lines of its targets say. */
#include <inttypes.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <string.h>

#include "dm.h"

int
dm_snapshot_status(const struct dm_target *t, struct dm_snapshot_status *ret,
		   struct err *err)
{
	struct dm_status_snapshot *s = NULL;
	struct dm_pool *mem = dm_pool_create("status", 256);
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (mem && dm_get_status_snapshot(mem, t->params, &s)) {
		ret->invalid = s->invalid;
		ret->overflow = s->overflow;
		ret->merge_failed = s->merge_failed;
		ret->used = s->used_sectors;
		ret->total = s->total_sectors;
		ret->metadata = s->metadata_sectors;
		rc = 0;
	} else {
		err_set(err, ERR_IO, 0,
			"device-mapper: status of a snapshot: "
			"'%s'",
			t->params);
	}
	if (mem)
		dm_pool_destroy(mem);
	return rc;
}

/*
 * "TRANSACTION USED/ALL USED/ALL ROOT ...", ROOT being "-" when there is none:
 * libdevmapper has a field for it, which it leaves empty (1.02.185).
 */
static uint64_t
held_root(const char *params)
{
	uint64_t root;

	return sscanf(params, "%*u %*u/%*u %*u/%*u %" SCNu64, &root) == 1 ?
		       root :
		       0;
}

int
dm_pool_status(const struct dm_target *t, struct dm_pool_status *ret,
	       struct err *err)
{
	struct dm_status_thin_pool *s = NULL;
	struct dm_pool *mem = dm_pool_create("status", 256);
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (mem && dm_get_status_thin_pool(mem, t->params, &s)) {
		ret->failed = s->fail || s->error;
		ret->read_only = s->read_only;
		ret->needs_check = s->needs_check;
		ret->out_of_data = s->out_of_data_space;
		ret->transaction_id = s->transaction_id;
		ret->queues = !s->error_if_no_space;
		ret->data_blocks = s->total_data_blocks;
		ret->data_used = s->used_data_blocks;
		ret->metadata_blocks = s->total_metadata_blocks;
		ret->metadata_used = s->used_metadata_blocks;
		ret->held_root = held_root(t->params);
		rc = 0;
	} else {
		err_set(err, ERR_IO, 0,
			"device-mapper: status of a thin pool: "
			"'%s'",
			t->params);
	}
	if (mem)
		dm_pool_destroy(mem);
	return rc;
}
