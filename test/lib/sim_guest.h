/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_guest.h - the guest of a simulated domain: it makes a wrong instant
 * visible.
 *
 * To each of its disks it writes numbered records, each only after the one
 * before was acknowledged, and keeps in memory which number it issued and
 * which was acknowledged last.  A snapshot is of one instant if each of its
 * views has all records up to "acknowledged", perhaps the one that was issued
 * and not acknowledged, and none later.
 *
 * Memory, in pages of 4 KiB, all numbers little-endian 64 bits:
 *   page 0        SIM_HEAD_MAGIC, total, n, then n times (issued, acked)
 *   page 1...     stamped in turn: record number `total` of all disks together
 *                 fills page 1 + total % (pages - 1) with its number
 * Disk: record k lies at (k % SIM_SLOTS) * SIM_SLOT_STEP, a page of
 *   SIM_RECORD_MAGIC, k, k, k ...
 */
#ifndef XENSNAP_SIM_GUEST_H
#define XENSNAP_SIM_GUEST_H

#include "sim_world.h"

#define SIM_HEAD_MAGIC UINT64_C(0x4745555354484541)
#define SIM_RECORD_MAGIC UINT64_C(0x5245434f52444d47)
#define SIM_SLOTS 8u
#define SIM_SLOT_STEP (4 * SIM_PAGE)

/*
 * sim_tick() - let time pass for @d: a running guest writes @steps records to
 * each disk that is not held; of one that stands still, the requests that
 * were under way may still arrive.  The world is locked.  -1 with ERR_IO.
 */
int sim_tick(const struct sim_domain *d, unsigned int steps, struct err *err);

/* sim_tick_all() - the same for all domains. */
int sim_tick_all(unsigned int steps, struct err *err);

/* sim_issue() - put a request under way on each disk.  The world is locked. */
int sim_issue(const struct sim_domain *d, struct err *err);

/* sim_read_page() - page @pfn of the memory of @d in @buf (SIM_PAGE). */
int sim_read_page(const struct sim_domain *d, unsigned int pfn, void *buf,
		  struct err *err);

#endif
