/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jobs_run.c - see jobs_run.h.
 *
 * What is begun is written down before: so whatever dies in the middle is seen
 * by the next one, and by `status`.
 */
#include "jobs_run.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"
#include "fd.h"
#include "jobs_due.h"
#include "jobs_state.h"
#include "log.h"
#include "repo_verify.h"

#define BEGUN "it was begun, and did not end"

/* A repository that is not whole is read again after that part of its time. */
#define VERIFY_AGAIN 4

struct running {
	const struct jobs_file *f;
	const struct jobs_running *domains;
	const struct jobs_opts *o;
	struct jobs_count *count;
	struct jobs_state state;
	struct repo_how how;
	bool opened; /* @how.opener was asked for, and this came of it: */
	struct err why_not;
	unsigned int n_sent;
	char (*sent)[SNAPSHOT_NAME_MAX + 1];
	struct err *err;
};

const char *
jobs_what_name(enum jobs_what what)
{
	static const char *const names[] = {
		[JOBS_BACKED_UP] = "backed-up", [JOBS_WOULD] = "would-back-up",
		[JOBS_NOT_DUE] = "not-due",     [JOBS_NOT_NOW] = "not-now",
		[JOBS_NO_MATCH] = "no-match",   [JOBS_PRUNED] = "pruned",
		[JOBS_VERIFIED] = "verified",   [JOBS_FAILED] = "failed",
		[JOBS_BUSY] = "busy",
	};

	return names[what];
}

/* ---- what is told and kept ---- */

static void
tell(struct running *x, struct jobs_event e)
{
	e.job = x->f->name;
	switch (e.what) {
	case JOBS_FAILED:
		x->count->n_failed++;
		break;
	case JOBS_BUSY:
		x->count->n_busy++;
		break;
	case JOBS_NOT_DUE:
	case JOBS_NOT_NOW:
		x->count->n_not_due++;
		break;
	case JOBS_BACKED_UP:
	case JOBS_WOULD:
		x->count->n_good++;
		break;
	case JOBS_NO_MATCH:
	case JOBS_PRUNED:
	case JOBS_VERIFIED:
		break;
	}
	x->o->tell(&e, x->o->ctx);
}

static void
fail(struct running *x, const char *domain, const char *why)
{
	tell(x, (struct jobs_event){
			.what = JOBS_FAILED, .domain = domain, .why = why });
}

static void
save(struct running *x)
{
	struct err e = ERR_INIT;

	if (!x->o->dry_run && jobs_state_save(x->f->name, &x->state, &e))
		log_warning("what became of job %s is not written down: %s",
			    x->f->name, e.text);
}

static void
begin(struct running *x, struct jobs_try *t)
{
	t->attempt = (uint64_t)time(NULL);
	snprintf(t->error, sizeof(t->error), BEGUN);
	save(x);
}

/* @why NULL: it went well. */
static void
end(struct running *x, struct jobs_try *t, const char *why)
{
	snprintf(t->error, sizeof(t->error), "%s", why ? why : "");
	if (!why)
		t->good = t->attempt;
	save(x);
}

/* ---- the repository ---- */

/* Once for a job; a passphrase costs seconds. */
static int
open_key(struct running *x, struct err *err)
{
	if (!x->opened) {
		x->how.address = x->f->repository;
		x->o->open(x->f, &x->how, x->o->ctx, &x->why_not);
		x->opened = true;
	}
	if (x->why_not.code)
		*err = x->why_not;
	return x->why_not.code ? -1 : 0;
}

/* ---- one domain ---- */

static int
protect(struct running *x, const char *domain, struct protect_report *r,
	struct err *err)
{
	const struct jobs_file *f = x->f;
	struct protect_opts *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	o->domain = domain;
	o->create.mode = f->mode;
	o->create.copy = f->copy;
	o->create.cow = f->cow.percent || f->cow.bytes ? f->cow : x->o->cow;
	o->create.dry_run = o->backup.dry_run = x->o->dry_run;
	o->create.progress = o->backup.progress = x->o->progress;
	o->drop_unsent = true;
	rc = open_key(x, err);
	o->backup.how = x->how;
	if (rc == 0)
		rc = job_protect(o, r, err);
	free(o);
	return rc;
}

static int
note_sent(struct running *x, const char *domain)
{
	char(*more)[SNAPSHOT_NAME_MAX + 1];

	more = reallocarray(x->sent, x->n_sent + 1, sizeof(*more));
	if (!more)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	x->sent = more;
	snprintf(more[x->n_sent++], sizeof(*more), "%s", domain);
	return 0;
}

