/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_forecast.c - see disk.h: how full everything will be.
 *
 * A volume group may be filled to the last extent: nothing in it notices.  But
 * then nothing in it can be extended, views that fill up least of all.  A thin
 * pool without room stops every disk in it.  Its metadata is worse: the kernel
 * keeps a tenth of it (at most 16 MiB) for itself, and puts a pool that comes
 * there into read-only mode; so 90 % is not cautious but the brink.
 */
#include <stdio.h>
#include <string.h>

#include "disk.h"
#include "log.h"
#include "units.h"

#define LIMIT_VG 100u
#define LIMIT_POOL 90u
#define NEAR_VG 90u
#define NEAR_POOL 80u

const char *
disk_space_name(enum disk_space_kind kind)
{
	switch (kind) {
	case DISK_SPACE_POOL_DATA:
		return "pool-data";
	case DISK_SPACE_POOL_METADATA:
		return "pool-metadata";
	case DISK_SPACE_VG:
	default:
		return "vg";
	}
}

const char *
disk_forecast_name(const struct disk_forecast *f, char *ret, size_t len)
{
	static const char *const what[] = {
		[DISK_SPACE_VG] = "volume group",
		[DISK_SPACE_POOL_DATA] = "data of thin pool",
		[DISK_SPACE_POOL_METADATA] = "metadata of thin pool",
	};

	snprintf(ret, len, "%s %s", what[f->kind], f->what);
	return ret;
}

double
disk_forecast_percent(const struct disk_forecast *f, uint64_t used)
{
	return f->bytes ? (double)used / (double)f->bytes * 100 : 100;
}

/* ---- put together ---- */

static uint64_t
add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void
add_space(const struct disk_space *s, unsigned int max_fill,
	  struct disk_forecast *all, unsigned int *n)
{
	struct disk_forecast *f = all;

	while (f < all + *n &&
	       (f->kind != s->kind || strcmp(f->what, s->what) != 0))
		f++;
	if (f == all + *n) {
		memset(f, 0, sizeof(*f));
		f->kind = s->kind;
		memcpy(f->what, s->what, sizeof(f->what));
		f->bytes = s->bytes;
		f->used_before = f->used_after = s->used;
		f->limit = max_fill                 ? max_fill :
			   s->kind == DISK_SPACE_VG ? LIMIT_VG :
						      LIMIT_POOL;
		++*n;
	}
	f->used_after = add(f->used_after, s->takes);
}

unsigned int
disk_forecast(struct disk *const *disks, unsigned int n, unsigned int max_fill,
	      struct disk_forecast *ret)
{
	unsigned int k = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < disks[i]->n_spaces; j++)
			add_space(&disks[i]->spaces[j], max_fill, ret, &k);
	return k;
}

/* ---- judge ---- */

static bool
over(const struct disk_forecast *f, unsigned int percent)
{
	return f->used_after >
	       f->bytes / 100 * percent + f->bytes % 100 * percent / 100;
}

static int
refuse(const struct disk_forecast *f, struct err *err)
{
	static const char *const extend[] = {
		[DISK_SPACE_VG] = "vgextend",
		[DISK_SPACE_POOL_DATA] = "lvextend -L +SIZE",
		[DISK_SPACE_POOL_METADATA] =
			"lvextend --poolmetadatasize +SIZE",
	};
	char name[DISK_SPACE_LEN + 32], used[24], all[24];

	return err_set(err, ERR_NOSPC, 0,
		       "%s: %.1f %% full now (%s of %s), %.1f %% with the "
		       "snapshot, the limit is %u %%; free some of it, or "
		       "extend it (`%s %s`)",
		       disk_forecast_name(f, name, sizeof(name)),
		       disk_forecast_percent(f, f->used_before),
		       units_size(f->used_before, used, sizeof(used)),
		       units_size(f->bytes, all, sizeof(all)),
		       disk_forecast_percent(f, f->used_after), f->limit,
		       extend[f->kind], f->what);
}

static void
tell(const struct disk_forecast *f)
{
	double before = disk_forecast_percent(f, f->used_before);
	double after = disk_forecast_percent(f, f->used_after);
	char name[DISK_SPACE_LEN + 32];

	disk_forecast_name(f, name, sizeof(name));
	log_info("%s: %.1f %% full, %.1f %% with the snapshot (limit %u %%)",
		 name, before, after, f->limit);
	if (f->kind == DISK_SPACE_VG && over(f, NEAR_VG))
		log_notice("%s will be %.1f %% full: views that fill up cannot "
			   "be extended any more",
			   name, after);
	if (f->kind != DISK_SPACE_VG && over(f, NEAR_POOL))
		log_warning("%s will be %.1f %% full", name, after);
}

int
disk_forecast_check(const struct disk_forecast *f, unsigned int n,
		    struct err *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (over(&f[i], f[i].limit))
			return refuse(&f[i], err);
	for (unsigned int i = 0; i < n; i++)
		tell(&f[i]);
	return 0;
}
