/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rand.h - bytes that nobody else has, ever.
 *
 * Hedged: a host that is itself a virtual machine may be cloned or rolled back
 * with its random numbers.  So what the kernel gives is hashed together with
 * what differs all the same: the boot's id, the process, clocks, a counter.
 */
#ifndef XENSNAP_RAND_H
#define XENSNAP_RAND_H

#include <stddef.h>

#include "err.h"

/* rand_bytes() - @len (at most 64) new bytes into @ret.  -1 with ERR_IO if the
 * kernel has none. */
int rand_bytes(void *ret, size_t len, struct err *err);

#endif
