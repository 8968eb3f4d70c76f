/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stranded.c - see guard_room.h: domains that a dead process left standing.
 *
 * A folder that is being made or deleted is one that somebody is at work on,
 * or that a dead process left: the domain's lock tells.  What makes a domain
 * run is done at once.  The rest may wait for the user, who may want to look
 * at it, and `recover` of a revert that died restarts the domain: that is his
 * to decide, by --recover or by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "guard_room.h"
#include "job.h"
#include "log.h"

#define AGAIN_MS 2000u

/* Of the hand's answer, one for each domain. */
struct stranded {
	char domain[SNAPSHOT_NAME_MAX + 1];
	bool at_work; /* somebody is */
	bool left;    /* there is something to recover */
	bool failed;
	char text[500];
};

struct looking {
	const struct guard *g;
	struct buf *ret;
};

static void
put_one(struct looking *k, const struct stranded *s)
{
	put_bytes(k->ret, s, sizeof(*s));
}

/* Is somebody at work on @domain, who will be done with it some day? */
static bool
at_work(const char *domain)
{
	struct err e = ERR_INIT;
	int lock = snapshot_lock(domain, 0, &e);

	snapshot_unlock(domain, &lock);
	return e.code == ERR_BUSY;
}

static void
put_right_one(struct looking *k, struct stranded *s)
{
	struct recover_report *r = calloc(1, sizeof(*r));
	struct err e = ERR_INIT;
	bool all = k->g->o->recover;
	int rc;

	if (!r)
		return;
	rc = all ? job_recover(s->domain, k->g->o->dry_run, r, &e) :
		   job_recover_run(s->domain, k->g->o->dry_run, r, &e);
	s->failed = rc || r->n_failed;
	for (unsigned int i = 0; i < r->n_notes; i++) {
		snprintf(s->text, sizeof(s->text), "%s: %s", r->notes[i].what,
			 r->notes[i].did);
		put_one(k, s);
	}
	snprintf(s->text, sizeof(s->text), "%s",
		 rc ? e.text : "see the warnings before");
	s->left = !all || s->failed;
	if (s->left)
		put_one(k, s);
	free(r);
}

static int
look_at_domain(const char *domain, void *ctx)
{
	struct looking *k = ctx;
	struct stranded s = { .left = false };
	struct snapshot_glance one;
	struct err e = ERR_INIT;

	snprintf(s.domain, sizeof(s.domain), "%s", domain);
	if (snapshot_glance_at(domain, &one, &e) || one.n_leftovers == 0)
		return 0;
	s.at_work = at_work(domain);
	if (s.at_work)
		put_one(k, &s);
	else
		put_right_one(k, &s);
	return 0;
}

/* A hand's work. */
static int
look(void *arg, struct buf *ret, struct err *err)
{
	struct looking k = { .g = arg, .ret = ret };

	return snapshot_domains(look_at_domain, &k, err);
}

/* ---- the guard's side ---- */

static void
tell_one(struct guard *g, const struct stranded *s)
{
	struct guard_event e = { .subject = s->domain };

	if (s->left && s->failed) {
		e.kind = GUARD_FAILED;
		e.level = GUARD_WARNING;
		event_tell(g, &e,
			   "%s: what a dead xensnap left could not be put "
			   "right: %s",
			   s->domain, s->text);
	} else if (s->left) {
		e.kind = GUARD_LEFTOVER;
		e.level = GUARD_WARNING;
		event_tell(g, &e,
			   "%s: a dead xensnap left something half done; "
			   "`xensnap recover %s` clears it up",
			   s->domain, s->domain);
	} else {
		e.kind = g->o->recover ? GUARD_RECOVERED : GUARD_RESUMED;
		event_tell(g, &e, "%s", s->text);
	}
}

/* Until nobody is at work on what is left, it is looked at again. */
static void
take(struct guard *g)
{
	const struct buf *b = &g->stranded.answer;
	struct stranded s;
	bool again = false;

	for (size_t at = 0; at + sizeof(s) <= b->len; at += sizeof(s)) {
		memcpy(&s, b->data + at, sizeof(s));
		if (s.at_work)
			again = true;
		else
			tell_one(g, &s);
	}
	if (again)
		g->stranded_stamp = 0;
}

void
stranded_collect(struct guard *g)
{
	struct err e = ERR_INIT;
	int rc;

	if (hand_ready(&g->stranded, &rc, &e)) {
		if (rc)
			log_warning("leftovers: %s", e.text);
		else
			take(g);
	}
}

void
stranded_look(struct guard *g)
{
	struct err e = ERR_INIT;

	stranded_collect(g);
	if (g->glance.n_leftovers == 0)
		g->stranded_stamp = 0;
	if (hand_busy(&g->stranded) || g->glance.n_leftovers == 0 ||
	    g->glance.leftovers == g->stranded_stamp ||
	    guard_now_ms() < g->stranded_ms)
		return;
	g->stranded_stamp = g->glance.leftovers;
	g->stranded_ms = guard_now_ms() + AGAIN_MS;
	if (hand_start(&g->stranded, look, g, g->lock, &e))
		log_warning("leftovers: %s", e.text);
}
