/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* share.h - how much room, read from people: a percentage, or a size. */
#ifndef XENSNAP_SHARE_H
#define XENSNAP_SHARE_H

#include <stdint.h>

#include "err.h"

/*
 * share_parse() - "20%" (1 to 100) into *@percent, or "5G" into *@bytes; the
 * other one becomes 0.  -1 with ERR_INVALID.
 */
int share_parse(const char *text, unsigned int *percent, uint64_t *bytes,
		struct err *err);

#endif
