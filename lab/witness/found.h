/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * found.h - what an earlier boot has left on the disks.
 *
 * The ordered records of a guest that was cut off (a crash, a snapshot of
 * its disks alone) must be a prefix of what it wrote: if record n is there,
 * so is every record before it that was not written over by a later one.
 */
#ifndef WITNESS_FOUND_H
#define WITNESS_FOUND_H

#include "disks.h"

/*
 * found_say() - look at all ordered records and say one line about them.
 *
 * Before writer_format(), which removes them.  I/O errors are fatal().
 */
void found_say(const struct disks *d);

#endif
