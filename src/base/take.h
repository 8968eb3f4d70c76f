/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * take.h - fields taken one after another from bytes that nobody may trust.
 *
 * A take that finds too little gives zeros and makes the reader wrong for
 * good; so a decoder takes all its fields and asks once.  Counts must be
 * checked by take_count() before anything is allocated or looped for them.
 */
#ifndef XENSNAP_TAKE_H
#define XENSNAP_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct take {
	const uint8_t *at;
	size_t left;
	const char *wrong; /* the first thing that did not fit, or NULL */
};

/* take_from() - a reader of @len bytes at @p, which must outlive it. */
struct take take_from(const void *p, size_t len);

/* take_u8() and the like - the next integer. */
uint8_t take_u8(struct take *t);
uint16_t take_u16(struct take *t);
uint32_t take_u32(struct take *t);
uint64_t take_u64(struct take *t);

/* take_bytes() - the next @len bytes into @ret. */
void take_bytes(struct take *t, void *ret, size_t len);

/*
 * take_skip() - where the next @len bytes are, in the source; NULL when wrong.
 */
const uint8_t *take_skip(struct take *t, size_t len);

/* take_zeros() - the next @len bytes are reserved. */
void take_zeros(struct take *t, size_t len);

/*
 * take_text() - the next text, NUL-terminated, into @ret of @size bytes.
 * Control characters in it, what is no UTF-8, or one that is too long for @ret,
 * are wrong.
 */
void take_text(struct take *t, char *ret, size_t size);

/*
 * take_count() - the next u32, a number of things of at least @each bytes that
 * follow: wrong, and 0, if so many cannot be there or are more than @max.
 */
uint32_t take_count(struct take *t, size_t each, uint32_t max);

/* take_refuse() - the caller found something that cannot be, @what. */
void take_refuse(struct take *t, const char *what);

/*
 * take_end() - 0 if all fitted and nothing is left over, else -1 with
 * ERR_CORRUPT, "@what: the reason".
 */
int take_end(const struct take *t, const char *what, struct err *err);

#endif
