/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plain.h - see plain.c: a seed, and the time. */
#ifndef XENSNAP_TEST_PLAIN_H
#define XENSNAP_TEST_PLAIN_H

#include <stdint.h>

/* plain_seed() - from now on all that is random follows from @seed, and it is a
 * certain day in 2023. */
void plain_seed(uint64_t seed);

/* plain_pass() - so many seconds pass, or the clock is set back. */
void plain_pass(int64_t seconds);

/* plain_draw() - a number below @n, for the test: what the program draws does
 * not change it. */
uint64_t plain_draw(uint64_t n);

#endif
