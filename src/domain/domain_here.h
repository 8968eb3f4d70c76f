/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_here.h - of door 1: the hypervisor itself, and all that runs on it. */
#ifndef XENSNAP_DOMAIN_HERE_H
#define XENSNAP_DOMAIN_HERE_H

#include "cpu.h"
#include "domain.h"

/* What the hypervisor is, and can do. */
struct domain_hypervisor {
	char version[32]; /* "4.17.7" */
	unsigned int major, minor;
	bool pv, hvm; /* which guests can run; PVH where HVM can */
	/* By which of them it can tell what memory changes: of PV guests by
	 * shadow paging alone. */
	bool hap, shadow;
	bool starts; /* what starts a domain is here: xl */
	/* For new domains at most: what nobody has, and all that dom0 has where
	 * it gives of it. */
	uint64_t free_bytes;
};

/* One of the domains that run here. */
struct domain_seen {
	char name[DOMAIN_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	uint32_t domid;
	enum domain_state state;
	uint64_t memory_bytes;
};

/*
 * domain_hypervisor() - what runs beneath this host, and what it can do.
 * Changes nothing.  -1 as domain_find(), but never ERR_NOTFOUND.
 */
int domain_hypervisor(struct domain_hypervisor *ret, struct err *err);

/*
 * domain_cpu() - what the processors of this host can do for a guest, at most:
 * for a PV one, or one of the other types.  1, or 0 when the hypervisor does
 * not say.  -1 with ERR_IO.
 */
int domain_cpu(bool pv, struct cpu_features *ret, struct err *err);

/*
 * domain_each() - call @fn for each domain there is, but for this host itself;
 * one without a name yet is left out.  Changes nothing.  -1 as
 * domain_hypervisor(), or what @fn reported.
 */
int domain_each(domain_each_fn *fn, void *ctx, struct err *err);

#endif
