/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict.h - compares disks and pattern with memory and says the verdict.
 */
#ifndef WITNESS_VERDICT_H
#define WITNESS_VERDICT_H

#include <stdint.h>

#include "disks.h"
#include "gate.h"

/*
 * verdict_init() - what verdicts will be about; @d stays the caller's.
 */
void verdict_init(struct disks *d, uint64_t instance);

/*
 * verdict_give() - check everything and print one line of verdict.
 *
 * The gate is closed and all members are parked.  Takes seconds on a slow
 * machine.  If a resume happens meanwhile, the check is done again and the
 * verdict is about that.  Opens the gate.
 *
 * What was found wrong stays: later verdicts of this boot are BROKEN too,
 * with the largest counts seen.
 */
void verdict_give(enum gate_reason why);

#endif
