/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_status.c - see jobs_status.h. */
#include "jobs_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"
#include "jobs_due.h"
#include "jobs_state.h"
#include "snapshot.h"
#include "span.h"

struct looking {
	const struct jobs_list *list;
	const struct jobs_running *running;
	struct status_report *r;
	struct err *err;
};

/* ---- rows ---- */

static const char *
state_of(const struct looking *x, const char *domain)
{
	const struct domain_seen *s = jobs_running_find(x->running, domain);

	if (s)
		return domain_state_name(s->state);
	return x->running->known ? "gone" : "unknown";
}

/* The row of @domain in @job; made if it is missing.  NULL: no memory. */
static struct status_row *
row(struct looking *x, const char *domain, const char *job)
{
	struct status_report *r = x->r;
	struct status_row *more;

	for (unsigned int i = 0; i < r->n; i++)
		if (strcmp(r->rows[i].domain, domain) == 0 &&
		    strcmp(r->rows[i].job, job) == 0)
			return &r->rows[i];
	more = reallocarray(r->rows, r->n + 1, sizeof(*more));
	if (!more) {
		err_set(x->err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	r->rows = more;
	more = &more[r->n++];
	memset(more, 0, sizeof(*more));
	snprintf(more->domain, sizeof(more->domain), "%s", domain);
	snprintf(more->job, sizeof(more->job), "%s", job);
	more->state = state_of(x, domain);
	more->used = -1;
	return more;
}

/* One thing, the first, is enough for a row. */
static void __attribute__((format(printf, 3, 4)))
wrong(struct looking *x, struct status_row *row, const char *fmt, ...)
{
	va_list ap;

	if (row->wrong[0])
		return;
	x->r->n_wrong++;
	va_start(ap, fmt);
	vsnprintf(row->wrong, sizeof(row->wrong), fmt, ap);
	va_end(ap);
}

static int __attribute__((format(printf, 2, 3)))
note(struct looking *x, const char *fmt, ...)
{
	struct status_report *r = x->r;
	char(*more)[480];
	va_list ap;

	more = reallocarray(r->notes, r->n_notes + 1, sizeof(*more));
	if (!more)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	r->notes = more;
	r->n_wrong++;
	va_start(ap, fmt);
	vsnprintf(more[r->n_notes++], sizeof(*more), fmt, ap);
	va_end(ap);
	return 0;
}

/* ---- what jobs made ---- */

static void
judge(struct looking *x, struct status_row *is, const struct jobs_file *f,
      const struct jobs_try *t)
{
	char age[24];

	if (t)
		is->good = t->good;
	if (t && t->error[0])
		wrong(x, is, "the last backup failed: %s", t->error);
	/* Who is taken by a wildcard, and is gone, need not be backed up. */
	if (!jobs_running_find(x->running, is->domain) &&
	    !jobs_names(f, is->domain))
		return;
	if (is->good == 0)
		wrong(x, is, "it was never backed up");
	else if (jobs_is_late(is->good, f->every_s, x->r->now))
		wrong(x, is, "its newest backup is older than twice %s",
		      span_text(f->every_s, age, sizeof(age)));
}

static int
add_of_job(struct looking *x, const struct jobs_file *f,
	   const struct jobs_state *s, const char *domain)
{
	struct status_row *is;

	if (!jobs_takes(f, domain))
		return 0;
	is = row(x, domain, f->name);
	if (is)
		judge(x, is, f, jobs_state_of(s, domain));
	return is ? 0 : -1;
}

/* What runs, what is named, and what was backed up once. */
static int
add_domains(struct looking *x, const struct jobs_file *f,
	    const struct jobs_state *s)
{
	for (unsigned int i = 0; i < x->running->n; i++)
		if (add_of_job(x, f, s, x->running->seen[i].name))
			return -1;
	for (unsigned int i = 0; i < f->domains.n; i++)
		if (!jobs_is_pattern(f->domains.at[i]) &&
		    add_of_job(x, f, s, f->domains.at[i]))
			return -1;
	for (unsigned int i = 0; i < s->n; i++)
		if (add_of_job(x, f, s, s->domains[i].name))
			return -1;
	return 0;
}

static int
add_job(struct looking *x, const struct jobs_file *f)
{
	struct jobs_state s;
	int rc;

	jobs_state_load(f->name, &s);
	rc = add_domains(x, f, &s);
	if (rc == 0 && f->prunes && s.prune.error[0])
		rc = note(x, "job %s: %s", f->name, s.prune.error);
	if (rc == 0 && f->verify_s && s.verify.error[0])
		rc = note(x, "job %s: %s", f->name, s.verify.error);
	jobs_state_done(&s);
	return rc;
}

/* ---- what is there ---- */

static bool
is_in_a_job(const struct looking *x, const char *domain)
{
	for (unsigned int i = 0; i < x->r->n; i++)
		if (x->r->rows[i].job[0] &&
		    strcmp(x->r->rows[i].domain, domain) == 0)
			return true;
	return false;
}

static int
add_running(struct looking *x)
{
	for (unsigned int i = 0; i < x->running->n; i++)
		if (!is_in_a_job(x, x->running->seen[i].name) &&
		    !row(x, x->running->seen[i].name, ""))
			return -1;
	return 0;
}

/* "2026-11-22T20:35:13Z"; 0 if it is no time. */
static uint64_t
read_time(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && !*end ? (uint64_t)timegm(&tm) : 0;
}

static void
add_views(struct looking *x, struct status_row *is, const struct snapshot *s,
	  const struct view_report *v)
{
	is->n_snapshots++;
	if (read_time(s->created) > is->newest)
		is->newest = read_time(s->created);
	for (unsigned int i = 0; i < s->n_disks; i++) {
		const struct disk_view_health *h = &v[i].health;

		if (v[i].known && h->used > is->used)
			is->used = h->used;
		if (v[i].known && h->state == DISK_VIEW_GOOD)
			continue;
		is->lost = is->lost || !v[i].known ||
			   h->state != DISK_VIEW_IMPAIRED;
		wrong(x, is, "%s@%s: view of %s: %s", s->domain, s->name,
		      s->disks[i].vdev, h->why);
	}
}

/* All rows of its domain, and one if there is none. */
static int
add_snapshot(const struct snapshot *s, const char *domain, const char *name,
	     const struct err *bad, void *ctx)
{
	struct looking *x = ctx;
	struct view_report v[DOMAIN_DISKS_MAX];

	if (!is_in_a_job(x, domain) && !row(x, domain, ""))
		return -1;
	if (s && job_check_views(s, v, x->err))
		return -1;
	for (unsigned int i = 0; i < x->r->n; i++) {
		struct status_row *is = &x->r->rows[i];

		if (strcmp(is->domain, domain) != 0)
			continue;
		if (s) {
			add_views(x, is, s, v);
			continue;
		}
		is->n_snapshots++;
		wrong(x, is, "%s@%s: %s", domain, name, bad->text);
	}
	return 0;
}

/* ---- the story ---- */

static int
by_domain(const void *a, const void *b)
{
	const struct status_row *x = a, *y = b;
	int c = strcmp(x->domain, y->domain);

	return c ? c : strcmp(x->job, y->job);
}

int
jobs_status(const struct jobs_list *l, const struct jobs_running *running,
	    struct status_report *ret, struct err *err)
{
	struct looking x = {
		.list = l, .running = running, .r = ret, .err = err
	};

	memset(ret, 0, sizeof(*ret));
	ret->now = (uint64_t)time(NULL);
	for (unsigned int i = 0; i < l->n_bad; i++)
		if (note(&x, "%s", l->bad[i].err.text))
			return -1;
	for (unsigned int i = 0; i < l->n; i++)
		if (add_job(&x, &l->files[i]))
			return -1;
	if (add_running(&x) || job_each_snapshot(NULL, add_snapshot, &x, err))
		return -1;
	if (ret->n)
		qsort(ret->rows, ret->n, sizeof(*ret->rows), by_domain);
	return 0;
}

void
status_report_done(struct status_report *r)
{
	free(r->rows);
	free(r->notes);
	memset(r, 0, sizeof(*r));
}
