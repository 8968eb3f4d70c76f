/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plain.c - what takes the place of base/crew.c, seal/rand.c and the clock in
 * these tests, so that the same seed does the same: one thread, numbers that
 * are drawn from the seed, a time that passes when the test says so.
 *
 * The linker takes a function from the library only if nobody else has it.
 */
#include "plain.h"

#include "cancel.h"
#include "crew.h"
#include "mem_world.h"
#include "rand.h"

#include <string.h>
#include <time.h>

static uint64_t state, choice; /* the program's, and the test's */
static time_t now = 1700000000;

void
plain_seed(uint64_t seed)
{
	state = seed;
	choice = ~seed;
	now = 1700000000;
}

void
plain_pass(int64_t seconds)
{
	now += seconds;
}

uint64_t
plain_draw(uint64_t n)
{
	return mem_random(&choice) % n;
}

/* ---- base/crew.h ---- */

int
crew_run(unsigned int n, crew_fn *fn, void *ctx, struct err *err)
{
	struct crew crew = { .ctx = ctx };

	(void)n;
	return fn(&crew, err);
}

bool
crew_stopped(struct crew *c, struct err *err)
{
	(void)c;
	return cancel_check(err) != 0;
}

unsigned int
crew_size(void)
{
	return 1;
}

/* ---- seal/rand.h ---- */

int
rand_bytes(void *ret, size_t len, struct err *err)
{
	uint8_t *to = ret;
	uint64_t x = 0;

	(void)err;
	for (size_t i = 0; i < len; i++, x >>= 8) {
		if (i % sizeof(x) == 0)
			x = mem_random(&state);
		to[i] = (uint8_t)x;
	}
	return 0;
}

/* ---- the clock ---- */

time_t
time(time_t *ret)
{
	if (ret)
		*ret = now;
	return now;
}
