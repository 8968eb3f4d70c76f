/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pattern.h - a large changing pattern in memory.
 *
 * A page's content follows from its index and its generation.  Generations
 * are kept in a table elsewhere, which has a checksum of its own; a mutator
 * gives pages new generations all the time.
 *
 * A page begins with the 16 bytes "xen-WITNESS-page" (as ASCII), then its
 * index and its generation, 8 bytes each, little endian, so that a test can
 * find it in a memory file.  The magic does not occur elsewhere in the
 * program's memory at the beginning of a page.
 */
#ifndef WITNESS_PATTERN_H
#define WITNESS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_PAGE 4096u

/*
 * pattern_init() - make and fill @mib MiB of pages.
 *
 * Returns 0, or -1 with errno; nothing is left behind on failure.
 */
int pattern_init(unsigned int mib);

/*
 * pattern_start() - start the mutator, @pages in @seconds (0 pages: no limit).
 *
 * The mutator is a member of the gate.  Returns 0, or -1 with errno.
 */
int pattern_start(unsigned int pages, unsigned int seconds);

/*
 * pattern_check() - look at every byte.
 *
 * The mutator must be parked.  Says a detail line for each of the first few
 * damaged pages.  Returns how many pages are damaged; a damaged table counts
 * as one more.
 */
unsigned int pattern_check(void);

/*
 * pattern_poke() - flip the bits of one byte, for tests.
 *
 * Returns 0, or -1 if there is no such page or offset.
 */
int pattern_poke(size_t page, size_t offset);

/*
 * pattern_hold() / pattern_release() - no page is half written in between.
 */
void pattern_hold(void);
void pattern_release(void);

#endif
