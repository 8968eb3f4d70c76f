/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_dm.c - the status of a device, as the kernel tells it: for a snapshot
 * and a thin pool, and what is concluded from it.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "lv_health.h"
#include "view_health.h"

#define IO CODE(ERR_IO)

static const char *const types[] = { "snapshot", "thin", "thin-pool" };

static void
check_health(const struct disk_view_health *h)
{
	must(memchr(h->why, '\0', sizeof(h->why)));
	must((h->state == DISK_VIEW_GOOD) == !h->why[0]);
}

static void
judge(const struct dm_target *t)
{
	static struct disk_view_ref ref;
	struct disk_view_health h;
	struct err err = ERR_INIT;

	ref.bytes = 1 << 20;
	view_health_init(&h);
	if (lv_health_snapshot(&ref, t, &h, &err))
		fuzz_refused(&err, IO);
	check_health(&h);
	view_health_init(&h);
	lv_health_thin(&ref, t, &h);
	check_health(&h);
	view_health_init(&h);
	err_clear(&err);
	if (lv_health_pool("vg/pool", t, &h, &err))
		fuzz_refused(&err, IO);
	check_health(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct dm_target t = { .length = (1 << 20) / DM_SECTOR,
			       .n_targets = 1 };
	struct dm_snapshot_status snapshot;
	struct err err = ERR_INIT;
	struct dm_pool_status pool;

	if (len < 1 || len > sizeof(t.params))
		return 0;
	strcpy(t.type, types[p[0] % 3]);
	memcpy(t.params, p + 1, len - 1);
	judge(&t);
	if (dm_snapshot_status(&t, &snapshot, &err))
		fuzz_refused(&err, IO);
	err_clear(&err);
	if (dm_pool_status(&t, &pool, &err))
		fuzz_refused(&err, IO);
	else
		must(!lv_health_pool_fault(&pool) || pool.failed ||
		     pool.needs_check || pool.out_of_data || pool.read_only);
	return 0;
}
