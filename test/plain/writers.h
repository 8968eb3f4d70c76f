/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writers.h - programs that write to disks all the time, and know what they
 * wrote when.
 *
 * Each disk has some threads that write whole blocks (O_DIRECT | O_DSYNC) in
 * random order, each block by one thread only.  A block carries a number that
 * never comes again; when it was issued and when it was acknowledged is kept.
 * So of any view it can be said whether it is of a given moment.
 */
#ifndef XENSNAP_TEST_WRITERS_H
#define XENSNAP_TEST_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

#define WRITERS_BLOCK 4096u
#define WRITERS_BLOCKS 256u /* used on each disk, spread over it */

struct writers;

struct writers_verdict {
	unsigned int blocks; /* looked at */
	unsigned int lost;   /* acknowledged before, not there */
	unsigned int future; /* issued after, and there */
	unsigned int torn;   /* no record, or half of one */
};

/*
 * writers_start() - fill the disk at @path with records, then start writing.
 * Ends the test program when that fails.
 */
struct writers *writers_start(const char *path, uint64_t bytes);

/* writers_count() - how many writes were acknowledged since the start. */
uint64_t writers_count(struct writers *w);

/*
 * writers_gate() - @closed: let no new write begin, and wait for the end of
 * those under way, as when a domain stands still; else let them go on.
 */
void writers_gate(struct writers *w, bool closed);

/*
 * writers_judge() - is what can be read from @fd of an instant between
 * @from_ns and @to_ns (clock_ns())?  The writers must have written since.
 */
void writers_judge(struct writers *w, int fd, uint64_t from_ns, uint64_t to_ns,
		   struct writers_verdict *ret);

/*
 * writers_halt() - no more writes, for good; false if one has failed.  They
 * still know what they wrote.
 */
bool writers_halt(struct writers *w);

/* writers_free() - halt if need be, and free. */
void writers_free(struct writers *w);

#endif
