/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zero.h - what is all zeros is stored nowhere. */
#ifndef XENSNAP_ZERO_H
#define XENSNAP_ZERO_H

#include <stdbool.h>
#include <stddef.h>

/* zero_is() - are @len bytes at @p all zero? */
bool zero_is(const void *p, size_t len);

#endif
