/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard.c - see guard.h: the rounds.
 *
 * A round: has anything come or gone?  Then a hand asks LVM anew.  Read each
 * gauge, judge it, tell, start hands.  Then wait until something may have
 * happened: the nearest of what the forecasts say, a hand's answer, the request
 * to stop, systemd's next ping.
 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "fail.h"
#include "fd.h"
#include "guard_room.h"
#include "log.h"
#include "notify.h"

#define LOCK_FILE ".watch.lock"

/* LVM is asked so often for the room in its groups; if somebody lacks it. */
#define SURVEY_MS 60000u
#define SURVEY_STUCK_MS 5000u
#define SURVEY_LEAST_MS 500u

#define METRICS_MS 5000u
#define END_MS 20000u
#define STEP_MS 20u

/* ---- begin and end ---- */

static int
take_lock(struct guard *g, struct err *err)
{
	g->lock = openat(g->folder, LOCK_FILE,
			 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (g->lock < 0)
		return err_set(err, fd_code(errno), errno, "open %s/%s",
			       snapshot_root(), LOCK_FILE);
	if (flock(g->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_set(err, ERR_IO, errno, "lock %s/%s",
			       snapshot_root(), LOCK_FILE);
	return err_set(err, ERR_BUSY, 0,
		       "another xensnap watch runs on this host already");
}

static int
begin(struct guard *g, const struct guard_opts *o, struct err *err)
{
	static const struct hand idle = HAND_INIT;

	memset(g, 0, sizeof(*g));
	g->o = o;
	g->lock = g->folder = -1;
	g->survey = g->stranded = g->hook = idle;
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		g->actions[i].hand = idle;
	if (o->hook) {
		g->hooks = calloc(HOOKS_MAX, sizeof(g->hooks[0]));
		if (!g->hooks)
			return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	return 0;
}

static int
open_root(struct guard *g, struct err *err)
{
	if (mkdir(snapshot_root(), 0700) && errno != EEXIST)
		return err_set(err, fd_code(errno), errno, "make %s",
			       snapshot_root());
	g->folder = fd_open_dir(AT_FDCWD, snapshot_root(), err);
	return g->folder < 0 ? -1 : 0;
}

static bool
any_at_work(const struct guard *g)
{
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		if (hand_busy(&g->actions[i].hand))
			return true;
	return hand_busy(&g->stranded);
}

/* What hands are at is brought to its end, and told. */
static void
wait_for_hands(struct guard *g)
{
	uint64_t from = clock_ns();

	while (any_at_work(g) && clock_ms_since(from) < END_MS) {
		act_collect(g);
		stranded_collect(g);
		clock_sleep_ms(STEP_MS);
	}
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		if (hand_busy(&g->actions[i].hand))
			log_warning("%s: LVM is still at work on it (process "
				    "%ld), and left to it",
				    g->actions[i].fill.what,
				    (long)g->actions[i].hand.pid);
}

static void
wait_for_hooks(struct guard *g)
{
	uint64_t from = clock_ns();

	while (g->n_hooks > 0 && clock_ms_since(from) < END_MS) {
		event_hooks(g);
		clock_sleep_ms(STEP_MS);
	}
}

static void
end(struct guard *g)
{
	hand_done(&g->survey);
	hand_done(&g->stranded);
	hand_done(&g->hook);
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		hand_done(&g->actions[i].hand);
	json_object_put(g->told);
	free(g->gauges);
	free(g->hooks);
	fd_close(&g->lock);
	fd_close(&g->folder);
}

/* ---- what there is ---- */

static bool
any_stuck(const struct guard *g)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->gauges[i].verdict.stuck)
			return true;
	return false;
}

static void
survey_failed(struct guard *g, const struct err *err)
{
	struct guard_event e = { .kind = GUARD_FAILED, .level = GUARD_WARNING };

	if (!g->survey_failing)
		event_tell(g, &e,
			   "what there is to watch cannot be told, what was "
			   "known is watched on: %s",
			   err->text);
	g->survey_failing = true;
}

static void
end_survey(struct guard *g)
{
	struct err e = ERR_INIT;
	int rc;

	if (!hand_ready(&g->survey, &rc, &e))
		return;
	g->surveyed = true;
	gauges_lvm_took(g, &g->survey);
	if (rc || gauges_take(g, &g->survey.answer, &e)) {
		survey_failed(g, &e);
		return;
	}
	g->survey_failing = false;
}

/* Names are looked at each round, LVM is asked only if need be. */
static void
look_around(struct guard *g)
{
	uint64_t now = guard_now_ms(), since = now - g->survey_ms;
	struct err e = ERR_INIT;

	end_survey(g);
	if (snapshot_glance(&g->glance, &e)) {
		log_info("%s: %s", snapshot_root(), e.text);
		err_clear(&e);
	}
	if (hand_busy(&g->survey) || (g->survey_ms && since < SURVEY_LEAST_MS))
		return;
	if (g->survey_ms && g->stamp == g->glance.stamp && !g->survey_wanted &&
	    since < (any_stuck(g) ? SURVEY_STUCK_MS : SURVEY_MS))
		return;
	g->survey_ms = now;
	g->stamp = g->glance.stamp;
	g->survey_wanted = false;
	if (hand_start(&g->survey, gauges_survey, NULL, g->lock, &e))
		survey_failed(g, &e);
}

/* ---- what is told each round ---- */

static void
write_metrics(struct guard *g, bool now)
{
	struct err e = ERR_INIT;

	if (!g->o->metrics ||
	    (!now && guard_now_ms() - g->metrics_ms < METRICS_MS))
		return;
	g->metrics_ms = guard_now_ms();
	if (metrics_write(g, &e) == 0) {
		g->metrics_failing = false;
		return;
	}
	if (!g->metrics_failing)
		log_warning("metrics: %s", e.text);
	g->metrics_failing = true;
}

static void
tell_systemd(struct guard *g, bool *ready)
{
	unsigned int n_bad = 0, often = notify_watchdog_ms();

	if (!*ready && g->surveyed) {
		*ready = true;
		notify("READY=1");
	}
	if (often && guard_now_ms() - g->ping_ms >= often / 2) {
		g->ping_ms = guard_now_ms();
		notify("WATCHDOG=1");
	}
	for (unsigned int i = 0; i < g->n; i++)
		n_bad += g->gauges[i].verdict.warn ||
			 g->gauges[i].fill.state == DISK_FILL_LOST;
	notify("STATUS=snapshots: %u; areas and pools watched: %u, not well: "
	       "%u",
	       g->n_snapshots, g->n, n_bad);
}

/* ---- wait ---- */

static unsigned int
add_hand(struct pollfd *p, unsigned int n, const struct hand *h)
{
	if (!hand_busy(h))
		return n;
	p[n].fd = h->fd;
	p[n].events = POLLIN;
	return n + 1;
}

static void
wait_a_while(struct guard *g)
{
	struct pollfd p[ACTIONS_MAX + 4];
	unsigned int n = 1, ms = gauges_wait_ms(g);
	unsigned int often = notify_watchdog_ms();

	if (often && ms > often / 2)
		ms = often / 2;
	/* A hand that waits to be started, or for a second look. */
	if (!g->surveyed || g->survey_wanted || g->n_hooks)
		ms = POLICY_WAIT_LEAST_MS;
	p[0].fd = cancel_fd();
	p[0].events = POLLIN;
	n = add_hand(p, n, &g->survey);
	n = add_hand(p, n, &g->stranded);
	n = add_hand(p, n, &g->hook);
	for (unsigned int i = 0; i < ACTIONS_MAX; i++)
		n = add_hand(p, n, &g->actions[i].hand);
	poll(p, n, (int)ms);
}

/* ---- the story ---- */

static void
look(struct guard *g)
{
	look_around(g);
	act_collect(g);
	gauges_read(g);
	act_judge(g);
	stranded_look(g);
	event_hooks(g);
}

int
guard_run(const struct guard_opts *o, struct err *err)
{
	struct guard_event e = { .kind = GUARD_STARTED };
	bool ready = false;
	struct guard g;
	int rc = -1;

	if (begin(&g, o, err) || open_root(&g, err) || take_lock(&g, err))
		goto out;
	told_load(&g);
	event_tell(&g, &e, "watching%s",
		   o->dry_run ? ", and doing nothing (--dry-run)" : "");
	while (!cancel_requested()) {
		look(&g);
		write_metrics(&g, false);
		tell_systemd(&g, &ready);
		fail_here("guard.round");
		wait_a_while(&g);
	}
	notify("STOPPING=1");
	wait_for_hands(&g);
	e.kind = GUARD_STOPPED;
	event_tell(&g, &e, "stopped, as asked for; nothing is watched");
	wait_for_hooks(&g);
	write_metrics(&g, true);
	rc = 0;
out:
	end(&g);
	return rc;
}

int
guard_once(const struct guard_opts *o, struct guard_report *ret,
	   struct err *err)
{
	struct buf found = BUF_INIT;
	struct guard g;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (begin(&g, o, err) || snapshot_glance(&g.glance, err) ||
	    gauges_survey(NULL, &found, err) || buf_check(&found, err) ||
	    gauges_take(&g, &found, err))
		goto out;
	gauges_read(&g);
	if (g.n) {
		clock_sleep_ms(1000);
		gauges_read(&g);
	}
	if (o->metrics && metrics_write(&g, err)) {
		err_add(err, "metrics");
		goto out;
	}
	for (unsigned int i = 0; i < g.n; i++)
		ret->n_bad += g.gauges[i].verdict.warn ||
			      g.gauges[i].fill.state == DISK_FILL_LOST;
	ret->n = g.n;
	ret->gauges = g.gauges;
	ret->n_snapshots = g.n_snapshots;
	ret->n_leftovers = g.glance.n_leftovers;
	g.gauges = NULL;
	rc = 0;
out:
	buf_done(&found);
	end(&g);
	return rc;
}

void
guard_report_done(struct guard_report *r)
{
	free(r->gauges);
	r->gauges = NULL;
	r->n = 0;
}
