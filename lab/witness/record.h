/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h - one record: a 4 KiB block that says what it is.
 *
 * Layout, little endian (witness only runs on x86):
 *
 *	0	8	magic "XWITREC1"
 *	8	8	instance: random, new at every boot
 *	16	8	number within its stream, from 1; 0 is a blank slot
 *	24	4	stream (enum record_stream)
 *	28	4	disk: its place in the list of disks, from 0
 *	32	4	slot on that disk
 *	36	4	how many disks the writer had
 *	40	4	how many slots the stream has per disk
 *	44	4	CRC-32C of the whole block with this field zero
 *	48	4048	bytes derived from all of the above
 *
 * Pure: no I/O here.
 */
#ifndef WITNESS_RECORD_H
#define WITNESS_RECORD_H

#include <stdint.h>

#define RECORD_SIZE 4096u

enum record_stream {
	RECORD_ORDERED, /* one at a time, across all disks */
	RECORD_LOAD,    /* several in flight, each disk by itself */
	RECORD_FILE     /* the content of a small file */
};

struct record {
	uint64_t instance;
	uint64_t number;
	uint32_t stream;
	uint32_t disk;
	uint32_t slot;
	uint32_t disks;
	uint32_t slots;
};

/*
 * record_make() - fill the RECORD_SIZE bytes at @block with record @r.
 */
void record_make(const struct record *r, void *block);

/*
 * record_read() - what the RECORD_SIZE bytes at @block are.
 *
 * Returns 1 and fills *@ret for a whole record, 0 if the magic or the
 * checksum is wrong (*@ret is then as read, for messages only).
 */
int record_read(const void *block, struct record *ret);

/*
 * record_stream_name() - a stream's name for messages.
 */
const char *record_stream_name(uint32_t stream);

#endif
