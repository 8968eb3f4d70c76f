/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * read_back.h - is what was put just now there as it was meant?  Before a
 * session's outcome says that it is.
 */
#ifndef XENSNAP_READ_BACK_H
#define XENSNAP_READ_BACK_H

#include <stdint.h>

#include "err.h"
#include "repo.h"

/*
 * read_back_pack() - the pack with @sum, all of it: its sum, and as far as our
 * key can read it each piece, which must be what it is called.  So it finds
 * what went wrong in the store, and in memory since the piece was named.  It
 * takes a pack's length of memory.  -1 with ERR_CORRUPT, which names it, or the
 * store's errors.
 */
int read_back_pack(struct repo *r, const uint8_t sum[SHA256_BYTES],
		   struct err *err);

/* read_back_part() - the same of an index part; its sum alone. */
int read_back_part(struct repo *r, const uint8_t sum[SHA256_BYTES],
		   struct err *err);

#endif
