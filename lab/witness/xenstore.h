/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstore.h - what a guest asks xenstore: which domain, which disks?
 *
 * Asks anew each time (a restored domain has a new number), and waits for an
 * answer for a second at most.
 */
#ifndef WITNESS_XENSTORE_H
#define WITNESS_XENSTORE_H

#include <stddef.h>

/*
 * xenstore_domid() - this domain's number as text, "-" if it is not known.
 */
void xenstore_domid(char *ret, size_t size);

/*
 * xenstore_disks() - the names of this domain's disks, "xvda,xvdb", sorted.
 *
 * Only names xvda to xvdp are known.  "" if there are none or xenstore does
 * not answer.
 */
void xenstore_disks(char *ret, size_t size);

#endif
