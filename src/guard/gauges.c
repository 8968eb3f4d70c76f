/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gauges.c - see guard_room.h: what fills up, read and judged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "guard_room.h"
#include "log.h"

/* After so long a volume is tried again that could not be made larger. */
#define FAILED_MS 10000u

/* So many times in a row, and it is told. */
#define FAILED_TELL 4u

/* Once it hung; that is not how long it takes. */
#define LVM_MOST_S 60.0

/* ---- the answer ---- */

static struct gauge *
find_same(const struct guard *g, const struct gauge *like)
{
	for (unsigned int i = 0; i < g->n; i++) {
		struct gauge *x = &g->gauges[i];

		if (x->fill.kind == like->fill.kind &&
		    strcmp(x->fill.what, like->fill.what) == 0 &&
		    strcmp(x->fill.uuid, like->fill.uuid) == 0 &&
		    (!disk_fill_is_area(&x->fill) ||
		     strcmp(x->generation, like->generation) == 0))
			return x;
	}
	return NULL;
}

/* Known already: keep what was seen and told. */
static void
take_over(const struct guard *g, struct gauge *to)
{
	const struct gauge *old = find_same(g, to);
	struct gauge was;

	if (!old) {
		told_restore(g, to, guard_now_ms());
		return;
	}
	was = *to;
	*to = *old;
	to->fill.group_bytes = was.fill.group_bytes;
	to->fill.group_free = was.fill.group_free;
	to->fill.n_views = was.fill.n_views;
	memcpy(to->domain, was.domain, sizeof(to->domain));
	memcpy(to->name, was.name, sizeof(to->name));
	memcpy(to->vdev, was.vdev, sizeof(to->vdev));
	memcpy(to->generation, was.generation, sizeof(to->generation));
}

int
gauges_take(struct guard *g, const struct buf *answer, struct err *err)
{
	const size_t each =
		sizeof(struct disk_fill) + sizeof(struct gauge_place);
	struct gauge *all;
	size_t n;

	if (answer->len < 4 || (answer->len - 4) % each)
		return err_set(err, ERR_CORRUPT, 0, "an answer of %zu bytes",
			       answer->len);
	n = (answer->len - 4) / each;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const uint8_t *from = answer->data + 4 + i * each;
		struct gauge_place p;

		memcpy(&all[i].fill, from, sizeof(all[i].fill));
		memcpy(&p, from + sizeof(all[i].fill), sizeof(p));
		memcpy(all[i].domain, p.domain, sizeof(p.domain));
		memcpy(all[i].name, p.name, sizeof(p.name));
		memcpy(all[i].vdev, p.vdev, sizeof(p.vdev));
		memcpy(all[i].generation, p.generation, sizeof(p.generation));
		all[i].full_s = INFINITY;
		take_over(g, &all[i]);
	}
	free(g->gauges);
	g->gauges = all;
	g->n = (unsigned int)n;
	g->n_snapshots = le32_at(answer->data);
	return 0;
}

/* ---- read and judge ---- */

uint64_t
guard_now_ms(void)
{
	return clock_ns() / 1000000 + 1;
}

static struct policy_case
as_case(const struct guard *g, const struct gauge *x)
{
	return (struct policy_case){
		.fill = &x->fill,
		.rate = x->rate,
		.full_s = x->full_s,
		.lvm_s = g->lvm_s,
		.failed = x->failed_ms &&
			  guard_now_ms() - x->failed_ms < FAILED_MS,
	};
}

/* The slowest of late: a tenth less with each that was quicker. */
void
gauges_lvm_took(struct guard *g, const struct hand *h)
{
	double s = clock_ms_since(h->since_ns) / 1000;

	if (s > LVM_MOST_S)
		s = LVM_MOST_S;
	g->lvm_s = s > g->lvm_s ? s : g->lvm_s * 0.9 + s * 0.1;
}

void
gauges_judge(const struct guard *g, struct gauge *x)
{
	const struct disk_fill *f = &x->fill;
	struct policy_case c;

	x->rate = forecast_rate(&x->forecast);
	x->full_s = forecast_seconds(
		&x->forecast, f->bytes > f->used ? f->bytes - f->used : 0);
	c = as_case(g, x);
	x->verdict = policy_judge(&g->o->policy, &c);
}

static int
by_urgency(const void *a, const void *b)
{
	const struct gauge *x = a, *y = b;

	if (x->full_s < y->full_s || x->full_s > y->full_s)
		return x->full_s < y->full_s ? -1 : 1;
	return strcmp(x->fill.what, y->fill.what);
}

/* Once may be while LVM changes it. */
static void
not_read(struct guard *g, struct gauge *x, const struct err *err)
{
	struct guard_event e = { .kind = GUARD_FAILED,
				 .level = GUARD_WARNING,
				 .gauge = x };
	char name[300];

	log_info("%s: %s", x->fill.what, err->text);
	if (x->n_failed == 0)
		g->survey_wanted = true;
	if (++x->n_failed == FAILED_TELL)
		event_tell(g, &e, "%s: it cannot be told how full it is: %s",
			   event_gauge_name(x, name, sizeof(name)), err->text);
}

void
gauges_read(struct guard *g)
{
	for (unsigned int i = 0; i < g->n; i++) {
		struct gauge *x = &g->gauges[i];
		enum disk_fill_state was = x->fill.state;
		struct err e = ERR_INIT;

		if (disk_fill_read(&x->fill, &e)) {
			not_read(g, x, &e);
			continue;
		}
		x->known = true;
		x->n_failed = 0;
		x->n_open = x->fill.open ? x->n_open + 1 : 0;
		if (x->fill.state == DISK_FILL_GOOD ||
		    x->fill.state == DISK_FILL_FULL)
			forecast_add(&x->forecast, guard_now_ms(),
				     x->fill.used);
		else if (x->fill.state != was)
			g->survey_wanted = true;
		gauges_judge(g, x);
	}
	if (g->n)
		qsort(g->gauges, g->n, sizeof(g->gauges[0]), by_urgency);
}

unsigned int
gauges_wait_ms(const struct guard *g)
{
	unsigned int ms = g->o->most_ms;

	for (unsigned int i = 0; i < g->n; i++) {
		struct policy_case c = as_case(g, &g->gauges[i]);

		ms = policy_wait_ms(&g->o->policy, &c, ms);
	}
	return ms;
}
