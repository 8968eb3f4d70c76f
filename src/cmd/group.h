/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* group.h - what --create-lv says: VG or VG/POOL. */
#ifndef XENSNAP_GROUP_H
#define XENSNAP_GROUP_H

#include "err.h"

struct group {
	char text[300];
	char *vg, *pool; /* in it; NULL: not said */
};

/* group_parse() - @text, or NULL for none.  -1 with ERR_INVALID. */
int group_parse(const char *text, struct group *ret, struct err *err);

#endif
