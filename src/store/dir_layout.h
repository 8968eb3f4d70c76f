/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_layout.h - the folders in which a new store begins. */
#ifndef XENSNAP_DIR_LAYOUT_H
#define XENSNAP_DIR_LAYOUT_H

#include <stdbool.h>

#include "err.h"

/*
 * dir_layout_check() - could dir_layout_make() begin in the folder @root, or is
 * there too much?  Nothing is made.  -1 as there.
 */
int dir_layout_check(int root, bool leftovers, struct err *err);

/*
 * dir_layout_make() - make all folders that objects will need in the folder
 * @root, and make them durable: none need be made when there is much to do.
 * @root must hold nothing but empty folders, and, with @leftovers, keys and a
 * first head: an init that died leaves them, before there is a repository.  -1
 * with ERR_EXISTS (it holds more), ERR_NOSPC, ERR_DENIED or ERR_IO; some may
 * have been made then.
 */
int dir_layout_make(int root, bool leftovers, struct err *err);

#endif
