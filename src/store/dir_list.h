/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_list.h - the objects that are files in a directory. */
#ifndef XENSNAP_DIR_LIST_H
#define XENSNAP_DIR_LIST_H

#include "beneath.h"
#include "store.h"

/* dir_list() - as store_list(), of the directory @in. */
int dir_list(struct beneath *in, const char *prefix, store_list_fn *fn,
	     void *ctx, struct err *err);

#endif
