/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lie.c - a disk says that it has written, and has not; then the power
 * goes, and what was put meanwhile is missing, older, or torn: D3.
 *
 * The host that was told that all is done notices, and something of what is
 * missing is named; or nothing was lost that matters.
 */
#include <inttypes.h>
#include <stdio.h>

#include "noticed.h"
#include "operations.h"
#include "plain.h"
#include "tap.h"

#define DAILY 6
#define IMAGES 12 /* of each lie */

static uint64_t counts[3];
static char what[200];

static void
try_images(const struct many *after, const char *name, uint64_t seed)
{
	for (unsigned int i = 0; i < IMAGES; i++) {
		struct many *m = many_copy(after);
		uint64_t crash = plain_draw(1000000);

		snprintf(what, sizeof(what),
			 "seed %" PRIu64 ", %s, crash %" PRIu64, seed, name,
			 crash);
		m->what = what;
		if (i == 0)
			store_mem_crash_bits(m->store, 0);
		else
			store_mem_crash(m->store, crash);
		store_mem_lie(m->store, false);
		counts[notice(after, m)]++;
		many_free(m);
	}
}

int
main(void)
{
	many_begin();
	for (uint64_t seed = 0; many_seeds(&seed, DAILY);) {
		struct many *base = many_draw();

		operations_draw(base);
		/* A backup, and a prune. */
		for (unsigned int i = 0; i < 2; i++) {
			struct many *m = many_copy(base);
			struct err err = ERR_INIT;

			store_mem_lie(m->store, true);
			if (operations[i].run(m, &err))
				many_wrong(m, "it failed: %s", err.text);
			notice_unforget(m);
			try_images(m, operations[i].name, seed);
			many_free(m);
		}
		many_free(base);
		if (many_wrongs() > 20)
			break;
	}
	tap_note("%" PRIu64 " losses noticed and named, %" PRIu64 " harmless",
		 counts[NOTICED], counts[HARMLESS]);
	tap_ok(many_wrongs() == 0 && counts[NOTICED] > 0 && !counts[MISSED],
	       "what a lying disk lost is noticed");
	return many_end();
}
