/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host_fits.h - could a domain that is to come run on this host?  Xen would
 * tell some of it as well, but when its disks have been written, and some not
 * at all.  All of these change nothing.
 */
#ifndef XENSNAP_HOST_FITS_H
#define XENSNAP_HOST_FITS_H

#include <stdbool.h>
#include <stdint.h>

#include "domain_here.h"
#include "err.h"
#include "held.h"

/*
 * host_fits_room() - is there memory for @n domains of @bytes each on the host
 * that is @h?  It is the least that they need.  -1 with ERR_NOSPC.
 */
int host_fits_room(const struct domain_hypervisor *h, uint64_t bytes,
		   unsigned int n, struct err *err);

/* host_fits_more() - the same, for @n more domains like that of @held.  -1 also
 * as domain_hypervisor(), or with ERR_CORRUPT, ERR_UNSUPPORTED, ERR_IO when its
 * configuration cannot be read. */
int host_fits_more(const struct held *held, unsigned int n, struct err *err);

/*
 * host_fits_cpu() - has the processor of this host all that a guest, a PV one
 * or another, was @told of?  Not asked where Xen does not say.  -1 with
 * ERR_UNSUPPORTED, ERR_IO.
 */
int host_fits_cpu(const struct cpu_features *told, bool pv, struct err *err);

/*
 * host_fits_memory() - the same of the memory of @held, which is the one that
 * was kept with it.  -1 also as held_open_memory() and stream_cpu().
 */
int host_fits_memory(const struct held *held, struct err *err);

#endif
