/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_fail.c - each call of the store fails, once or from then on; its answer
 * is lost, cut short, or wrong; there is no room: D4 and D5.
 *
 * What is told as done is done.  After what is not, all that was made comes
 * back, also without what was not durable, and the same once more succeeds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"
#include "plain.h"
#include "tap.h"

#define DAILY 1
#define ROOM_STEP 256
#define ROOM_MAX (64 << 10)

static uint64_t cases, full;
static char what[200];

struct way {
	const char *name;
	struct store_fault fault;
	bool is_fatal; /* what needs such a call cannot succeed */
};

static const struct way ways[] = {
	{ "EIO", { .kind = STORE_FAULT_FAIL }, false },
	{ "EIO onwards", { .kind = STORE_FAULT_FAIL, .onwards = true }, true },
	{ "no room", { .kind = STORE_FAULT_FAIL, .code = ERR_NOSPC }, false },
	{ "no room onwards",
	  { .ops = STORE_PUT,
	    .kind = STORE_FAULT_FAIL,
	    .onwards = true,
	    .code = ERR_NOSPC },
	  true },
	{ "lost answer", { .kind = STORE_FAULT_LOST }, false },
	{ "lost answers", { .kind = STORE_FAULT_LOST, .onwards = true }, true },
	{ "list fails", { .ops = STORE_LIST, .kind = STORE_FAULT_FAIL }, true },
	{ "list ends early",
	  { .ops = STORE_LIST, .kind = STORE_FAULT_LOST },
	  true },
	{ "no put", { .ops = STORE_PUT, .kind = STORE_FAULT_FAIL }, true },
	{ "no sync",
	  { .ops = STORE_SYNC, .kind = STORE_FAULT_FAIL, .onwards = true },
	  true },
	{ "short get", { .ops = STORE_GET, .kind = STORE_FAULT_CUT }, false },
	{ "wrong get", { .ops = STORE_GET, .kind = STORE_FAULT_FLIP }, false },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* All is as it was told; the same once more; and then nothing is left over. */
static void
look(struct many *m, const struct operation *op)
{
	struct err err = ERR_INIT;

	operations_find_secret(m);
	if (many_check(m, 0))
		return;
	if (op->run(m, &err))
		many_wrong(m, "not again: %s", err.text);
	else
		many_settle(m, 1);
}

/* 1: it was tried; 0: there are not so many calls. */
static int
try_one(const struct many *base, const struct operation *op,
	const struct way *way, uint64_t at)
{
	struct many *m = many_copy(base), *lost;
	struct many_plan plan = { .fault = way->fault };
	struct err err = ERR_INIT;
	bool reached;
	int rc;

	m->what = what;
	plan.fault.at = at;
	many_plan(m, 0, &plan);
	rc = op->run(m, &err);
	reached = m->hosts[0].counted >= at;
	many_plan(m, 0, NULL);
	if (!reached) {
		many_free(m);
		return 0;
	}
	cases++;
	/* Who only reads can do without a sync. */
	if (way->is_fatal && rc == 0 &&
	    !(way->fault.ops == STORE_SYNC && op->is_reader))
		many_wrong(m, "it worked");
	lost = many_copy(m);
	look(m, op);
	store_mem_crash_bits(lost->store, 0);
	look(lost, op);
	many_free(lost);
	many_free(m);
	return 1;
}

/* Each call in each way; daily in one way each. */
static void
try_calls(const struct many *base, const struct operation *op, uint64_t seed)
{
	bool all = getenv("LONG") || getenv("SEED");

	for (size_t w = 0; w < WAYS; w++)
		for (uint64_t at = 1;; at++) {
			snprintf(what, sizeof(what),
				 "seed %" PRIu64 ", %s, %s at %" PRIu64, seed,
				 op->name, ways[w].name, at);
			if (!all && plain_draw(WAYS) && at < 100)
				continue;
			if (!try_one(base, op, &ways[w], at))
				break;
		}
}

/* ---- no room at all ---- */

/* With @room more than is taken: does it succeed?  All is as told anyway. */
static bool
has_room(const struct many *base, const struct operation *op, uint64_t room)
{
	struct many *m = many_copy(base);
	struct err err = ERR_INIT;
	bool good;

	snprintf(what, sizeof(what), "%s, room for %" PRIu64, op->name, room);
	m->what = what;
	store_mem_limit(m->store, many_taken(m) + room);
	good = op->run(m, &err) == 0;
	if (!good && err.code != ERR_NOSPC)
		many_wrong(m, "%s", err.text);
	many_check(m, 1);
	store_mem_limit(m->store, UINT64_MAX);
	look(m, op);
	many_free(m);
	full++;
	return good;
}

/* How much room does it take? */
static uint64_t
find_room(const struct many *base, const struct operation *op)
{
	uint64_t room = 0;

	while (room < ROOM_MAX && !has_room(base, op, room))
		room += (uint64_t)ROOM_STEP << (room / (16 * ROOM_STEP));
	return room;
}

static void
test_full(void)
{
	uint64_t prune, backup;
	struct many *base;

	plain_seed(4);
	base = many_draw();
	operations_draw(base);
	next_prune.forget = UINT64_MAX;
	backup = find_room(base, &operations[0]);
	prune = find_room(base, &operations[1]);
	tap_note("a backup takes room for %" PRIu64
		 " bytes, a prune for %" PRIu64,
		 backup, prune);
	tap_ok(many_wrongs() == 0 && prune > 0 && prune < ROOM_MAX,
	       "in a store that is nearly full");
	many_free(base);
}

static void
test_calls(void)
{
	for (uint64_t seed = 0; many_seeds(&seed, DAILY);) {
		struct many *base = many_draw();

		operations_draw(base);
		for (unsigned int i = 0; i < OPERATIONS; i++)
			try_calls(base, &operations[i], seed);
		many_free(base);
		if (many_wrongs() > 20)
			break;
	}
	tap_note("%" PRIu64 " calls that went wrong", cases);
	tap_ok(many_wrongs() == 0 && cases > 0, "after a call that went wrong");
}

int
main(void)
{
	many_begin();
	test_full();
	test_calls();
	return many_end();
}
