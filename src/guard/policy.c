/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy.c - see policy.h. */
#include "policy.h"

#include <math.h>

static uint64_t
percent_of(uint64_t all, unsigned int percent)
{
	return all / 100 * percent + all % 100 * percent / 100;
}

static bool
fuller_than(const struct disk_fill *f, unsigned int percent)
{
	return f->used >= percent_of(f->bytes, percent);
}

uint64_t
policy_reserve(const struct policy *p, const struct disk_fill *f)
{
	return p->reserve_bytes ?
		       p->reserve_bytes :
		       percent_of(f->group_bytes, p->reserve_percent);
}

/* As large as it can be of use: it cannot overflow. */
static bool
is_safe(const struct disk_fill *f)
{
	return disk_fill_is_area(f) && f->max_bytes && f->bytes >= f->max_bytes;
}

static bool
wants_room(const struct policy *p, const struct policy_case *c)
{
	return fuller_than(c->fill, p->extend_at) ||
	       c->full_s < POLICY_AHEAD_S + POLICY_AHEAD_LVM * c->lvm_s;
}

/* The size it should have. */
static uint64_t
larger(const struct policy *p, const struct policy_case *c)
{
	const struct disk_fill *f = c->fill;
	uint64_t by = p->by_bytes ? p->by_bytes :
				    percent_of(f->bytes, p->by_percent);
	double soon = c->rate * (POLICY_BY_S + POLICY_BY_LVM * c->lvm_s);

	if (soon > (double)by)
		by = soon < 1e18 ? (uint64_t)soon : UINT64_C(1) << 60;
	if (by < f->extent_bytes)
		by = f->extent_bytes;
	if (f->max_bytes && by > f->max_bytes - f->bytes)
		by = f->max_bytes - f->bytes;
	return f->bytes + by;
}

static void
judge_room(const struct policy *p, const struct policy_case *c,
	   struct policy_verdict *v)
{
	const struct disk_fill *f = c->fill;
	uint64_t reserve = policy_reserve(p, f);
	/* As a pool's metadata may be. */
	bool largest = f->max_bytes && f->bytes >= f->max_bytes;

	if (!wants_room(p, c))
		return;
	v->stuck = largest || !p->extend || c->failed ||
		   f->group_free < reserve + f->extent_bytes;
	if (!v->stuck)
		v->extend_to = larger(p, c);
}

static void
judge_warning(const struct policy *p, const struct policy_case *c,
	      struct policy_verdict *v)
{
	if (c->fill->state == DISK_FILL_FULL) {
		v->warn = true;
		v->why = "it is full";
	} else if (fuller_than(c->fill, p->warn_at)) {
		v->warn = true;
		v->why = "it is nearly full";
	} else if (v->stuck && c->full_s < (double)p->warn_s) {
		v->warn = true;
		v->why = "it will be full soon, and cannot be made larger";
	}
}

/* So long before it is full it has to go: that takes LVM some time, too. */
static double
drop_ahead(const struct policy *p, const struct policy_case *c)
{
	return p->drop_s + POLICY_DROP_LVM * c->lvm_s;
}

/* Until it has to go. */
static double
drop_in(const struct policy *p, const struct policy_case *c)
{
	const struct disk_fill *f = c->fill;
	uint64_t least = percent_of(f->bytes, POLICY_DROP_LEAST);
	double s = c->full_s - drop_ahead(p, c);

	if (fuller_than(f, POLICY_BRIM) && c->full_s < (double)p->warn_s &&
	    s > 0)
		s = 0;
	if (f->used < least && s * c->rate < (double)(least - f->used))
		s = (double)(least - f->used) / c->rate;
	return s;
}

struct policy_verdict
policy_judge(const struct policy *p, const struct policy_case *c)
{
	struct policy_verdict v = { .drop_in_s = INFINITY };
	const struct disk_fill *f = c->fill;

	if (f->state == DISK_FILL_IDLE || f->state == DISK_FILL_LOST ||
	    f->bytes == 0 || is_safe(f))
		return v;
	judge_room(p, c, &v);
	judge_warning(p, c, &v);
	/* At rest as well: nothing is lost by telling it. */
	v.endangered = f->kind == DISK_FILL_CLONE && v.stuck && v.warn;
	/* One that does not fill is in no danger, however full it is. */
	if (!p->drop || f->kind != DISK_FILL_VIEW || !v.stuck ||
	    isinf(c->full_s))
		return v;
	v.doomed = v.warn || c->full_s < drop_ahead(p, c);
	v.drop_in_s = drop_in(p, c);
	return v;
}

unsigned int
policy_wait_ms(const struct policy *p, const struct policy_case *c,
	       unsigned int most_ms)
{
	const struct disk_fill *f = c->fill;
	uint64_t mark = percent_of(f->bytes, p->extend_at);
	uint64_t left = f->bytes > f->used ? f->bytes - f->used : 0;
	double ms;

	if (f->state == DISK_FILL_IDLE || f->state == DISK_FILL_LOST ||
	    f->bytes == 0 || is_safe(f))
		return most_ms;
	ms = (double)left / (double)POLICY_BURST * 1000 / 2;
	if (f->used < mark)
		left = mark - f->used;
	if (c->rate > 0 && (double)left / c->rate * 1000 / 4 < ms)
		ms = (double)left / c->rate * 1000 / 4;
	if (ms < POLICY_WAIT_LEAST_MS)
		return POLICY_WAIT_LEAST_MS;
	return ms < most_ms ? (unsigned int)ms : most_ms;
}
