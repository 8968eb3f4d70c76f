/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* units.h - sizes and times, read from people and shown to them. */
#ifndef XENSNAP_UNITS_H
#define XENSNAP_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * units_parse_size() - "5G", "512MiB", "4096" into bytes; K M G T are powers
 * of 1024.  -1 with ERR_INVALID naming the text; overflow is an error.
 */
int units_parse_size(const char *text, uint64_t *ret, struct err *err);

/* units_size() - "1.3 GiB" in @ret (at least 16 bytes); returns @ret. */
const char *units_size(uint64_t bytes, char *ret, size_t len);

/* units_ms() - "43 ms", "1.25 s", "2 min 5 s" in @ret (at least 24 bytes);
 * returns @ret. */
const char *units_ms(double ms, char *ret, size_t len);

/* units_s() - the "s" of @n things, or nothing for one: "%u disk%s". */
const char *units_s(uint64_t n);

#endif
