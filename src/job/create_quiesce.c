/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_quiesce.c - the disks alone: ask the guest to make them whole first.
 *
 * With frozen file systems nothing is left to be replayed in a view: journals
 * are empty and files are as their writers last saw them.  It is a favour: what
 * makes the disks of one instant is the hold (inv. 1), whether the guest is
 * asked, answers, lies or dies.  So nothing here stops a create.
 *
 * The guest's writers wait from its "frozen" until it thaws.  All that can be
 * done before was done before, so between lie the holds of the disks; and
 * whatever becomes of us, its agent thaws by itself after some seconds.
 */
#include "clock.h"
#include "create.h"
#include "fail.h"
#include "log.h"

/* What is true without it. */
#define AS_EVER "the views are as after a power cut"

int
create_quiesce(struct create *c)
{
	struct err e = ERR_INIT;

	if (!c->opts->quiesce_ms)
		return 0;
	c->s->quiesced = DOMAIN_NOT_QUIESCED;
	if (c->info.state != DOMAIN_RUNNING) {
		log_warning("%s is %s and cannot quiesce its file systems; %s",
			    c->s->domain, domain_state_name(c->info.state),
			    AS_EVER);
		return 0;
	}
	fail_here("quiesce.before");
	log_info("asking %s to quiesce its file systems", c->s->domain);
	if (domain_quiesce(c->domain, &c->info, c->s->generation,
			   c->opts->quiesce_ms, &c->s->quiesced, &e)) {
		if (e.code == ERR_CANCELLED) {
			*c->err = e;
			return -1;
		}
		log_warning("%s did not quiesce its file systems: %s; %s",
			    c->s->domain, e.text, AS_EVER);
		return 0;
	}
	c->frozen_ns = clock_ns();
	log_notice(c->s->quiesced == DOMAIN_FROZEN ?
			   "%s has frozen its file systems" :
			   "%s was told to sync",
		   c->s->domain);
	fail_here("quiesce.done");
	return 0;
}

static void
check_frozen(struct create *c)
{
	struct err e = ERR_INIT;
	bool frozen;

	if (domain_is_frozen(c->domain, c->s->generation, &frozen, &e) == 0 &&
	    frozen)
		return;
	c->s->quiesced = DOMAIN_NOT_QUIESCED;
	log_warning("%s did not keep its file systems frozen until the "
		    "instant%s%s; %s",
		    c->s->domain, e.code ? ": " : "", e.text, AS_EVER);
}

void
create_unquiesce(struct create *c, bool held)
{
	struct err e = ERR_INIT;

	if (c->s->quiesced != DOMAIN_FROZEN)
		return;
	fail_here("quiesce.held");
	if (held)
		check_frozen(c);
	if (domain_thaw(c->info.domid, c->info.uuid, &e))
		log_warning("%s was not told to thaw its file systems: %s; it "
			    "does so by itself within a minute or so",
			    c->s->domain, e.text);
	else
		log_notice("%s may thaw its file systems, frozen for %.1f ms",
			   c->s->domain, clock_ms_since(c->frozen_ns));
	fail_here("quiesce.thawed");
}
