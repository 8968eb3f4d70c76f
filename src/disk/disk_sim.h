/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_sim.h - simulated disks, for tests: what disk.c needs of them besides
 * the drivers.  Only in builds with -Dsim=true.
 */
#ifndef XENSNAP_DISK_SIM_H
#define XENSNAP_DISK_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "err.h"

/* disk_sim_on() - are we in a simulated world (XENSNAP_SIM is set)? */
bool disk_sim_on(void);

/* disk_sim_group_free() - the free room of a simulated group. */
int disk_sim_group_free(const char *group, uint64_t *ret, struct err *err);

/* disk_sim_release_device() - disk_release_device() in that world. */
int disk_sim_release_device(const char *device, bool *ret_resumed,
			    struct err *err);

/* disk_sim_find_views() - disk_find_views() in that world. */
int disk_sim_find_views(struct disk_view_ref **ret, char ***ret_owners,
			unsigned int *ret_n, struct err *err);

/* The two kinds: with a hold, as classic LVs, and without, as thin ones. */
extern const struct disk_ops disk_sim_ops;
extern const struct disk_ops disk_sim_thin_ops;

#endif
