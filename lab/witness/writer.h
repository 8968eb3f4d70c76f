/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writer.h - writes the records and remembers which must be there.
 *
 * One thread, Linux AIO, so that requests really are in flight when the
 * guest is suspended (the freezer would wait for a plain write).
 *
 * Ordered stream: record n (from 1) goes to disk n mod d, slot (n / d) mod
 * slots, and is issued after record n-1 was acknowledged.
 * Load streams, one per disk, if wanted: record m goes to slot m mod
 * load_slots, several in flight.
 *
 * Life: writer_init() and writer_format(), writer_start(), and once the gate
 * has parked it, writer_slot() and writer_issued() to compare.
 */
#ifndef WITNESS_WRITER_H
#define WITNESS_WRITER_H

#include <stdint.h>

#include "disks.h"
#include "options.h"

/* What memory knows of one slot. */
struct writer_slot {
	uint64_t acked;   /* this number must be there, 0: blank */
	uint64_t pending; /* issued, not acknowledged; 0: none */
};

/*
 * writer_init() - set up for disks @d, which stay the caller's.
 *
 * Fatal without memory or AIO.
 */
void writer_init(struct disks *d, const struct options *o, uint64_t instance);

/*
 * writer_format() - make every slot of every disk a blank of this instance.
 *
 * Fatal on an I/O error.
 */
void writer_format(void);

/*
 * writer_start() - start the thread; it is a member of the gate.
 *
 * Requests that memory has as in flight are issued again first: in a fork()
 * that plays a restored guest this is what blkfront does in a real one.
 * Returns 0, or -1 with errno.
 */
int writer_start(void);

/*
 * writer_slot() - what must be in slot @slot of ordered or @load records.
 */
const struct writer_slot *writer_slot(unsigned int disk, int load,
				      uint32_t slot);

/*
 * writer_issued() - the highest number issued so far to that stream.
 */
uint64_t writer_issued(unsigned int disk, int load);

/*
 * writer_acked() - the last ordered record acknowledged.
 */
uint64_t writer_acked(void);

/*
 * writer_load_acked() - how many load records were acknowledged, all disks.
 */
uint64_t writer_load_acked(void);

/*
 * writer_error() - count an I/O error; writer_errors() - how many so far.
 */
void writer_error(void);
unsigned int writer_errors(void);

/*
 * writer_stall_ms() - longest wait for an acknowledgement since last asked.
 */
int64_t writer_stall_ms(void);

/*
 * writer_hold() / writer_release() - nothing is issued or counted as
 * acknowledged in between; what is in flight goes on.
 */
void writer_hold(void);
void writer_release(void);

/*
 * writer_pending() - how many requests memory has as in flight.
 */
unsigned int writer_pending(void);

#endif
