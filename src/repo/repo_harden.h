/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_harden.h - what others put is not durable before they sync it, and they
 * may have died before that.  Whoever builds on it, or deletes because of it,
 * sees to it that it is.
 */
#ifndef XENSNAP_REPO_HARDEN_H
#define XENSNAP_REPO_HARDEN_H

#include "err.h"
#include "repo.h"

/*
 * repo_harden() - what repo_load() found and is not known to be durable is so
 * after the next store_sync(): the newest head, the outcomes that it does not
 * know, the forgets that count.  What was taken away meanwhile is no error.  -1
 * with the store's errors.
 */
int repo_harden(struct repo *r, struct err *err);

#endif
