/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * act.c - see guard_room.h: what is to be done about each gauge, and what hands
 * do.
 *
 * One hand at a time for each volume group: LVM lets no two work on it, and
 * what the first one does may make the second one needless.  A snapshot that is
 * dropped gives its group room with which the others can be made larger.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "guard_room.h"
#include "job.h"
#include "log.h"
#include "units.h"

/* Longer than that LVM does not take; then it is told, once. */
#define SLOW_MS 30000u

/* From the announcement to the end, at least, if there is so much time. */
#define NOTICE_MS 2000u

/* What failed is not tried again at once. */
#define RETRY_MS 2000u
#define DRY_MS 60000u
#define OPEN_LOOKS 4u

/* Of a hand's answer. */
struct done {
	struct disk_fill fill; /* as it is now */
	uint64_t was_bytes;
	bool dropped;
};

/* ---- a hand's work ---- */

/* The snapshot that was meant, and none that got its name since. */
static int
drop(const struct action *a, struct err *err)
{
	struct snapshot s;

	if (snapshot_load(a->gauge.domain, a->gauge.name, &s, err))
		return -1;
	if (strcmp(s.generation, a->gauge.generation) != 0)
		return err_set(err, ERR_NOTFOUND, 0,
			       "%s@%s is another snapshot now", a->gauge.domain,
			       a->gauge.name);
	return job_delete(a->gauge.domain, a->gauge.name, false, err);
}

static int
work(void *arg, struct buf *ret, struct err *err)
{
	struct action *a = arg;
	struct done d = { .was_bytes = a->fill.bytes };
	int rc = -1;

	if (a->may_extend) {
		rc = disk_fill_extend(&a->fill, a->to, a->reserve, err);
		if (rc && a->kind == ACTION_EXTEND)
			return -1;
	}
	if (rc) {
		err_clear(err);
		if (drop(a, err))
			return -1;
		d.dropped = true;
	}
	d.fill = a->fill;
	put_bytes(ret, &d, sizeof(d));
	return 0;
}

/* ---- starting one ---- */

static bool
group_busy(const struct guard *g, const char *group)
{
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		if (hand_busy(&g->actions[i].hand) &&
		    strcmp(g->actions[i].fill.group, group) == 0)
			return true;
	return false;
}

bool
act_is_dropping(const struct guard *g, const struct gauge *x)
{
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		if (hand_busy(&g->actions[i].hand) &&
		    g->actions[i].kind == ACTION_DROP &&
		    strcmp(g->actions[i].gauge.generation, x->generation) == 0)
			return true;
	return false;
}

static struct action *
idle_action(struct guard *g)
{
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		if (!hand_busy(&g->actions[i].hand))
			return &g->actions[i];
	return NULL;
}

static void
start(struct guard *g, struct gauge *x, enum action_kind kind)
{
	const struct policy *p = &g->o->policy;
	struct action *a = idle_action(g);
	struct err e = ERR_INIT;

	if (g->o->dry_run || !a || group_busy(g, x->fill.group) ||
	    guard_now_ms() < x->retry_ms)
		return;
	a->kind = kind;
	a->fill = x->fill;
	a->gauge = *x;
	a->may_extend = p->extend;
	a->to = x->verdict.extend_to;
	/* To be dropped, but for the room that it lacks most. */
	if (kind == ACTION_DROP)
		a->to = x->fill.bytes + x->fill.bytes / 10 + 1;
	a->reserve = policy_reserve(p, &x->fill);
	a->slow_told = false;
	if (hand_start(&a->hand, work, a, g->lock, &e)) {
		log_warning("%s: %s", x->fill.what, e.text);
		x->retry_ms = guard_now_ms() + RETRY_MS;
	}
}

/* ---- the end of a snapshot ---- */

/* All gauges of the snapshot of @x are told, or not, together. */
static void
set_announced(struct guard *g, const struct gauge *x, uint64_t ms)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->gauges[i].fill.kind == DISK_FILL_VIEW &&
		    strcmp(g->gauges[i].generation, x->generation) == 0)
			g->gauges[i].announced_ms = ms;
	told_save(g);
}

