/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_revert.c - the domain becomes what it was at a snapshot.
 *
 * Look at everything that can be wrong, keep the present as a snapshot of its
 * own, write down what is coming (reverting.h), and then go forward: end the
 * domain, write its disks back, start it.  Whoever dies on that way is followed
 * by `recover`, which takes it again from its beginning: writing back is the
 * same however often it is done, and a memory goes on only after its disks have
 * been written back by the same run (inv. 23).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "domain_start.h"
#include "fail.h"
#include "fd.h"
#include "host_fits.h"
#include "in_use.h"
#include "log.h"
#include "own_config.h"
#include "revert.h"

#define BEFORE "before-"

struct revert {
	const struct snapshot_id *to;
	const struct revert_opts *o;
	struct revert_target target;
	struct reverting r;
	struct domain_info now; /* state DOMAIN_GONE: there is none */
	struct snapshot *kept;  /* the present; NULL: it is not */
	struct revert_report *report;
	struct err *err;
};

/* ---- the snapshot ---- */

int
revert_hold(const char *domain, const char *name, struct revert_target *ret,
	    struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return held_open(&ret->held, domain, name, err);
}

void
revert_drop(struct revert_target *t)
{
	if (t->config[0])
		unlink(t->config);
	held_close(&t->held);
}

/* ---- look ---- */

static bool
takes_memory(const struct revert_target *t, bool disks_only)
{
	return !disks_only && snapshot_has_memory(t->held.s.mode);
}

/* It is started again unless it did not run then either. */
static bool
is_booted(const struct revert_target *t, bool disks_only)
{
	return !takes_memory(t, disks_only) &&
	       t->held.s.mode != SNAPSHOT_OFFLINE;
}

static int
check_target(const struct revert *x)
{
	const struct revert_target *t = &x->target;

	if (t->held.s.n_skipped)
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "it is no state to go back to: %u disk%s left "
			       "out of it, and moved on; export it instead",
			       t->held.s.n_skipped,
			       t->held.s.n_skipped == 1 ? " was" : "s were");
	if (takes_memory(t, x->o->disks_only) &&
	    host_fits_memory(&t->held, x->err))
		return -1;
	return revert_check_places(t, x->err);
}

/* What is there now, if anything is. */
static int
look_at_domain(struct revert *x)
{
	struct domain *d;
	int rc;

	memset(&x->now, 0, sizeof(x->now));
	if (domain_find(x->to->domain, &d, x->err)) {
		bool gone = x->err->code == ERR_NOTFOUND ||
			    (x->err->code == ERR_UNSUPPORTED &&
			     x->target.held.s.mode == SNAPSHOT_OFFLINE);

		if (!gone)
			return -1;
		err_clear(x->err);
		x->now.state = DOMAIN_GONE;
		return 0;
	}
	rc = domain_describe(d, &x->now, x->err);
	domain_close(d);
	return rc;
}

/* Nobody else has the disks of a domain that is not there, and its memory is
 * not there to be given back. */
static int
check_free(const struct revert *x)
{
	const struct revert_target *t = &x->target;
	const struct snapshot *s = &t->held.s;

	if ((takes_memory(t, x->o->disks_only) ||
	     is_booted(t, x->o->disks_only)) &&
	    host_fits_more(&t->held, 1, x->err))
		return -1;
	for (unsigned int i = 0; i < s->n_disks; i++)
		if (in_use_check(s->disks[i].view.source, IN_USE_FOR_WRITING,
				 x->err))
			return err_add(x->err, "disk %s", s->disks[i].vdev);
	return 0;
}

static int
check_domain(const struct revert *x)
{
	const struct revert_target *t = &x->target;

	if (x->now.state == DOMAIN_GONE)
		return check_free(x);
	if (t->held.s.mode == SNAPSHOT_OFFLINE)
		return err_set(x->err, ERR_STATE, 0,
			       "%s runs, and did not when this was frozen: "
			       "shut it down first",
			       x->to->domain);
	if (t->held.s.uuid[0] && strcmp(x->now.uuid, t->held.s.uuid) != 0)
		return err_set(x->err, ERR_STATE, 0,
			       "the domain %s that is there now is another one "
			       "(uuid %s, not %s)",
			       x->to->domain, x->now.uuid, t->held.s.uuid);
	if (x->now.state != DOMAIN_RUNNING && !x->o->no_keep)
		return err_set(x->err, ERR_STATE, 0,
			       "%s is %s, so it cannot be kept as it is now; "
			       "--no-keep gives that up",
			       x->to->domain, domain_state_name(x->now.state));
	return 0;
}

