/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backup_all.c - xensnap backup --all */
#include <stdlib.h>
#include <string.h>

#include "cmd_backup.h"
#include "cow_size.h"
#include "jobs_run.h"
#include "json.h"
#include "json_field.h"
#include "log.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

struct telling {
	struct repo_key key;
	struct json_object *all; /* NULL: for people */
};

/* All else the job files say. */
static int
check_opts(const struct cmd_args *a, struct err *err)
{
	static const char *const fine[] = { "all",  "due",     "job",
					    "jobs", "metrics", "dry-run",
					    "json", "verbose", "quiet",
					    "help" };
	const struct cmd_opt *o;

	if (a->n_args > 0)
		return err_set(err, ERR_INVALID, 0,
			       "'%s': which domains, and where to, the job "
			       "files say",
			       a->args[0]);
	for (unsigned int i = 0; (o = cmd_opt(a->verb, i)); i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof(fine) / sizeof(fine[0]); k++)
			known = known || strcmp(fine[k], o->name) == 0;
		if (!known && opts_has(a, o->name))
			return err_set(err, ERR_INVALID, 0,
				       "--%s: with --all the job files say so",
				       o->name);
	}
	return 0;
}

/* ---- what opens a repository ---- */

static int
open_key(const struct jobs_file *f, struct repo_how *ret, void *ctx,
	 struct err *err)
{
	struct telling *t = ctx;

	repo_key_done(&t->key);
	if (repo_key_from(f->key_file, f->passphrase_file, &t->key, err))
		return -1;
	ret->opener = t->key.opener;
	return 0;
}

/* ---- what became of it ---- */

static void
tell_json(struct telling *t, const struct jobs_event *e)
{
	struct json_object *o = json_object_new_object();
	const struct backup_report *r = e->report ? &e->report->backup : NULL;

	json_add_str(o, "job", e->job);
	if (e->domain)
		json_add_str(o, "domain", e->domain);
	json_add_str(o, "result", jobs_what_name(e->what));
	if (e->why)
		json_add_str(o, "error", e->why);
	if (e->what == JOBS_PRUNED)
		json_add_u64(o, "forgotten", e->n_forgotten);
	if (e->what == JOBS_BACKED_UP) {
		json_add_u64(o, "bytes", r->bytes);
		json_add_u64(o, "read_bytes", r->read_bytes);
		json_add_u64(o, "new_bytes", r->new_bytes);
		json_add_u64(o, "stored_bytes", r->stored_bytes);
		json_add_ms(o, "pause_ms", e->report->s.pause_ms);
	}
	json_object_array_add(t->all, o);
}

static void
tell_backup(const struct jobs_event *e)
{
	const struct backup_report *r = &e->report->backup;
	char a[24], b[24], c[24];

	print_line("%s: %s: backed up, %s read, %s new, %.1f s, stood still "
		   "for %s",
		   e->job, e->domain, units_size(r->read_bytes, a, sizeof(a)),
		   units_size(r->new_bytes, b, sizeof(b)), r->seconds,
		   units_ms(e->report->s.pause_ms, c, sizeof(c)));
}

static void
tell_people(const struct jobs_event *e)
{
	struct err failed = ERR_INIT;
	char what[2 * SNAPSHOT_NAME_MAX + 8];

	snprintf(what, sizeof(what), "%s%s%s", e->job, e->domain ? ": " : "",
		 e->domain ? e->domain : "");
	switch (e->what) {
	case JOBS_BACKED_UP:
		tell_backup(e);
		break;
	case JOBS_WOULD:
		print_line("%s: would be backed up", what);
		break;
	case JOBS_PRUNED:
		print_line("%s: %u older backup%s forgotten", what,
			   e->n_forgotten, units_s(e->n_forgotten));
		break;
	case JOBS_VERIFIED:
		print_line("%s: its repository is whole", what);
		break;
	case JOBS_NOT_DUE:
		log_info("%s: not due", what);
		break;
	case JOBS_NOT_NOW:
		log_info("%s: outside of its time of the day", what);
		break;
	case JOBS_NO_MATCH:
		log_notice("%s: no domain that runs is called so", what);
		break;
	case JOBS_FAILED:
	case JOBS_BUSY:
		err_set(&failed, ERR_STATE, 0, "%s", e->why);
		print_failure(what, &failed);
	}
}

