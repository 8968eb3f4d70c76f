/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity.h - which domain one that is made of another is to be. */
#ifndef XENSNAP_IDENTITY_H
#define XENSNAP_IDENTITY_H

#include <stdbool.h>

#include "err.h"
#include "job.h"
#include "xl_cfg_other.h"

/*
 * identity_make() - of @name and @uuid, with the network @n; @same: it is the
 * original itself, and its network cards keep their addresses.  All texts stay
 * the caller's.
 */
void identity_make(const char *name, const char *uuid,
		   const struct network_want *n, bool same,
		   struct xl_cfg_identity *ret);

/*
 * identity_check_network() - can it be?  @config_json is libxl's, of a domain
 * that goes on from its memory; NULL: it boots.  -1 with ERR_UNSUPPORTED,
 * ERR_NOTFOUND (no such bridge), ERR_INVALID, ERR_CORRUPT.
 */
int identity_check_network(const struct network_want *n,
			   const char *config_json, struct err *err);

#endif
