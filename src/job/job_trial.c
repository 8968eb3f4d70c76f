/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_trial.c - does a backup come back to life?
 *
 * What is made for that is a clone: written down as one that is being made
 * (cloned.h) before there is anything of it, with its uuid on each of its
 * disks, and never said to be made.  So whoever is killed, `recover` removes
 * it.
 */
#include "job_trial.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "clone.h"
#include "fail.h"
#include "hex.h"
#include "uuid.h"

struct trial {
	const struct trial_opts *o;
	struct trial_report *report;
	struct err *err;
	struct cloned c;
	char prefix[PATH_MAX];
	struct restore_opts how;
};

/* ---- what it will be ---- */

/* Of a name that nobody has. */
static int
name_it(struct trial *x)
{
	if (uuid_new(x->c.uuid, x->err))
		return -1;
	snprintf(x->c.domain, sizeof(x->c.domain), "verify-%.8s", x->c.uuid);
	strcpy(x->report->domain, x->c.domain);
	return 0;
}

static int
find_folder(struct trial *x)
{
	char full[PATH_MAX];
	struct stat st;

	if (x->o->vg)
		return 0;
	if (!realpath(x->o->dir, full) || stat(full, &st) ||
	    !S_ISDIR(st.st_mode))
		return err_set(x->err, ERR_INVALID, 0, "%s is no folder",
			       x->o->dir);
	if (snprintf(x->prefix, sizeof(x->prefix), "%s/%s", full,
		     x->c.domain) >= (int)sizeof(x->prefix))
		return err_set(x->err, ERR_INVALID, 0, "%s is too long",
			       x->o->dir);
	return 0;
}

static void
set_how(struct trial *x)
{
	const struct trial_opts *o = x->o;

	x->how.how = o->how;
	x->how.backup = o->backup;
	x->how.vg = o->vg;
	x->how.pool = o->pool;
	x->how.prefix = x->prefix[0] ? x->prefix : NULL;
	x->how.start = true;
	x->how.disks_only = o->disks_only;
	x->how.as = x->c.domain;
	x->how.clone = x->c.uuid;
	x->how.network.kind = NETWORK_NONE;
	x->how.trust_config = o->trust_config;
	x->how.progress = o->progress;
	x->how.progress_ctx = o->progress_ctx;
}

/* Of what it is: people see it in `list --clones`, as long as it is there. */
static void
say_of_what(struct trial *x, const struct restore_report *r)
{
	char session[2 * SESSION_ID + 1];

	hex_text(r->session, SESSION_ID, session);
	snprintf(x->c.from, sizeof(x->c.from), "%.64s",
		 snapshot_is_name(r->name) ? r->name : "backup");
	snprintf(x->c.name, sizeof(x->c.name), "%s", session);
	strcpy(x->c.generation, x->c.uuid);
	clock_utc(x->c.created, sizeof(x->c.created));
}

static int
plan_disks(struct trial *x, const struct restore_report *r)
{
	if (r->n_disks > DOMAIN_DISKS_MAX)
		return err_set(x->err, ERR_UNSUPPORTED, 0, "too many disks");
	for (unsigned int i = 0; i < r->n_disks; i++) {
		struct disk_clone *d = &x->c.disks[i].disk;

		strcpy(x->c.disks[i].vdev, r->disks[i].vdev);
		strcpy(d->driver, x->o->vg ? "classic" : "copy");
		strcpy(d->token, x->c.uuid);
		d->bytes = r->disks[i].bytes;
		if (snprintf(d->path, sizeof(d->path), "%s", r->disks[i].to) >=
		    (int)sizeof(d->path))
			return err_set(x->err, ERR_INVALID, 0, "%s is too long",
				       r->disks[i].to);
	}
	x->c.n_disks = r->n_disks;
	return 0;
}

static void
report(struct trial *x, const struct restore_report *r)
{
	memcpy(x->report->session, r->session, SESSION_ID);
	memcpy(x->report->name, r->name, sizeof(r->name));
	x->report->memory = r->memory;
	x->report->bytes = r->bytes;
	x->report->seconds = r->seconds;
}

/* Nothing is made, and all is known after it. */
static int
plan(struct trial *x)
{
	struct restore_report r;
	int rc = -1;

	if (sign_check(&x->o->sign, x->err) || name_it(x) || find_folder(x))
		return -1;
	set_how(x);
	x->how.dry_run = true;
	if (job_restore(&x->how, &r, x->err) == 0) {
		say_of_what(x, &r);
		report(x, &r);
		rc = plan_disks(x, &r);
	}
	x->how.dry_run = false;
	restore_report_done(&r);
	return rc;
}

/* ---- let it live ---- */

static int
let_it_live(struct trial *x)
{
	struct restore_report r;
	int rc;

	if (cloned_write(&x->c, x->err))
		return -1;
	fail_here("trial.written");
	rc = job_restore(&x->how, &r, x->err);
	if (rc == 0) {
		report(x, &r);
		fail_here("trial.started");
		rc = sign_wait(x->c.domain, x->c.uuid, &x->o->sign,
			       &x->report->sign, x->err);
	}
	restore_report_done(&r);
	return rc;
}

static int
take_it_away(struct trial *x)
{
	struct err e = ERR_INIT;

	fail_here("trial.known");
	if (clone_remove(&x->c, &e) == 0)
		return 0;
	if (x->err->code)
		return err_more(x->err,
				"%s was left: run `xensnap recover %s` (%s)",
				x->c.domain, x->c.domain, e.text);
	*x->err = e;
	return err_more(x->err, "%s was left: run `xensnap recover %s`",
			x->c.domain, x->c.domain);
}

static int
try_it(struct trial *x)
{
	int lock = snapshot_lock(x->c.domain, 0, x->err);
	int rc;

	if (lock < 0)
		return -1;
	rc = let_it_live(x);
	if (take_it_away(x))
		rc = -1;
	snapshot_unlock(x->c.domain, &lock);
	return rc;
}

int
job_trial(const struct trial_opts *o, struct trial_report *ret, struct err *err)
{
	struct trial *x = calloc(1, sizeof(*x));
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (!x)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	x->o = o;
	x->report = ret;
	x->err = err;
	if (plan(x) == 0)
		rc = try_it(x);
	free(x);
	return rc;
}
