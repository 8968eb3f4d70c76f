/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_delta.h - what thin_delta (thin-provisioning-tools) says of two thin
 * devices.
 *
 *   <superblock uuid="" ... data_block_size="128" nr_data_blocks="0">
 *     <diff left="1" right="2">
 *       <same begin="0" length="5"/>
 *       <different begin="5" length="1"/>  left_only, right_only: the same
 *     </diff>
 *   </superblock>
 *
 * In units of the pool's blocks.  What is in neither device is not named.
 */
#ifndef XENSNAP_THIN_DELTA_H
#define XENSNAP_THIN_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "changes.h"
#include "err.h"

struct thin_delta {
	uint64_t left; /* numbers in the pool */
	uint64_t right;
	uint64_t block_bytes;
	bool add_same; /* to the list, and not what differs */
	/* How many blocks it has named (result). */
	uint64_t same;
	uint64_t differs; /* by what it says; the content may be the same */
	uint64_t left_only;
	uint64_t right_only;
};

/*
 * thin_delta_run() - compare the devices d->left and d->right in the metadata
 * snapshot on the device @path, and add what is not the same (with add_same:
 * what is) to @changes.  As long as that takes: it reads all mappings of both.
 * -1 with ERR_UNSUPPORTED (no thin_delta, or one that is known to be wrong),
 * ERR_CORRUPT, ERR_IO, ERR_TIMEOUT, ERR_NOMEM; @changes is then of no use.
 */
int thin_delta_run(const char *path, struct thin_delta *d,
		   struct changes *changes, struct err *err);

/*
 * thin_delta_read() - the same from the file @fd, from its beginning, which
 * has what thin_delta has printed.  -1 with ERR_CORRUPT at anything that it
 * does not print, ERR_IO, ERR_NOMEM.
 */
int thin_delta_read(int fd, struct thin_delta *d, struct changes *changes,
		    struct err *err);

/*
 * thin_delta_version() - of the one on this host, "0.9.0", in @ret.  -1 with
 * ERR_UNSUPPORTED (there is none, or one that is known to be wrong), ERR_IO,
 * ERR_TIMEOUT.
 */
int thin_delta_version(char *ret, size_t len, struct err *err);

/*
 * thin_delta_known() - by what it prints of its version: does it tell the
 * truth?  0, or -1 with ERR_UNSUPPORTED.
 */
int thin_delta_known(const char *version, struct err *err);

#endif
