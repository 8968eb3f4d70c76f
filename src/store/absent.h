/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * absent.h - a file that comes into being whole, and only if its name is free.
 *
 * It is written without a name (O_TMPFILE), fsynced, and then linked: link(2)
 * never replaces.  Where that cannot be done, or does not outlast a power cut,
 * it is written under a name that begins with a dot, which is linked and
 * removed; if we die meanwhile that one is left.
 */
#ifndef XENSNAP_ABSENT_H
#define XENSNAP_ABSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "err.h"

/*
 * absent_put() - make @leaf in the folder @dir hold @len bytes, mode 0600; its
 * content is durable, its name once the folder is synced.  @named: with a
 * temporary name in any case.  -1 with ERR_EXISTS, ERR_UNSUPPORTED (no hard
 * links here), ERR_NOSPC, ERR_DENIED or ERR_IO: it is not there by us, but
 * after ERR_IO it may appear later (over a network).
 */
int absent_put(int dir, const char *leaf, const void *p, size_t len, bool named,
	       struct err *err);

/*
 * absent_probe() - can absent_put() do its work in the folder @dir, and can
 * folders be synced?  -1 with ERR_UNSUPPORTED if not, ERR_IO.  When it cannot
 * be told now (no room, read-only) that is no error; putting will be one.
 * Nothing is left behind.
 */
int absent_probe(int dir, bool named, struct err *err);

/*
 * absent_time() - what time it is by the clock of what keeps the folder @dir:
 * the time of a file that is made there and removed.  -1 as absent_put().
 */
int absent_time(int dir, bool named, time_t *ret, struct err *err);

/* absent_is_leftover() - is @leaf what one of these left when it was killed? */
bool absent_is_leftover(const char *leaf);

#endif
