/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_host.h - is this host a Xen control domain, and does it answer?
 *
 * libxl blocks without a time limit when xenstored is gone, and says little
 * when there is no Xen at all.  So we look ourselves before we call it.
 */
#ifndef XENSNAP_DOMAIN_HOST_H
#define XENSNAP_DOMAIN_HOST_H

#include "err.h"

/*
 * domain_host_check() - can libxl be used here?  @root is put in front of the
 * paths that are looked at ("" but for tests).  Waits at most @wait_ms for an
 * answer of xenstored.  Changes nothing.
 *
 * Returns 0, or -1 with a text "this host does not run Xen as dom0: ..." and
 * ERR_UNSUPPORTED (no domain of Xen's can run on it) or ERR_STATE (some may,
 * but they cannot be seen from here), or, when xenstored does not answer,
 * ERR_TIMEOUT.
 */
int domain_host_check(const char *root, unsigned int wait_ms, struct err *err);

#endif
