/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cut.c - the power goes before each call of the store, and what was not
 * durable is lost in every way: D1 and D2.
 *
 * After each of these images: what was made comes back, nothing else is listed,
 * verify finds nothing wrong, the same once more succeeds, and a prune leaves
 * nothing that is not needed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "operations.h"
#include "plain.h"
#include "tap.h"

#define DAILY 2
#define ALL_OF 6  /* so many that are not durable are lost in every way, */
#define SOME 24   /* of more so many ways are tried */
#define BETWEEN 2 /* and so many that also go back half-way */

static uint64_t images, cuts, most;
static char what[200];

static void
try_image(const struct many *from, const struct operation *op, uint64_t bits,
	  bool by_seed)
{
	struct many *m = many_copy(from);
	struct err err = ERR_INIT;

	images++;
	snprintf(what + strlen(what), 40, ", %s %" PRIx64,
		 by_seed ? "seed" : "bits", bits);
	if (by_seed)
		store_mem_crash(m->store, bits);
	else
		store_mem_crash_bits(m->store, bits);
	operations_find_secret(m);
	if (many_check(m, 0) == 0) {
		if (op->run(m, &err))
			many_wrong(m, "not again: %s", err.text);
		else
			many_settle(m, 1);
	}
	many_free(m);
	*strrchr(what, ',') = '\0';
}

/* What is there, as a number. */
static int
add_up(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	uint64_t *sum = ctx;
	uint64_t x = bytes;

	(void)err;
	for (; *name; name++)
		x = (x ^ (uint8_t)*name) * 0x100000001b3;
	*sum += x;
	return 0;
}

static int
note_name(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	(void)bytes;
	(void)err;
	strcpy(ctx, name);
	return 0;
}

/* Has anything been put or dropped since the last cut? */
static bool
is_other(const struct many *m, uint64_t *last)
{
	uint64_t sum = store_mem_unsynced(m->store);
	struct err err = ERR_INIT;
	bool other;

	store_list(m->store, "", add_up, &sum, &err);
	other = sum != *last;
	*last = sum;
	return other;
}

static void
try_images(const struct many *m, const struct operation *op)
{
	size_t n = store_mem_unsynced(m->store);
	uint64_t ways = n <= ALL_OF ? (uint64_t)1 << n : SOME;

	most = n > most ? n : most;
	for (uint64_t i = 0; i < ways; i++) {
		uint64_t bits = i;

		/* None, all, and some of those between. */
		if (n > ALL_OF)
			bits = i < 2 ? -i : plain_draw(UINT64_MAX);
		try_image(m, op, bits, false);
	}
	for (unsigned int i = 0; n && i < BETWEEN; i++)
		try_image(m, op, plain_draw(1000000), true);
}

static void
try_cuts(const struct many *base, const struct operation *op, uint64_t seed)
{
	struct many_plan plan = { .cut = 1 };
	bool reached = true;
	uint64_t last = 0;

	for (; reached; plan.cut++) {
		struct many *m = many_copy(base);
		struct err err = ERR_INIT;
		int rc;

		snprintf(what, sizeof(what),
			 "seed %" PRIu64 ", %s, cut %" PRIu64, seed, op->name,
			 plan.cut);
		m->what = what;
		many_plan(m, 0, &plan);
		rc = op->run(m, &err);
		many_plan(m, 0, NULL);
		reached = m->hosts[0].calls >= plan.cut;
		if (reached != (rc != 0))
			many_wrong(m, "%s: %s", rc ? "it failed" : "it worked",
				   err.text);
		else if (is_other(m, &last))
			try_images(m, op);
		cuts++;
		many_free(m);
	}
}

