/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hosttest.h - plays snapshot and restore on a host, for witness's own tests.
 *
 * fork() makes a child whose memory is that of one instant, with requests in
 * flight as they were: the saved memory.  The parent stands still until it
 * is resumed; the child waits to be restored on copies of the disks, at any
 * time, also long after the parent went on.
 */
#ifndef WITNESS_HOSTTEST_H
#define WITNESS_HOSTTEST_H

#include "disks.h"

/*
 * hosttest_suspend() - fork the saved memory, and stand still.
 *
 * In the parent: says "suspended", and returns 0 with everything held until
 * hosttest_resume().
 *
 * In the child: waits until the file @dir/go exists, whose first line is the
 * list of disks (as the option "disks"), the second the page and offset of a
 * byte of the pattern to flip, or empty.  Its lines go to @dir/log, its
 * commands come from the FIFO @dir/in, if there is one.  Returns 1 with
 * everything released and the gate closed because of a resume; the caller
 * starts the threads again.
 *
 * Failures are fatal().
 */
int hosttest_suspend(struct disks *d, const char *dir);

/*
 * hosttest_resume() - go on after hosttest_suspend() returned 0.
 */
void hosttest_resume(void);

#endif
