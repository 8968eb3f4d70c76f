/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_fill.c - see disk_fill.h: LVM's, or the simulated ones. */
#include "disk_fill.h"

#include <stddef.h>
#include <string.h>

#include "config.h"
#ifdef HAVE_LVM
#include "lv_fill.h"
#endif
#ifdef HAVE_SIM
#include "disk_sim.h"
#include "disk_sim_fill.h"
#endif

int
disk_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
	       unsigned int *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_fill_find(w, ret, ret_n, err);
#endif
#ifdef HAVE_LVM
	return lv_fill_find(w, ret, ret_n, err);
#else
	(void)w;
	(void)err;
	return 0;
#endif
}

int
disk_fill_read(struct disk_fill *f, struct err *err)
{
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_fill_read(f, err);
#endif
#ifdef HAVE_LVM
	return lv_fill_read(f, err);
#else
	return err_set(err, ERR_UNSUPPORTED, 0, "%s: no LVM in this build",
		       f->what);
#endif
}

int
disk_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
		struct err *err)
{
	memset(ret, 0, sizeof(*ret));
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_fill_clone(c, ret, err);
#endif
#ifdef HAVE_LVM
	return lv_fill_clone(c, ret, err);
#else
	(void)c;
	(void)err;
	return 0;
#endif
}

int
disk_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
		 struct err *err)
{
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_fill_extend(f, to, reserve, err);
#endif
#ifdef HAVE_LVM
	return lv_fill_extend(f, to, reserve, err);
#else
	(void)to;
	(void)reserve;
	return err_set(err, ERR_UNSUPPORTED, 0, "%s: no LVM in this build",
		       f->what);
#endif
}

bool
disk_fill_is_area(const struct disk_fill *f)
{
	return f->kind == DISK_FILL_VIEW || f->kind == DISK_FILL_CLONE;
}

const char *
disk_fill_kind_name(enum disk_fill_kind kind)
{
	switch (kind) {
	case DISK_FILL_CLONE:
		return "clone";
	case DISK_FILL_POOL_DATA:
		return "pool-data";
	case DISK_FILL_POOL_METADATA:
		return "pool-metadata";
	case DISK_FILL_VIEW:
	default:
		return "view";
	}
}

const char *
disk_fill_state_name(enum disk_fill_state state)
{
	switch (state) {
	case DISK_FILL_IDLE:
		return "idle";
	case DISK_FILL_FULL:
		return "full";
	case DISK_FILL_LOST:
		return "lost";
	case DISK_FILL_GOOD:
	default:
		return "good";
	}
}
