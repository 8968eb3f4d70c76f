/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_cpu.h - what a guest was told that its processor can do. */
#ifndef XENSNAP_STREAM_CPU_H
#define XENSNAP_STREAM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"
#include "err.h"

/*
 * stream_cpu() - the features in the stream in the file @fd from @offset to
 * @end, and whether its guest is a PV one.  1, or 0 when it does not say (Xen
 * before 4.14).  It stands before the pages, and behind it nothing is looked
 * at.  -1 as stream_walk().
 */
int stream_cpu(int fd, uint64_t offset, uint64_t end, struct cpu_features *ret,
	       bool *ret_pv, struct err *err);

#endif
