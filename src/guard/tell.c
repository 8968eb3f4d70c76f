/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tell.c - see guard_room.h: what is told of a gauge as it is. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "guard_room.h"
#include "units.h"

const char *
tell_state(const struct gauge *x, char *ret, size_t len)
{
	char used[24], all[24], rate[24], when[32];
	double percent = x->fill.bytes ? 100.0 * (double)x->fill.used /
						 (double)x->fill.bytes :
					 0;
	int n = snprintf(ret, len, "%.1f %% full (%s of %s)", percent,
			 units_size(x->fill.used, used, sizeof(used)),
			 units_size(x->fill.bytes, all, sizeof(all)));

	if (n > 0 && (size_t)n < len && !isinf(x->full_s))
		snprintf(ret + n, len - (size_t)n, ", full in %s at %s/s",
			 event_seconds(x->full_s, when, sizeof(when)),
			 units_size((uint64_t)x->rate, rate, sizeof(rate)));
	return ret;
}

bool
tell_is_calm(const struct gauge *x)
{
	return x->fill.state == DISK_FILL_GOOD && !x->verdict.warn &&
	       !x->verdict.stuck && x->full_s > 2.0 * POLICY_AHEAD_S;
}

/* ---- nearly full ---- */

/* How to give it room by hand. */
static const char *
remedy(const struct gauge *x)
{
	switch (x->fill.kind) {
	case DISK_FILL_POOL_DATA:
		return "give its volume group room, lvextend it, or delete "
		       "snapshots";
	case DISK_FILL_POOL_METADATA:
		return "give its volume group room, `lvextend "
		       "--poolmetadatasize` it, or delete snapshots";
	case DISK_FILL_CLONE:
	case DISK_FILL_VIEW:
	default:
		return "give its volume group room, or delete a snapshot";
	}
}

/*
 * The command that gives the clone's disk room: what is reserved is the
 * admin's to give away, and so is what we are told not to do.
 */
static const char *
room_command(const struct disk_fill *f, char *ret, size_t len)
{
	uint64_t extent = f->extent_bytes ? f->extent_bytes : 1;
	uint64_t some = f->bytes / 5 / extent + 1,
		 room = f->group_free / extent;

	if (room)
		snprintf(ret, len, "lvextend -l +%" PRIu64 " %s",
			 some < room ? some : room, f->what);
	else
		snprintf(ret, len, "vgextend %s DEVICE", f->group);
	return ret;
}

static void
tell_endangered(struct guard *g, struct gauge *x)
{
	struct guard_event e = { .gauge = x,
				 .kind = GUARD_ENDANGERED,
				 .level = GUARD_ERROR };
	char name[300], state[160], command[300];

	x->warned = x->endangered_told = true;
	event_tell(g, &e,
		   "%s: %s, and cannot be made larger: when it is full, the "
		   "disk is lost; run `%s`, or `xl pause %s` until there is "
		   "room",
		   event_gauge_name(x, name, sizeof(name)),
		   tell_state(x, state, sizeof(state)),
		   room_command(&x->fill, command, sizeof(command)), x->domain);
}

static void
tell_warning(struct guard *g, struct gauge *x)
{
	struct guard_event e = { .gauge = x };
	char name[300], state[160];

	event_gauge_name(x, name, sizeof(name));
	tell_state(x, state, sizeof(state));
	if (x->verdict.endangered) {
		if (!x->endangered_told)
			tell_endangered(g, x);
	} else if (x->verdict.warn && !x->warned) {
		e.kind = GUARD_WARN;
		e.level = GUARD_WARNING;
		event_tell(g, &e, "%s: %s: %s; %s", name, x->verdict.why, state,
			   remedy(x));
		x->warned = true;
	} else if (x->warned && tell_is_calm(x)) {
		e.kind = GUARD_RELIEVED;
		event_tell(g, &e, "%s: it has room again: %s", name, state);
		x->warned = x->endangered_told = false;
	}
}

/* ---- lost ---- */

static void
tell_lost(struct guard *g, struct gauge *x)
{
	struct guard_event e = { .gauge = x,
				 .kind = GUARD_LOST,
				 .level = GUARD_WARNING };
	char name[300];

	if (x->fill.state != DISK_FILL_LOST || x->lost_told)
		return;
	x->lost_told = true;
	event_gauge_name(x, name, sizeof(name));
	if (x->fill.kind == DISK_FILL_CLONE) {
		e.level = GUARD_ERROR;
		event_tell(g, &e,
			   "%s: the disk is lost: %s; `xl destroy %s` and "
			   "`xensnap delete %s` clear the clone away, and its "
			   "snapshot can be cloned again",
			   name, x->fill.why, x->domain, x->domain);
	} else if (act_is_dropping(g, x)) {
		event_tell(g, &e,
			   "%s: it is lost: %s, before its snapshot was "
			   "dropped, which goes on; so does its disk",
			   name, x->fill.why);
	} else if (x->fill.kind == DISK_FILL_VIEW) {
		event_tell(g, &e,
			   "%s: it is lost: %s; its disk goes on, `xensnap "
			   "delete %s@%s` clears it away",
			   name, x->fill.why, x->domain, x->name);
	} else {
		event_tell(g, &e, "%s: %s", name, x->fill.why);
	}
}

void
tell_gauge(struct guard *g, struct gauge *x)
{
	tell_lost(g, x);
	tell_warning(g, x);
}
