/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_still.c - the disks alone, where not all of them can let writes wait:
 * the domain stands still while their views are made.
 *
 * Paused, it sends nothing; what was under way arrives or not, as at a power
 * cut.  So views may be made in any order, as in any other pause (inv. 1).
 */
#include "clock.h"
#include "create.h"
#include "fail.h"
#include "log.h"

/* Whatever was: a domain that we paused runs again. */
static void
unpause(struct create *c)
{
	struct err e = ERR_INIT;

	if (domain_unpause(c->domain, &e) == 0) {
		c->times.resumed_ns = clock_ns();
		return;
	}
	c->left_standing = true;
	log_warning("domain %s could not be unpaused: %s; try `xensnap recover "
		    "%s`",
		    c->s->domain, e.text, c->s->domain);
}

/* The views are worth nothing if somebody let it go on meanwhile. */
static int
check_still(struct create *c)
{
	enum domain_state now;

	if (domain_state(c->info.domid, c->info.uuid, &now, c->err))
		return -1;
	if (now == c->info.state)
		return 0;
	return err_set(c->err, ERR_STATE, 0,
		       "%s was %s and is %s now: its disks are not of one "
		       "instant",
		       c->s->domain, domain_state_name(c->info.state),
		       domain_state_name(now));
}

static int
freeze(struct create *c)
{
	if (c->pause && domain_pause(c->domain, c->err))
		return -1;
	c->times.suspended_ns = clock_ns();
	fail_here("still.paused");
	return create_hold_disks(c);
}

/* While its guest is asked the domain is not paused by us: if it stands still
 * then, an admin means it, and whoever follows us leaves it so. */
static int
begin(struct create *c)
{
	if (create_begin(c, JOURNAL_HOLD) || create_quiesce(c))
		return -1;
	if (!c->pause || create_begin(c, JOURNAL_PAUSE) == 0)
		return 0;
	create_unquiesce(c, false);
	return -1;
}

int
create_still(struct create *c)
{
	int rc;

	if (begin(c))
		return -1;
	rc = freeze(c);
	fail_here("still.frozen");
	/* Paused, it cannot have thawed since; so it is asked before. */
	create_unquiesce(c, rc == 0);
	if (c->pause && c->times.suspended_ns)
		unpause(c);
	if (!c->pause && rc == 0)
		rc = check_still(c);
	clock_utc(c->s->created, sizeof(c->s->created));
	fail_here("still.unpaused");
	if (rc == 0 && c->left_standing)
		rc = err_set(c->err, ERR_IO, 0, "domain %s did not go on",
			     c->s->domain);
	if (rc)
		create_release(c);
	return rc;
}
