/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* span.h - spans of time, as people write and read them. */
#ifndef XENSNAP_SPAN_H
#define XENSNAP_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * span_parse() - "90s", "30min", "6h", "7d", "2w" into seconds.  -1 with
 * ERR_INVALID naming the text; so are 0 and what is longer than ten years.
 */
int span_parse(const char *text, uint64_t *ret, struct err *err);

/* span_text() - "42 s", "5 min", "3 h", "12 d" in @ret (at least 24 bytes);
 * returns @ret. */
const char *span_text(uint64_t seconds, char *ret, size_t len);

#endif
