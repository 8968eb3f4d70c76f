/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_safe.h - a configuration from somebody whom we have no reason to trust.
 *
 * With a configuration xl runs programs, opens files and hands out devices, as
 * root: so of one that comes from elsewhere only that is taken which says what
 * the guest itself is like.  What is on the list, and why, is in
 * doc/decisions/0014-import.md.  Everything else is left out, and told.  Pure:
 * text in, text out.
 */
#ifndef XENSNAP_XL_SAFE_H
#define XENSNAP_XL_SAFE_H

#include <stdbool.h>
#include <stddef.h>

#include "domain.h"
#include "err.h"
#include "xl_cfg.h"

/* Where a disk is said to be of which nobody said where it is: a path that
 * nothing has, so that nothing is opened in its place. */
#define XL_SAFE_NOWHERE "/nonexistent"

struct xl_safe_how {
	const char *name; /* it is called so from now on */
	const char *uuid; /* and has this one */
	bool trust;       /* take all of it, but for the paths of @disks */
	const struct xl_cfg_disk *disks; /* of them it has the paths and kinds
					  * that are said here */
	size_t n_disks;
};

#define XL_SAFE_LEFT_MAX 64
#define XL_SAFE_LEFT_LEN 80

/* What was left out: "b_info.kernel", or "vif.0.script". */
struct xl_safe_left {
	bool hvm; /* without a kernel of its own it boots from its disks */
	unsigned int n;
	unsigned int n_more; /* for which there was no room here */
	char what[XL_SAFE_LEFT_MAX][XL_SAFE_LEFT_LEN];
};

/* xl_safe_add() - one more; of bytes that could be shown. */
void xl_safe_add(struct xl_safe_left *left, const char *what);

/*
 * xl_safe_look() - what @config_json, libxl's JSON, says of the domain: name
 * and uuid ("" if it has none that can be), type, disks.  Nothing of it is
 * believed.  -1 with ERR_CORRUPT (no JSON, or not libxl's), ERR_UNSUPPORTED
 * (more than DOMAIN_DISKS_MAX disks, or texts that are too long).
 */
int xl_safe_look(const char *config_json, struct domain_info *ret,
		 struct err *err);

/*
 * xl_safe_json() - of @config_json what may be kept, as libxl's JSON,
 * malloc()ed for the caller.  A disk that @how does not know is left out; a
 * CD-ROM drive becomes an empty one.  A PV or PVH domain, whose kernel is not
 * kept, is ended where it would be restarted.  NULL with ERR_CORRUPT,
 * ERR_UNSUPPORTED or ERR_NOMEM; *@left says nothing then.
 */
char *xl_safe_json(const char *config_json, const struct xl_safe_how *how,
		   struct xl_safe_left *left, struct err *err);

#endif
