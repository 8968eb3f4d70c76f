/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dir_reserve.h - room on a directory's file system that is kept for when there
 * is no other: a file in it, ".reserve", which holds nothing.
 */
#ifndef XENSNAP_DIR_RESERVE_H
#define XENSNAP_DIR_RESERVE_H

#include <stdint.h>

#include "err.h"

/* dir_reserve(), dir_spend() - a driver's reserve() and spend(), of the folder
 * @root. */
int dir_reserve(int root, uint64_t bytes, struct err *err);
int dir_spend(int root, struct err *err);

#endif