/* ---- keep the present ---- */

static int
keep(struct revert *x)
{
	struct create_opts o = {
		.mode = CREATE_AUTO,
		.cow = { .percent = 10 },
		.copy = true,
		.dry_run = x->o->dry_run,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct snapshot *s = calloc(1, sizeof(*s));
	char name[sizeof(BEFORE) + CLOCK_STAMP_LEN] = BEFORE;
	uint64_t need;

	clock_stamp(name + strlen(BEFORE));
	if (!s) {
		err_set(x->err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	/* Its views keep all that is written back. */
	if (revert_used_bytes(&x->target, &need, x->err))
		goto out;
	o.cow.bytes = need;
	if (need)
		o.cow.percent = 0;
	if (x->now.state == DOMAIN_GONE) {
		o.mode = CREATE_OFFLINE;
		o.config_file = x->target.config;
	}
	if (job_create(x->to->domain, name, &o, s, x->err)) {
		err_add(x->err, "keep the present");
		goto out;
	}
	strcpy(x->r.before, s->name);
	strcpy(x->report->before, s->name);
	if (!x->o->dry_run)
		log_notice("kept the present as %s@%s", s->domain, s->name);
	x->kept = s;
	return 0;
out:
	free(s);
	return -1;
}

/* ---- go forward ---- */

/* The file by which it is booted, beside the snapshot. */
static int
write_config(struct revert_target *t, const char *domain, struct err *err)
{
	char *text, *end;
	int dir, rc = -1;

	if (snapshot_path(domain, t->held.s.name, t->config, sizeof(t->config),
			  err))
		return -1;
	end = strrchr(t->config, '/');
	*end = '\0';
	dir = fd_open_dir(AT_FDCWD, t->config, err);
	strcpy(end, "/" REVERTING_CONFIG);
	text = dir < 0 ? NULL : own_config(&t->held.s, t->held.folder, err);
	if (text)
		rc = fd_write_file(dir, REVERTING_CONFIG, text, strlen(text),
				   err);
	free(text);
	fd_close(&dir);
	return rc;
}

/* By its file, from @memory (NULL: from its disks). */
static int
boot(const struct reverting *r, struct revert_target *t, const char *memory,
     bool *ret_started, struct err *err)
{
	const struct domain_start how = { .name = r->domain,
					  .config = t->config,
					  .memory = memory };

	if (write_config(t, r->domain, err))
		return -1;
	return domain_boot(&how, ret_started, err);
}

/*
 * The save file is enough, and says all, but for a guest that is to be told
 * that time went back: the file has its old generation id, which libxl would
 * give it again.
 */
static int
restore(const struct reverting *r, struct revert_target *t, bool *ret_started,
	struct err *err)
{
	struct domain_saved saved = { .domid = r->domid };
	int genid = own_config_has_genid(&t->held.s, t->held.folder, err);

	strcpy(saved.name, r->domain);
	strcpy(saved.uuid, r->uuid);
	if (genid < 0 ||
	    snapshot_path(r->domain, r->name, saved.memory,
			  sizeof(saved.memory) - sizeof(SNAPSHOT_MEMORY) - 1,
			  err))
		return -1;
	strcat(saved.memory, "/" SNAPSHOT_MEMORY);
	return genid ? boot(r, t, saved.memory, ret_started, err) :
		       domain_rebuild(&saved, ret_started, err);
}

static int
start(struct reverting *r, struct revert_target *t, struct revert_report *ret,
      struct err *err)
{
	bool started = false;
	int rc;

	if (takes_memory(t, r->disks_only)) {
		ret->memory = true;
		rc = held_check_memory(&t->held, err);
		if (rc == 0)
			rc = restore(r, t, &started, err);
	} else if (is_booted(t, r->disks_only)) {
		rc = boot(r, t, NULL, &started, err);
	} else {
		return 0;
	}
	if (rc)
		return err_add(err, "start %s", r->domain);
	if (!started)
		return err_set(err, ERR_STATE, 0,
			       "somebody else started %s meanwhile", r->domain);
	ret->started = true;
	return 0;
}

/* 1: it runs already, on disks that were whole; whoever started it. */
static int
runs_already(const struct reverting *r, struct err *err)
{
	struct domain_info info;
	struct domain *d;
	int rc;

	if (domain_find(r->domain, &d, err)) {
		if (err->code != ERR_NOTFOUND && err->code != ERR_UNSUPPORTED)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = domain_describe(d, &info, err);
	domain_close(d);
	if (rc)
		return -1;
	if (r->uuid[0] && info.domid == r->domid &&
	    strcmp(info.uuid, r->uuid) == 0)
		return 0;
	if (r->started)
		return 1;
	return err_set(err, ERR_STATE, 0,
		       "somebody started %s on disks that are half of two "
		       "states: end it (xl destroy %s)",
		       r->domain, r->domain);
}

int
revert_finish(struct reverting *r, struct revert_target *t,
	      const struct revert_opts *o, struct revert_report *ret,
	      struct err *err)
{
	uint64_t from = clock_ns();
	int runs = runs_already(r, err);

	if (runs < 0)
		return -1;
	if (runs) {
		ret->started = true;
		return reverting_end(r->domain, err);
	}
	if (r->uuid[0] && domain_end(r->domid, r->uuid, err))
		return -1;
	fail_here("revert.ended");
	if (r->started) {
		r->started = false;
		if (reverting_write(r, err))
			return -1;
	}
	if (revert_disks(t, o, ret, err))
		return -1;
	fail_here("revert.disks");
	r->started = true;
	if (reverting_write(r, err))
		return -1;
	fail_here("revert.starting");
	if (start(r, t, ret, err))
		return -1;
	fail_here("revert.started");
	ret->away_ms = (double)(clock_ns() - from) / 1e6;
	return reverting_end(r->domain, err);
}

static int
go(struct revert *x)
{
	struct reverting *r = &x->r;

	strcpy(r->domain, x->to->domain);
	strcpy(r->name, x->to->name);
	strcpy(r->generation, x->target.held.s.generation);
	r->disks_only = x->o->disks_only;
	if (x->now.state != DOMAIN_GONE) {
		r->domid = x->now.domid;
		strcpy(r->uuid, x->now.uuid);
	}
	if (reverting_write(r, x->err))
		return -1;
	fail_here("revert.written");
	if (revert_finish(r, &x->target, x->o, x->report, x->err) == 0)
		return 0;
	return err_more(x->err,
			"%s is half-way, and its disks may be of two states: "
			"put right what is wrong, and run `xensnap recover %s`",
			x->to->domain, x->to->domain);
}

/* What somebody else did between our look and our lock. */
static int
look_again(struct revert *x)
{
	struct domain_info then = x->now;

	if (reverting_check(x->to->domain, x->err) || look_at_domain(x) ||
	    revert_check_disks(&x->target, x->err))
		return -1;
	if (x->now.state == then.state && x->now.domid == then.domid)
		return 0;
	return err_set(x->err, ERR_STATE, 0, "%s was %s and is %s now",
		       x->to->domain, domain_state_name(then.state),
		       domain_state_name(x->now.state));
}

/* Without a snapshot of the present nobody can tell. */
static int
check_room(const struct revert *x)
{
	return x->kept ? revert_check_room(&x->target, x->kept, x->err) : 0;
}

static int
with_lock(struct revert *x)
{
	int lock = snapshot_lock(x->to->domain, 0, x->err);
	int rc = -1;

	disk_set_alive_fd(lock);
	disk_look_begin();
	if (lock >= 0 && cancel_check(x->err) == 0 && look_again(x) == 0 &&
	    check_room(x) == 0)
		rc = go(x);
	else if (x->r.before[0])
		err_more(x->err, "nothing was done, but %s@%s was kept",
			 x->to->domain, x->r.before);
	disk_look_end();
	disk_set_alive_fd(-1);
	if (lock >= 0)
		snapshot_unlock(x->to->domain, &lock);
	return rc;
}

int
job_revert(const struct snapshot_id *to, const struct revert_opts *o,
	   struct revert_report *ret, struct err *err)
{
	struct revert *x = calloc(1, sizeof(*x));
	int rc = -1;

	if (!x)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memset(ret, 0, sizeof(*ret));
	x->to = to;
	x->o = o;
	x->report = ret;
	x->err = err;
	ret->to = *to;
	if (revert_hold(to->domain, to->name, &x->target, err) ||
	    reverting_check(to->domain, err) || check_target(x) ||
	    look_at_domain(x) || check_domain(x))
		goto out;
	if (x->now.state == DOMAIN_GONE && !o->no_keep &&
	    write_config(&x->target, to->domain, err))
		goto out;
	/* Here for who would be left with a snapshot; else under the lock. */
	if ((!o->no_keep || o->dry_run) && revert_check_disks(&x->target, err))
		goto out;
	if (!o->no_keep && keep(x))
		goto out;
	rc = o->dry_run ? 0 : with_lock(x);
out:
	revert_drop(&x->target);
	free(x->kept);
	free(x);
	return rc;
}
