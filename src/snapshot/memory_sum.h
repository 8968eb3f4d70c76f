/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory_sum.h - by what a memory file is told from another.
 *
 * A sum of samples, not of all: it is for files that were swapped, cut or
 * written over, among friends, and takes a moment however large a memory is.
 * doc/format.md says which samples.
 */
#ifndef XENSNAP_MEMORY_SUM_H
#define XENSNAP_MEMORY_SUM_H

#include "err.h"
#include "sha256.h"

/* memory_sum() - of the file @fd, as hex.  -1 with ERR_IO, ERR_NOMEM. */
int memory_sum(int fd, char ret[SHA256_HEX_LEN + 1], struct err *err);

#endif