/* It is known what becomes of it: -1 only if all is to end. */
static int
backup(struct running *x, const char *domain)
{
	struct jobs_try *t = jobs_state_add(&x->state, domain, x->err);
	struct protect_report *r = calloc(1, sizeof(*r));
	struct err e = ERR_INIT;
	int rc = -1;

	if (!t || !r) {
		free(r);
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	}
	begin(x, t);
	fail_here("jobs.begun");
	if (protect(x, domain, r, &e)) {
		end(x, t, e.text);
		fail(x, domain, e.text);
		if (e.code == ERR_CANCELLED)
			*x->err = e;
	} else {
		end(x, t, NULL);
		tell(x, (struct jobs_event){ .what = x->o->dry_run ?
							     JOBS_WOULD :
							     JOBS_BACKED_UP,
					     .domain = domain,
					     .report = r });
		note_sent(x, domain);
	}
	rc = x->err->code ? -1 : 0;
	backup_report_done(&r->backup);
	free(r);
	return rc;
}

static int
take(struct running *x, const char *domain)
{
	const struct jobs_try *t = jobs_state_of(&x->state, domain);
	uint64_t good = t ? t->good : 0;

	if (!snapshot_is_name(domain)) {
		fail(x, domain, "xensnap takes no domain of that name");
		return 0;
	}
	if (x->o->due &&
	    !jobs_is_due(good, x->f->every_s, (uint64_t)time(NULL))) {
		tell(x, (struct jobs_event){ .what = JOBS_NOT_DUE,
					     .domain = domain,
					     .next = good });
		return 0;
	}
	return backup(x, domain);
}

/* ---- all of them ---- */

/* One that should be there, and is not. */
static int
miss(struct running *x, const char *domain, const char *why)
{
	struct jobs_try *t = jobs_state_of(&x->state, domain);

	if (x->o->due && t &&
	    !jobs_is_due(t->good, x->f->every_s, (uint64_t)time(NULL)))
		return 0;
	t = jobs_state_add(&x->state, domain, x->err);
	if (!t)
		return -1;
	begin(x, t);
	end(x, t, why);
	fail(x, domain, why);
	return 0;
}

/* Those that are named, one by one, and do not run. */
static int
miss_named(struct running *x, const char *why)
{
	const struct jobs_patterns *p = &x->f->domains;

	for (unsigned int i = 0; i < p->n; i++)
		if (!jobs_is_pattern(p->at[i]) && jobs_names(x->f, p->at[i]) &&
		    !jobs_running_find(x->domains, p->at[i]) &&
		    miss(x, p->at[i], why))
			return -1;
	return 0;
}

/* A wildcard may stand for none; that is told. */
static void
tell_idle(struct running *x)
{
	const struct jobs_patterns *p = &x->f->domains;

	for (unsigned int i = 0; i < p->n; i++) {
		unsigned int n = 0;

		for (unsigned int k = 0; k < x->domains->n; k++)
			n += fnmatch(p->at[i], x->domains->seen[k].name, 0) ==
			     0;
		if (n == 0 && jobs_is_pattern(p->at[i]))
			tell(x, (struct jobs_event){ .what = JOBS_NO_MATCH,
						     .domain = p->at[i] });
	}
}

static int
backup_all(struct running *x)
{
	unsigned int failed = x->count->n_failed;

	if (!x->domains->known) {
		if (miss_named(x, x->domains->why.text))
			return -1;
		if (x->count->n_failed == failed)
			fail(x, NULL, x->domains->why.text);
		return 0;
	}
	tell_idle(x);
	for (unsigned int i = 0; i < x->domains->n; i++)
		if (jobs_takes(x->f, x->domains->seen[i].name) &&
		    take(x, x->domains->seen[i].name))
			return -1;
	return miss_named(x, "it does not run");
}

/* ---- the repository, afterwards ---- */

/* What @domain has too many of; only looked at first, since a prune that
 * forgets nothing would read the repository for nothing. */
static int
prune_one(struct running *x, const char *domain, struct err *err)
{
	struct prune_opts o = {
		.how = x->how,
		.name = domain,
		.rules = x->f->keep,
		.wait_s = PRUNE_WAIT_S,
		.break_s = PRUNE_BREAK_DAYS * 86400,
		.repack = PRUNE_REPACK_PERCENT,
		.dry_run = true,
		.progress = x->o->progress,
	};
	struct prune_plan p = { .n = 0 };
	int rc = job_prune(&o, &p, err);

	if (rc == 0 && p.n_forget > 0) {
		prune_plan_done(&p);
		o.dry_run = false;
		rc = job_prune(&o, &p, err);
	}
	if (rc == 0 && p.n_forget > 0)
		tell(x, (struct jobs_event){ .what = JOBS_PRUNED,
					     .domain = domain,
					     .n_forgotten = p.n_forget });
	prune_plan_done(&p);
	return rc;
}

