/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstore.h - which domain are we?
 */
#ifndef WITNESS_XENSTORE_H
#define WITNESS_XENSTORE_H

#include <stddef.h>

/*
 * xenstore_domid() - this domain's number as text, "-" if it is not known.
 *
 * Asks xenstore anew each time (a restored domain has a new number), waits
 * for the answer for a second at most.
 */
void xenstore_domid(char *ret, size_t size);

#endif
