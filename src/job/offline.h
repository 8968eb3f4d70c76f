/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offline.h - what has to be true before the disks of a domain are taken that
 * does not run, and after; and of any disk that is taken.
 */
#ifndef XENSNAP_OFFLINE_H
#define XENSNAP_OFFLINE_H

#include "domain.h"
#include "err.h"

/*
 * offline_check() - the domain @name does not run; that there is no Xen that
 * could run it is fine.  -1 with ERR_STATE, "@name @yes", when it does, or with
 * why it cannot be told.
 */
int offline_check(const char *name, const char *yes, struct err *err);

/*
 * offline_sharers() - domain_sharers(), for a host that need not have Xen: then
 * there are no other domains that could write to its disks.
 */
int offline_sharers(struct domain_info *info, struct err *err);

/*
 * offline_check_disk() - can a view, or a copy, of @d be the whole disk of one
 * instant?  @d has been shown to domain_sharers().  Changes nothing.  -1 with
 * ERR_UNSUPPORTED (another domain writes to it; a script or another domain
 * serves it; a format that we do not know), or as qcow2_check().
 */
int offline_check_disk(const struct domain_disk *d, struct err *err);

#endif