static void
test_all(void)
{
	for (uint64_t seed = 0; many_seeds(&seed, DAILY);) {
		struct many *base = many_draw();

		operations_draw(base);
		for (unsigned int i = 0; i < OPERATIONS; i++)
			try_cuts(base, &operations[i], seed);
		many_free(base);
		if (many_wrongs() > 20)
			break;
	}
	tap_note("%" PRIu64 " images of %" PRIu64 " cuts; at most %" PRIu64
		 " objects that were not durable",
		 images, cuts, most);
	tap_ok(many_wrongs() == 0 && images > 0, "after a power cut");
}

/*
 * A host dies somewhere in its backup, another one sees what it put, and the
 * power takes away what was not durable: nobody misses anything.
 */
static void
test_seen(void)
{
	struct many_plan plan = { .cut = 1 };
	struct many_said said;
	struct err err = ERR_INIT;
	struct many *base, *m;
	unsigned int seen = 0;
	bool reached = true;

	plain_seed(1);
	base = many_draw();
	operations_draw(base);
	for (; reached; plan.cut++) {
		m = many_copy(base);
		snprintf(what, sizeof(what), "seen, cut %" PRIu64, plan.cut);
		m->what = what;
		many_plan(m, 1, &plan);
		many_backup(m, 1, &next_disk, &err);
		many_plan(m, 1, NULL);
		reached = m->hosts[1].calls >= plan.cut;
		seen += store_mem_unsynced(m->store) > 0;
		if (many_verify(m, 0, &said, &err))
			many_wrong(m, "verify: %s", err.text);
		store_mem_crash_bits(m->store, 0);
		many_check(m, 0);
		many_free(m);
	}
	many_free(base);
	tap_ok(many_wrongs() == 0 && seen > 0,
	       "what was seen and not durable is not missed");
}

/* ---- init ---- */

static void
clear(struct many *m)
{
	struct err err = ERR_INIT;
	const char *const folders[] = { "keys/", "heads/", "config" };
	char name[STORE_NAME_MAX + 1];

	for (size_t i = 0; i < 3; i++)
		while (store_mem_count(m->store, folders[i]) > 0) {
			store_list(m->store, folders[i], note_name, name, &err);
			store_mem_remove(m->store, name);
		}
}

/* It is there, whole; or it is not, and can be made when what is left of it was
 * removed. */
static void
try_init_image(const struct many *from, uint64_t bits, bool told)
{
	struct many *m = many_copy(from);
	struct err err = ERR_INIT;
	struct many_said said;
	size_t len;

	images++;
	store_mem_crash_bits(m->store, bits);
	if (!store_mem_look(m->store, "config", &len)) {
		if (told)
			many_wrong(m, "it was made, and is not there");
		if (many_verify(m, 0, &said, &err) == 0 ||
		    err.code != ERR_NOTFOUND)
			many_wrong(m, "half of it is opened: %s", err.text);
		clear(m);
		if (many_init(m, 0, &err))
			many_wrong(m, "not again: %s", err.text);
	}
	if (many_backup(m, 0, &next_disk, &err))
		many_wrong(m, "no backup: %s", err.text);
	many_settle(m, 0);
	many_free(m);
}

static void
test_init(void)
{
	struct many_plan plan = { .cut = 1 };
	bool reached = true;

	plain_seed(1);
	for (; reached; plan.cut++) {
		struct many *m = many_new();
		struct err err = ERR_INIT;
		int rc;

		many_draw_disk(m, &next_disk);
		snprintf(what, sizeof(what), "init, cut %" PRIu64, plan.cut);
		m->what = what;
		many_plan(m, 0, &plan);
		rc = many_init(m, 0, &err);
		many_plan(m, 0, NULL);
		reached = m->hosts[0].calls >= plan.cut;
		if (reached != (rc != 0))
			many_wrong(m, "%s", err.text);
		for (uint64_t bits = 0;
		     bits >> store_mem_unsynced(m->store) == 0; bits++)
			try_init_image(m, bits, rc == 0);
		many_free(m);
	}
	tap_ok(many_wrongs() == 0, "init");
}

int
main(void)
{
	many_begin();
	test_init();
	test_seen();
	test_all();
	return many_end();
}
