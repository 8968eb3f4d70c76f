/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network.h - what --network says. */
#ifndef XENSNAP_NETWORK_H
#define XENSNAP_NETWORK_H

#include "job.h"

/* network_parse() - "none", "keep", or a bridge's name; NULL is none.  @ret
 * borrows it. */
void network_parse(const char *text, struct network_want *ret);

#endif
