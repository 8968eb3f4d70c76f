/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_sim_fill.h - disk_fill.h of simulated disks.
 *
 *   views/NAME.fill   bytes used of the area of a view or of a clone's disk
 *                     (none: 0); what is more than the area is an overflow
 *   views/NAME.open   somebody has it open
 *   groups/GROUP.pool see sim_world.h
 *
 * Knobs: fill (reading fails), extend (extending fails), extend-ms (and takes
 * so long), each also as KNOB.NAME of the view, clone's disk or pool.
 */
#ifndef XENSNAP_DISK_SIM_FILL_H
#define XENSNAP_DISK_SIM_FILL_H

#include "disk_fill.h"

/* disk_sim_group_of() - the GROUP of the disk at @source, in @ret. */
void disk_sim_group_of(const char *source, char *ret, size_t len);

/* disk_sim_fill_find() - see disk_fill_find(). */
int disk_sim_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
		       unsigned int *ret_n, struct err *err);

/* disk_sim_fill_read() - see disk_fill_read(). */
int disk_sim_fill_read(struct disk_fill *f, struct err *err);

/* disk_sim_fill_clone() - see disk_fill_clone(). */
int disk_sim_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
			struct err *err);

/* disk_sim_fill_extend() - see disk_fill_extend(). */
int disk_sim_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
			 struct err *err);

#endif