static int
prune(struct running *x)
{
	struct jobs_try *t = &x->state.prune;
	char why[sizeof(t->error)] = "";

	if (!x->f->prunes || x->n_sent == 0 || x->o->dry_run)
		return 0;
	begin(x, t);
	for (unsigned int i = 0; i < x->n_sent; i++) {
		struct err e = ERR_INIT;

		if (prune_one(x, x->sent[i], &e) == 0)
			continue;
		err_add(&e, "prune");
		fail(x, x->sent[i], e.text);
		snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1,
			 e.text);
		if (e.code == ERR_CANCELLED)
			*x->err = e;
		if (x->err->code)
			break;
	}
	end(x, t, why[0] ? why : NULL);
	return x->err->code ? -1 : 0;
}

static void
tell_problem(const char *text, void *ctx)
{
	const struct running *x = ctx;

	log_warning("%s: %s", x->f->repository, text);
}

static int
look_at_repository(struct running *x, struct err *err)
{
	struct verify_how how = { .problem = tell_problem,
				  .problem_ctx = x,
				  .progress = x->o->progress };
	struct verify_report v = { .n_hurt = 0 };
	struct repo *r = NULL;
	int rc = -1;

	if (open_key(x, err))
		return -1;
	if (repo_open(&x->how, &r, err) == 0 && repo_load(r, err) == 0)
		rc = repo_verify(r, &how, &v, err);
	repo_close(r);
	if (rc || v.n_hurt + v.n_bad + v.n_bad_objects == 0)
		return rc;
	return err_set(err, ERR_CORRUPT, 0,
		       "repository %s is damaged (hurt backups: %u of %u): "
		       "see `xensnap verify`",
		       x->f->repository, v.n_hurt, v.n_backups);
}

static int
verify(struct running *x)
{
	struct jobs_try *t = &x->state.verify;
	uint64_t now = (uint64_t)time(NULL), every = x->f->verify_s;
	struct err e = ERR_INIT;

	if (every == 0 || x->o->dry_run || !jobs_is_due(t->good, every, now) ||
	    !jobs_is_due(t->attempt, every / VERIFY_AGAIN, now))
		return 0;
	begin(x, t);
	if (look_at_repository(x, &e) == 0) {
		end(x, t, NULL);
		tell(x, (struct jobs_event){ .what = JOBS_VERIFIED });
		return 0;
	}
	err_add(&e, "verify");
	end(x, t, e.text);
	fail(x, NULL, e.text);
	if (e.code == ERR_CANCELLED)
		*x->err = e;
	return x->err->code ? -1 : 0;
}

/* ---- the story ---- */

/* The file may have another list than the last time. */
static void
forget_others(struct running *x)
{
	for (unsigned int i = x->state.n; i > 0; i--)
		if (!jobs_takes(x->f, x->state.domains[i - 1].name))
			jobs_state_forget(&x->state, i - 1);
}

static void
locked_out(struct running *x, const struct err *e)
{
	tell(x, (struct jobs_event){ .what = e->code == ERR_BUSY ? JOBS_BUSY :
								   JOBS_FAILED,
				     .why = e->text });
}

int
jobs_run(const struct jobs_file *f, const struct jobs_running *running,
	 const struct jobs_opts *o, struct jobs_count *c, struct err *err)
{
	struct running x = {
		.f = f, .domains = running, .o = o, .count = c, .err = err
	};
	struct err e = ERR_INIT;
	int lock = -1, rc = -1;

	if (o->due && !jobs_in_window(f, jobs_minute((uint64_t)time(NULL)))) {
		tell(&x, (struct jobs_event){ .what = JOBS_NOT_NOW });
		return 0;
	}
	if (!o->dry_run) {
		lock = jobs_lock(f->name, &e);
		if (lock < 0) {
			locked_out(&x, &e);
			return 0;
		}
	}
	jobs_state_load(f->name, &x.state);
	forget_others(&x);
	if (backup_all(&x) == 0 && prune(&x) == 0 && verify(&x) == 0)
		rc = 0;
	jobs_state_done(&x.state);
	free(x.sent);
	fd_close(&lock);
	return rc;
}
