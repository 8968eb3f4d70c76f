/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lv_clone.h - what disk_clone.c needs of lv_clone.c besides the drivers. */
#ifndef XENSNAP_LV_CLONE_H
#define XENSNAP_LV_CLONE_H

#include "err.h"

/* lv_clone_drop_bases() - see disk_clone_drop_bases(). */
int lv_clone_drop_bases(const char *generation, struct err *err);

#endif
