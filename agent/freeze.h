/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * freeze.h - freeze every file system on a disk, and thaw them.
 *
 * Between the two nothing is allocated and no file is opened: whoever writes to
 * a frozen file system waits, and this process must not.
 */
#ifndef AGENT_FREEZE_H
#define AGENT_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

struct freeze_report {
	unsigned int n_frozen;
	unsigned int n_synced; /* of kinds that cannot be frozen */
	char why[160];         /* it failed */
};

/*
 * freeze_now_ns() - nanoseconds that go on in a suspend too; only differences
 * mean something.
 */
int64_t freeze_now_ns(void);

/*
 * freeze_all() - write out all file systems on disks, then freeze them, the
 * last mounted first: one in a file of another is above that.  Gives up before
 * the next one when it is @until_ns.  Blocks for as long as that takes, which
 * may be longer: the kernel lets nobody interrupt it.
 *
 * Returns 0 and they are frozen until freeze_thaw(), also if this process
 * dies; or -1 with ret->why: none is.
 */
int freeze_all(int64_t until_ns, struct freeze_report *ret);

/* freeze_thaw() - thaw what freeze_all() has frozen. */
void freeze_thaw(void);

/*
 * freeze_thaw_left() - thaw whatever is frozen, for one who died: also what
 * others have frozen.  Returns how many there were, or -1 when it is not known
 * what is mounted.
 */
int freeze_thaw_left(void);

#endif
