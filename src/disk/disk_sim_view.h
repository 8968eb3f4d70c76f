/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_sim_view.h - the views of simulated disks: files with a file of tags. */
#ifndef XENSNAP_DISK_SIM_VIEW_H
#define XENSNAP_DISK_SIM_VIEW_H

#include "disk.h"
#include "err.h"

/* disk_sim_room() - free room of @group: all but what views take.  This and
 * the next one with the world locked. */
int disk_sim_room(const char *group, uint64_t *ret, struct err *err);

/* disk_sim_set_spaces() - fill d->spaces, after d->need_bytes. */
int disk_sim_set_spaces(struct disk *d, struct err *err);

/* disk_sim_copy() - copy the disk @from into the new file @to. */
int disk_sim_copy(const char *from, const char *to, struct err *err);

/* disk_sim_view_state() and the next three - see disk_ops. */
int disk_sim_view_state(const struct disk_view_ref *ref,
			struct disk_view_health *ret, struct err *err);

/* see above */
int disk_sim_view_open(const struct disk_view_ref *ref, int *ret_fd,
		       struct err *err);

/* see above */
int disk_sim_view_close(const struct disk_view_ref *ref, int fd,
			struct err *err);

/* see above */
int disk_sim_view_drop(const struct disk_view_ref *ref, struct err *err);

/*
 * disk_sim_changes() - a driver's changes(), exact to a page: a simulated disk
 * has no table, so the two views are compared.
 */
int disk_sim_changes(const struct disk_pair *pair, struct changes *ret,
		     struct err *err);

#endif
