/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_instant.c - the part of create in which the domain stands still.
 *
 * Whatever is done here is paid for by the guest.  So: nothing that can be
 * done before or after, no fsync, no program started that is not needed.
 * Disks that can be held are held (milliseconds each) and viewed later; the
 * others are viewed here, in threads of their own beside the writing of the
 * last pages.  Whatever fails, the domain is resumed first and the reason is
 * told afterwards: a copy, which may take minutes, is given up.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "create.h"
#include "fail.h"
#include "log.h"

/* After a save that failed, a guest may still be about to stop. */
#define RESCUE_WATCH_MS 2000

static bool
can_hold(const struct disk *d)
{
	return d->ops->can & DISK_CAN_HOLD;
}

/* ---- views, one thread for each group ---- */

struct view_crew {
	pthread_t thread;
	bool started;
	struct create *c;
	bool held; /* which disks are meant */
	const char *group;
	struct err err;
};

/* The first disk of each group leads it. */
static bool
leads_group(const struct create *c, unsigned int i, bool held)
{
	unsigned int k;

	if (can_hold(c->disks[i]) != held)
		return false;
	for (k = 0; k < i; k++)
		if (can_hold(c->disks[k]) == held &&
		    strcmp(c->disks[k]->group, c->disks[i]->group) == 0)
			return false;
	return true;
}

static void *
view_group(void *arg)
{
	struct view_crew *v = arg;
	unsigned int i;

	for (i = 0; i < v->c->n_disks; i++) {
		struct disk *d = v->c->disks[i];

		if (can_hold(d) != v->held || strcmp(d->group, v->group) != 0)
			continue;
		if (disk_view(d, &v->err)) {
			err_add(&v->err, "disk %s", v->c->s->disks[i].vdev);
			atomic_store(&v->c->watch.stop, true);
			break;
		}
		fail_here(v->held ? "view.after" : "view.inside");
	}
	return NULL;
}

struct view_crews {
	unsigned int n;
	struct view_crew crew[DOMAIN_DISKS_MAX];
};

static void
crews_start(struct view_crews *crews, struct create *c, bool held)
{
	unsigned int i;

	crews->n = 0;
	for (i = 0; i < c->n_disks; i++) {
		struct view_crew *v = &crews->crew[crews->n];
		int r;

		if (!leads_group(c, i, held))
			continue;
		memset(v, 0, sizeof(*v));
		v->c = c;
		v->held = held;
		v->group = c->disks[i]->group;
		crews->n++;
		r = pthread_create(&v->thread, NULL, view_group, v);
		v->started = r == 0;
		if (r)
			err_set(&v->err, ERR_IO, r, "start a thread");
	}
}

/* Wait for all; 0, or -1 in @err with the first failure that is a reason, not
 * a copy that was given up for it. */
static int
crews_join(struct view_crews *crews, struct err *err)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < crews->n; i++) {
		struct view_crew *v = &crews->crew[i];

		if (v->started)
			pthread_join(v->thread, NULL);
		if (v->err.code == ERR_NONE)
			continue;
		if (rc == 0 || err->code == ERR_CANCELLED)
			*err = v->err;
		rc = -1;
	}
	crews->n = 0;
	return rc;
}

void
create_release(struct create *c)
{
	struct err e = ERR_INIT;
	unsigned int i;

	for (i = 0; i < c->n_disks; i++) {
		if (!can_hold(c->disks[i]))
			continue;
		err_clear(&e);
		if (disk_release(c->disks[i], &e) == 0)
			continue;
		c->left_held = true;
		log_warning("disk %s may still be held: %s",
			    c->s->disks[i].vdev, e.text);
	}
}

int
create_views(struct create *c)
{
	struct err views = ERR_INIT;
	struct view_crews crews;
	int rc = 0;

	crews_start(&crews, c, true);
	/* Beside the views: the file's end needs nobody to wait for it. */
	if (snapshot_has_memory(c->s->mode) && !c->finished)
		rc = domain_finish(c->domain, c->err);
	if (crews_join(&crews, &views) && rc == 0) {
		*c->err = views;
		rc = -1;
	}
	if (rc) {
		create_release(c);
		return -1;
	}
	return 0;
}

/* ---- the instant itself ---- */

/* Those whose writes wait, or the others. */
static int
hold_those(struct create *c, bool that_wait, struct err *err)
{
	unsigned int i;

	for (i = 0; i < c->n_disks; i++) {
		struct disk *d = c->disks[i];

		if (!can_hold(d) ||
		    ((d->ops->can & DISK_CAN_WAIT) != 0) != that_wait)
			continue;
		if (disk_hold(d, err))
			return err_add(err, "disk %s", c->s->disks[i].vdev);
	}
	return 0;
}

/* What a device model keeps of the disks has to be in them. */
static int
flush(struct create *c, struct err *err)
{
	if (!c->flushes || c->s->mode == SNAPSHOT_OFFLINE)
		return 0;
	if (domain_flush_disks(c->domain, err))
		return -1;
	fail_here("instant.flushed");
	return 0;
}

static int
hold_all(struct create *c, struct err *err)
{
	if (hold_those(c, true, err) || hold_those(c, false, err))
		return -1;
	c->held_ns = clock_ns();
	fail_here("instant.held");
	return 0;
}

struct instant {
	struct create *c;
	struct view_crews crews;
};

static void
view_progress(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	struct create *c = ctx;

	atomic_store(&c->copying, done < total);
	if (c->opts->progress)
		c->opts->progress(what, done, total, c->opts->progress_ctx);
}

/* Views that take long tell how far they are, through @c->watch. */
static void
watch_views(struct create *c)
{
	c->watch.progress = view_progress;
	c->watch.progress_ctx = c;
}

