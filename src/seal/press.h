/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* press.h - compression by Zstandard, one frame at a time (doc/format.md). */
#ifndef XENSNAP_PRESS_H
#define XENSNAP_PRESS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define PRESS_LEVEL_DEFAULT 2
#define PRESS_LEVEL_MAX 19

struct press; /* for one thread */

/* press_new() - for compressing with @level (1 to PRESS_LEVEL_MAX) and for
 * expanding; NULL with ERR_INVALID or ERR_NOMEM.  For press_free(). */
struct press *press_new(int level, struct err *err);

/*
 * press() - @len bytes at @p, at most 1 MiB and a bit, as one frame into
 * @ret of @room bytes.  Returns its length, 0 when it would not be shorter
 * than @room (then it is better stored as it is), or -1 with ERR_IO.
 */
long press(struct press *c, const void *p, size_t len, uint8_t *ret,
	   size_t room, struct err *err);

/*
 * press_expand() - the one frame of @len bytes at @p into @ret, which must
 * become exactly @raw_len bytes.  Nothing in it is trusted: skippable frames,
 * dictionaries, windows over 1 MiB, bytes behind it are refused.  -1 with
 * ERR_CORRUPT.
 */
int press_expand(struct press *c, const uint8_t *p, size_t len, void *ret,
		 size_t raw_len, struct err *err);

/* press_free() - NULL is allowed. */
void press_free(struct press *c);

#endif