static void
tell(const struct jobs_event *e, void *ctx)
{
	struct telling *t = ctx;

	progress_end();
	if (t->all)
		tell_json(t, e);
	/* A failure goes to the journal as well. */
	if (!t->all || e->what == JOBS_FAILED)
		tell_people(e);
}

static int
summary(const struct telling *t, const struct jobs_count *c, struct err *err)
{
	struct json_object *o;
	int rc;

	if (!t->all) {
		if (c->n_good + c->n_failed + c->n_busy > 0)
			print_line("%u backed up, %u failed, %u not due",
				   c->n_good, c->n_failed, c->n_not_due);
		return 0;
	}
	o = json_object_new_object();
	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_object_add(o, "results", json_object_get(t->all));
	json_add_u64(o, "backed_up", c->n_good);
	json_add_u64(o, "failed", c->n_failed);
	json_add_u64(o, "not_due", c->n_not_due);
	json_add_u64(o, "busy", c->n_busy);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* ---- all jobs ---- */

/* One that is wrong does not stop the others. */
static void
tell_bad(const struct jobs_list *l, struct telling *t, struct jobs_count *c)
{
	for (unsigned int i = 0; i < l->n_bad; i++) {
		const struct jobs_event e = { .what = JOBS_FAILED,
					      .job = l->bad[i].name,
					      .why = l->bad[i].err.text };

		c->n_failed++;
		tell(&e, t);
	}
}

/* Of all jobs, whichever was run. */
static int
metrics(const struct cmd_args *a, const char *dir,
	const struct jobs_running *running, struct err *err)
{
	const char *path = opts_value(a, "metrics");
	struct jobs_list all;
	int rc;

	if (!path || opts_has(a, "dry-run"))
		return 0;
	rc = jobs_list(dir, NULL, &all, err);
	if (rc == 0)
		rc = jobs_metrics(path, &all, running, err);
	jobs_list_done(&all);
	return rc ? err_add(err, "metrics") : 0;
}

static int
run(const struct cmd_args *a, const struct jobs_list *l, struct telling *t,
    struct jobs_count *c, struct err *err)
{
	const char *dir = opts_value(a, "jobs");
	struct jobs_opts o = { .due = opts_has(a, "due"),
			       .dry_run = opts_has(a, "dry-run"),
			       .cow.percent = COW_SIZE_PERCENT,
			       .open = open_key,
			       .tell = tell,
			       .ctx = t,
			       .progress = progress_tell };
	struct jobs_running running;
	struct err e = ERR_INIT;
	int rc = 0;

	jobs_running(&running);
	tell_bad(l, t, c);
	for (unsigned int i = 0; rc == 0 && i < l->n; i++)
		rc = jobs_run(&l->files[i], &running, &o, c, err);
	/* Also of what was stopped. */
	if (metrics(a, dir ? dir : JOBS_FOLDER, &running, &e) && rc == 0) {
		*err = e;
		rc = -1;
	}
	jobs_running_done(&running);
	return rc;
}

static int
list(const struct cmd_args *a, struct jobs_list *ret, struct err *err)
{
	const char *dir = opts_value(a, "jobs");

	if (jobs_list(dir ? dir : JOBS_FOLDER, opts_value(a, "job"), ret, err))
		return -1;
	if (ret->n + ret->n_bad > 0)
		return 0;
	return err_set(err, ERR_NOTFOUND, 0,
		       "there are no job files (*.conf) in %s",
		       dir ? dir : JOBS_FOLDER);
}

int
backup_all(const struct cmd_args *args, struct err *err)
{
	struct telling *t = calloc(1, sizeof(*t));
	struct jobs_count c = { .n_good = 0 };
	struct jobs_list l = { .n = 0 };
	int rc = -1;

	if (!t)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (check_opts(args, err)) {
		opts_usage(args->verb, err);
		goto out;
	}
	if (list(args, &l, err))
		goto out;
	if (opts_has(args, "json"))
		t->all = json_object_new_array();
	rc = run(args, &l, t, &c, err);
	if (rc == 0)
		rc = summary(t, &c, err);
	if (rc == 0)
		rc = c.n_failed ? CMD_FAILED : c.n_busy ? CMD_BUSY : CMD_DONE;
out:
	jobs_list_done(&l);
	json_object_put(t->all);
	repo_key_done(&t->key);
	free(t);
	return rc;
}