static void
announce(struct guard *g, struct gauge *x)
{
	struct guard_event e = { .gauge = x,
				 .kind = GUARD_DROP_ANNOUNCED,
				 .level = GUARD_WARNING,
				 .drop_in_s = x->verdict.drop_in_s };
	char state[160], when[32];

	event_tell(g, &e,
		   "%s@%s will be dropped in about %s unless volume group %s "
		   "gets room, or another snapshot in it is deleted: its view "
		   "of %s is %s, and cannot be made larger%s",
		   x->domain, x->name,
		   event_seconds(e.drop_in_s, when, sizeof(when)),
		   x->fill.group, x->vdev, tell_state(x, state, sizeof(state)),
		   g->o->dry_run ? " (nothing is done: --dry-run)" : "");
	set_announced(g, x, guard_now_ms());
}

/* Is no view of the snapshot doomed any more? */
static bool
is_saved(const struct guard *g, const struct gauge *x)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (strcmp(g->gauges[i].generation, x->generation) == 0 &&
		    (g->gauges[i].verdict.doomed ||
		     (g->gauges[i].announced_ms && g->gauges[i].verdict.stuck)))
			return false;
	return true;
}

static void
withdraw(struct guard *g, struct gauge *x)
{
	struct guard_event e = { .gauge = x, .kind = GUARD_DROP_WITHDRAWN };
	char state[160];

	event_tell(g, &e, "%s@%s will not be dropped: its view of %s is %s",
		   x->domain, x->name, x->vdev,
		   tell_state(x, state, sizeof(state)));
	set_announced(g, x, 0);
}

/*
 * Does somebody have one of its views open, whom we do not know?  udev opens
 * what has changed, for a moment.
 */
static bool
is_open(const struct guard *g, const struct gauge *x)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (strcmp(g->gauges[i].generation, x->generation) == 0 &&
		    g->gauges[i].fill.kind == DISK_FILL_VIEW &&
		    g->gauges[i].n_open >= OPEN_LOOKS)
			return true;
	return false;
}

static void
refuse(struct guard *g, struct gauge *x, const char *why)
{
	struct guard_event e = { .gauge = x,
				 .kind = GUARD_DROP_REFUSED,
				 .level = GUARD_WARNING };

	x->retry_ms = guard_now_ms() + RETRY_MS;
	if (x->refused_told)
		return;
	x->refused_told = true;
	event_tell(g, &e,
		   "%s@%s is not dropped: %s; its view of %s will be lost "
		   "when it is full",
		   x->domain, x->name, why, x->vdev);
}

static void
judge_end(struct guard *g, struct gauge *x)
{
	uint64_t now = guard_now_ms();
	uint64_t notice = x->full_s < 2.0 * NOTICE_MS / 1000 ? 0 : NOTICE_MS;

	if (x->verdict.doomed && !x->announced_ms) {
		announce(g, x);
		return;
	}
	/* A rate is known first: else each new guard would take it back. */
	if (x->announced_ms && tell_is_calm(x) && x->forecast.seen > 2 &&
	    is_saved(g, x)) {
		withdraw(g, x);
		return;
	}
	if (!x->verdict.doomed || x->verdict.drop_in_s > 0 ||
	    now - x->announced_ms < notice || now < x->retry_ms)
		return;
	if (is_open(g, x))
		refuse(g, x, "a program has its view open");
	else if (!x->fill.open)
		start(g, x, ACTION_DROP);
}

/* ---- each round ---- */

static void
tell_dry(const struct guard *g, struct gauge *x)
{
	char name[300], to[24];

	if (!g->o->dry_run || guard_now_ms() < x->retry_ms)
		return;
	x->retry_ms = guard_now_ms() + DRY_MS;
	log_notice("%s: would be made larger, to %s",
		   event_gauge_name(x, name, sizeof(name)),
		   units_size(x->verdict.extend_to, to, sizeof(to)));
}

/* The first to be full comes first: the room that it leaves may save others. */
void
act_judge(struct guard *g)
{
	for (unsigned int i = 0; i < g->n; i++) {
		struct gauge *x = &g->gauges[i];

		if (!x->known)
			continue;
		tell_gauge(g, x);
		if (x->verdict.extend_to) {
			tell_dry(g, x);
			start(g, x, ACTION_EXTEND);
		}
		if (x->fill.kind == DISK_FILL_VIEW)
			judge_end(g, x);
	}
}

/* ---- what hands have done ---- */

static struct gauge *
gauge_of(struct guard *g, const struct disk_fill *f)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->gauges[i].fill.kind == f->kind &&
		    strcmp(g->gauges[i].fill.what, f->what) == 0)
			return &g->gauges[i];
	return NULL;
}

