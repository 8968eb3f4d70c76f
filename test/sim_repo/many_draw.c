/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many_draw.c - see many.h: seeds, and what follows from them. */
#include "many.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "plain.h"

#define MINUTES 15

static bool
is_next(uint64_t seed, unsigned int daily)
{
	static uint64_t begin;
	const char *minutes = getenv("MINUTES");
	double limit = minutes ? strtod(minutes, NULL) : MINUTES;

	if (!getenv("LONG"))
		return seed <= daily;
	if (!begin)
		begin = clock_ns();
	return clock_ms_since(begin) < limit * 60e3;
}

bool
many_seeds(uint64_t *seed, unsigned int daily)
{
	const char *one = getenv("SEED");
	const char *first = one ? one : getenv("FROM");

	if (one && *seed)
		return false;
	*seed = !*seed && first ? strtoull(first, NULL, 10) : *seed + 1;
	if (!one && !is_next(*seed, daily)) {
		printf("# the next seed is %" PRIu64 "\n", *seed);
		return false;
	}
	plain_seed(*seed);
	return true;
}

static uint8_t
draw_chunk(void)
{
	return plain_draw(4) ? (uint8_t)plain_draw(MANY_PALETTE) : 0;
}

/* Most are small; of some the map has two levels. */
static void
draw_new(struct many_disk *d)
{
	d->n = 1 + (unsigned int)(plain_draw(16) ? plain_draw(12) :
						   plain_draw(290));
	d->last = plain_draw(2) ? MANY_CHUNK :
				  1 + (uint32_t)plain_draw(MANY_CHUNK - 1);
	for (unsigned int i = 0; i < d->n; i++)
		d->chunks[i] = draw_chunk();
}

/* Rather one that is forgotten: what it needed may be about to go. */
static uint64_t
draw_earlier(const struct many *m)
{
	uint64_t i = plain_draw(m->n);

	for (int k = 0; k < 4 && m->backups[i].told < MANY_HALF_FORGOTTEN; k++)
		i = plain_draw(m->n);
	return i;
}

void
many_draw_disk(const struct many *m, struct many_disk *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (m->n == 0 || plain_draw(3) == 0) {
		draw_new(ret);
	} else {
		*ret = m->backups[draw_earlier(m)].disk;
		for (uint64_t k = plain_draw(4); k > 0; k--)
			ret->chunks[plain_draw(ret->n)] = draw_chunk();
	}
	ret->compare = plain_draw(2);
}

uint64_t
many_draw_forget(const struct many *m)
{
	uint64_t which = 0;

	for (unsigned int i = 0; i < m->n; i++)
		if (plain_draw(3) == 0)
			which |= (uint64_t)1 << i;
	return which;
}

/* Whatever fails here is no case of what is tried. */
static void
must(struct many *m, int rc, const struct err *err)
{
	if (rc)
		many_wrong(m, "to begin with: %s", err->text);
}

/* A backup or a prune by some host, which may die in the middle of it: then
 * what it put is there, and not durable. */
static void
draw_past(struct many *m)
{
	unsigned int host = (unsigned int)plain_draw(MANY_HOSTS);
	struct many_plan dies = { .cut = 1 + plain_draw(40) };
	struct many_prune how = { .forget = 0 };
	struct prune_report report;
	struct err err = ERR_INIT;
	struct many_disk d;
	bool whole = plain_draw(3) > 0;
	int rc;

	plain_pass((int64_t)plain_draw(5000));
	many_plan(m, host, whole ? NULL : &dies);
	if (host < MANY_HOSTS - 1 && plain_draw(4) == 0) {
		how.forget = many_draw_forget(m);
		rc = many_prune(m, host, &how, &report, &err);
	} else {
		many_draw_disk(m, &d);
		rc = many_backup(m, host, &d, &err);
	}
	many_plan(m, host, NULL);
	must(m, whole ? rc : 0, &err);
}

struct many *
many_draw(void)
{
	struct many *m = many_new();
	struct err err = ERR_INIT;

	must(m, many_init(m, 0, &err), &err);
	must(m, many_key(m, 0, 1, false, &err), &err);
	must(m, many_key(m, 0, MANY_HOSTS - 1, true, &err), &err);
	m->hosts[1].secret = 1;
	for (uint64_t n = 1 + plain_draw(5); n > 0; n--)
		draw_past(m);
	return m;
}
