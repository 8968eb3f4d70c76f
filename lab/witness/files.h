/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files.h - small files on the guest's file systems: create, rename, unlink.
 *
 * Keeps the journal busy.  Each step is one of
 *
 *	write "tmp", fsync it, rename it to "f<k>", fsync the directory
 *	unlink "f<k>", fsync the directory
 *
 * and memory keeps for each f<k> what must be there: like a record's slot.
 */
#ifndef WITNESS_FILES_H
#define WITNESS_FILES_H

#include <stdint.h>

#include "disks.h"

#define FILES_KEPT 8u

/* What is or must be in the place of one small file. */
struct file_state {
	uint64_t number; /* the step that made it so, 0: none yet */
	int there;       /* 0: there is no such file */
};

struct file_slot {
	struct file_state acked;
	struct file_state pending; /* number 0: no step under way */
};

/*
 * files_format() - remove what an earlier boot has left.
 */
void files_format(struct disks *d, uint64_t instance);

/*
 * files_start() - start the thread, @per_s steps a second on each disk with
 * a file system; it is a member of the gate.
 *
 * Does nothing if @per_s is 0 or no disk has one.  Returns 0, or -1 with
 * errno.
 */
int files_start(unsigned int per_s);

/*
 * files_slot() - what must be there for file @k of disk @disk.
 */
const struct file_slot *files_slot(unsigned int disk, unsigned int k);

/*
 * files_issued() - the last step begun on disk @disk.
 */
uint64_t files_issued(unsigned int disk);

/*
 * files_read() - read file @k of disk @disk into the 4 KiB @block.
 *
 * Returns 1, 0 if there is no such file, or -1 with errno (EINVAL: it does
 * not have the right size).
 */
int files_read(unsigned int disk, unsigned int k, void *block);

/*
 * files_hold() / files_release() - memory's side of it does not change.
 */
void files_hold(void);
void files_release(void);

#endif
