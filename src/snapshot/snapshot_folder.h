/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_folder.h - the folder of everything, and a domain's in it. */
#ifndef XENSNAP_SNAPSHOT_FOLDER_H
#define XENSNAP_SNAPSHOT_FOLDER_H

#include <stdbool.h>

#include "err.h"

/* snapshot_open_root() - the root's folder, made if need be and @make.  -1 with
 * ERR_NOTFOUND, ERR_DENIED, ERR_IO. */
int snapshot_open_root(bool make, struct err *err);

/* snapshot_open_domain() - the folder of @domain, in the same way. */
int snapshot_open_domain(const char *domain, bool make, struct err *err);

#endif
