/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_tidy.h - what killed puts left in a directory (absent.h). */
#ifndef XENSNAP_DIR_TIDY_H
#define XENSNAP_DIR_TIDY_H

#include <stdbool.h>

#include "err.h"

/*
 * dir_tidy() - remove temporary files that were last written to more than a day
 * ago, in the folder @root and in those of objects; what is fresher may be at
 * work.  What time it is, a file says that is made for it: the clock of the
 * server that keeps the files, not ours.  *@ret_n: how many were removed.  -1
 * with ERR_IO or the like: some may be left.
 */
int dir_tidy(int root, bool named, unsigned int *ret_n, struct err *err);

#endif