/* Called when the domain stands still; see domain.h. */
static int
at_instant(void *ctx, struct err *err)
{
	struct instant *in = ctx;
	struct create *c = in->c;

	fail_here("instant.begin");
	if (flush(c, err) || hold_all(c, err))
		return -1;
	watch_views(c);
	crews_start(&in->crews, c, false);
	return 0;
}

static void
memory_progress(uint64_t bytes, void *ctx)
{
	struct instant *in = ctx;
	const struct create_opts *opts = in->c->opts;

	/* Two that tell at once would only flicker. */
	if (opts->progress && !atomic_load(&in->c->copying))
		opts->progress("memory", bytes, in->c->info.memory_bytes,
			       opts->progress_ctx);
}

/*
 * The domain must run again, whatever was.  domain_resume() is for one that
 * we know stands still; domain_rescue() for one of which we don't.
 */
static void
resume(struct create *c, bool stands_still)
{
	struct err e = ERR_INIT;
	bool resumed = false;

	if (stands_still && domain_resume(c->domain, &e) == 0)
		goto out;
	err_clear(&e);
	if (domain_rescue(c->info.domid, c->info.uuid, RESCUE_WATCH_MS,
			  &resumed, &e)) {
		c->left_standing = true;
		log_warning("domain %s could not be resumed: %s; try `xensnap "
			    "recover %s`",
			    c->s->domain, e.text, c->s->domain);
	}
out:
	c->times.resumed_ns = clock_ns();
}

void
create_leftover(const struct create *c, bool domain, struct leftover *ret)
{
	unsigned int i;

	memset(ret, 0, sizeof(*ret));
	ret->domain = domain;
	snprintf(ret->saved.name, sizeof(ret->saved.name), "%s", c->s->domain);
	snprintf(ret->saved.uuid, sizeof(ret->saved.uuid), "%s", c->info.uuid);
	ret->saved.domid = c->info.domid;
	ret->monitor = c->monitor;
	ret->n_devices = c->n_disks;
	for (i = 0; i < c->n_disks; i++)
		snprintf(ret->devices[i], sizeof(ret->devices[i]), "%s",
			 c->disks[i]->device);
}

int
create_begin(struct create *c, enum journal_step step)
{
	struct leftover l;

	create_leftover(c, step == JOURNAL_INSTANT, &l);
	l.paused = step == JOURNAL_PAUSE;
	l.asked = c->opts->quiesce_ms != 0;
	if (journal_step(&c->journal, step, c->err))
		return -1;
	return watchdog_arm(&c->watchdog, &l, c->err);
}

int
create_runs_on(struct create *c)
{
	struct leftover l;

	create_leftover(c, false, &l);
	return watchdog_arm(&c->watchdog, &l, c->err);
}

int
create_freeze(struct create *c)
{
	struct instant in = { .c = c };
	struct domain_save_how how = {
		.fd = c->stagefd >= 0 ? c->stagefd : c->memfd,
		.live = c->s->mode == SNAPSHOT_LIVE,
		.instant = at_instant,
		.progress = memory_progress,
		.ctx = &in,
	};
	struct err views = ERR_INIT;
	int rc;

	if (create_begin(c, JOURNAL_INSTANT) ||
	    xl_monitor_stop(&c->monitor, c->err))
		return -1;
	c->touched = true;
	rc = domain_save(c->domain, &how, &c->times, c->err);
	fail_here("instant.saved");
	/* Copies may take minutes, for which a save should not stay open. */
	if (rc == 0 && c->copies) {
		rc = domain_finish(c->domain, c->err);
		c->finished = true;
	}
	if (rc)
		atomic_store(&c->watch.stop, true);
	if (crews_join(&in.crews, &views) && rc == 0) {
		*c->err = views;
		rc = -1;
	}
	c->viewed_ns = clock_ns();
	fail_here("instant.viewed");
	return rc;
}

void
create_thaw(struct create *c)
{
	if (c->touched)
		resume(c, c->times.saved_ns != 0);
	fail_here("instant.resumed");
	/* Awake, it would take a domain that stands still for a dead one. */
	if (!c->left_standing)
		xl_monitor_go_on(&c->monitor);
}

static void
tell_pause(const struct create *c)
{
	const struct domain_times *t = &c->times;

	log_notice("%s stood still for %.1f ms and runs on", c->s->domain,
		   (double)(t->resumed_ns - t->suspended_ns) / 1e6);
}

int
create_instant(struct create *c)
{
	int rc = create_freeze(c);

	create_thaw(c);
	clock_utc(c->s->created, sizeof(c->s->created));
	if (rc == 0 && c->left_standing)
		rc = err_set(c->err, ERR_IO, 0, "domain %s did not go on",
			     c->s->domain);
	if (rc)
		create_release(c);
	else
		tell_pause(c);
	return rc;
}

int
create_hold_disks(struct create *c)
{
	struct view_crews crews;

	/* Those that cannot be held come first: a copy takes long, and a held
	 * device blocks whoever looks at it. */
	watch_views(c);
	if (flush(c, c->err))
		return -1;
	crews_start(&crews, c, false);
	if (crews_join(&crews, c->err))
		return -1;
	c->viewed_ns = clock_ns();
	return hold_all(c, c->err);
}

int
create_hold(struct create *c)
{
	int rc;

	if (create_begin(c, JOURNAL_HOLD) || create_quiesce(c))
		return -1;
	rc = create_hold_disks(c);
	create_unquiesce(c, rc == 0);
	if (rc) {
		create_release(c);
		return -1;
	}
	clock_utc(c->s->created, sizeof(c->s->created));
	return 0;
}