static void
dropped(struct guard *g, const struct action *a, struct gauge *x)
{
	struct guard_event e = { .kind = GUARD_DROPPED,
				 .level = GUARD_WARNING,
				 .gauge = x };

	event_tell(g, &e,
		   "%s@%s was dropped: volume group %s has no room for its "
		   "view of %s; the domain and its disks go on",
		   a->gauge.domain, a->gauge.name, a->fill.group, x->vdev);
	x->fill.state = DISK_FILL_IDLE;
	x->verdict = (struct policy_verdict){ .warn = false };
	set_announced(g, x, 0);
}

static void
extended(struct guard *g, const struct done *d, struct gauge *x)
{
	struct guard_event e = { .kind = GUARD_EXTENDED,
				 .gauge = x,
				 .was_bytes = d->was_bytes };
	char name[300], state[160], was[24];

	x->fill.bytes = d->fill.bytes;
	x->fill.used = d->fill.used;
	x->failed_ms = 0;
	for (unsigned int i = 0; i < g->n; i++)
		if (strcmp(g->gauges[i].fill.group, d->fill.group) == 0)
			g->gauges[i].fill.group_free = d->fill.group_free;
	gauges_judge(g, x);
	if (d->fill.bytes <= d->was_bytes)
		return;
	x->refused_told = false;
	event_tell(g, &e, "%s: made larger: it had %s, and is now %s",
		   event_gauge_name(x, name, sizeof(name)),
		   units_size(d->was_bytes, was, sizeof(was)),
		   tell_state(x, state, sizeof(state)));
	if (x->announced_ms && is_saved(g, x))
		withdraw(g, x);
}

static void
failed(struct guard *g, const struct action *a, struct gauge *x,
       const struct err *err)
{
	struct guard_event e = { .level = GUARD_WARNING, .gauge = x };
	char name[300];
	bool again = x->failed_ms != 0;

	x->retry_ms = guard_now_ms() + RETRY_MS;
	/* Somebody is at it, or a clone lives on it. */
	if (a->kind == ACTION_DROP &&
	    (err->code == ERR_BUSY || err->code == ERR_STATE)) {
		refuse(g, x, err->text);
		return;
	}
	x->failed_ms = guard_now_ms();
	event_gauge_name(x, name, sizeof(name));
	e.kind = a->kind == ACTION_DROP ? GUARD_DROP_FAILED :
					  GUARD_EXTEND_FAILED;
	if (again)
		log_info("%s: %s", name, err->text);
	else if (a->kind == ACTION_DROP)
		event_tell(g, &e, "%s@%s could not be dropped: %s",
			   a->gauge.domain, a->gauge.name, err->text);
	else
		event_tell(g, &e, "%s: it could not be made larger: %s", name,
			   err->text);
	gauges_judge(g, x);
}

static void
collect(struct guard *g, struct action *a)
{
	struct err e = ERR_INIT;
	struct gauge *x;
	struct done d;
	int rc;

	if (!hand_ready(&a->hand, &rc, &e))
		return;
	g->survey_wanted = true;
	gauges_lvm_took(g, &a->hand);
	/* The survey sees a snapshot no more that is being dropped. */
	x = gauge_of(g, &a->fill);
	if (!x)
		x = &a->gauge;
	if (rc || a->hand.answer.len != sizeof(d)) {
		failed(g, a, x, &e);
		return;
	}
	memcpy(&d, a->hand.answer.data, sizeof(d));
	if (d.dropped)
		dropped(g, a, x);
	else
		extended(g, &d, x);
}

static void
tell_slow(struct guard *g, struct action *a)
{
	struct guard_event e = { .kind = GUARD_SLOW,
				 .level = GUARD_WARNING,
				 .gauge = gauge_of(g, &a->fill) };
	char since[24];

	if (a->slow_told || !hand_busy(&a->hand) ||
	    clock_ms_since(a->hand.since_ns) < SLOW_MS)
		return;
	a->slow_told = true;
	event_tell(g, &e,
		   "%s: LVM is at work on it (process %ld) for %s; nothing "
		   "else is done in volume group %s until it is done",
		   a->fill.what, (long)a->hand.pid,
		   event_seconds(SLOW_MS / 1000.0, since, sizeof(since)),
		   a->fill.group);
}

void
act_collect(struct guard *g)
{
	for (unsigned int i = 0; i < ACTIONS_MAX; i++) {
		tell_slow(g, &g->actions[i]);
		collect(g, &g->actions[i]);
	}
}
