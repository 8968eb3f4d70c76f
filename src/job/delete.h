/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* delete.h - the part of delete that recover shares. */
#ifndef XENSNAP_DELETE_H
#define XENSNAP_DELETE_H

#include "err.h"
#include "snapshot.h"

/*
 * delete_rest() - drop the views of @s, whose folder has its deleting name
 * already, and what its clones shared, then remove that folder.  May be
 * repeated.  On failure views and folder are left as far as it came.
 */
int delete_rest(const struct snapshot *s, struct err *err);

#endif
