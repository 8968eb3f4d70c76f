/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_protect.c - freeze a domain, send it, lessen its snapshot to a base.
 *
 * From its first moment the snapshot's record says for which repository it was
 * made, so whatever becomes of us, the next backup that succeeds clears it
 * away.
 */
#include "job_protect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fail.h"
#include "hex.h"
#include "log.h"
#include "watchdog.h"

#define PREFIX "backup-"

struct protecting {
	const struct protect_opts *o;
	struct protect_report *report;
	struct repo *r;
	char repository[SNAPSHOT_REPO_LEN + 1];
	struct err *err;
};

/* Before anything stands still: is the repository there, and does it open? */
static int
look_at_repository(struct protecting *x)
{
	if (repo_open(&x->o->backup.how, &x->r, x->err) ||
	    repo_load(x->r, x->err))
		return -1;
	hex_text(x->r->id, REPO_ID, x->repository);
	return 0;
}

/* By the time; with a number behind it if two are of one second. */
static void
name_it(const struct protecting *x, char *name, size_t len)
{
	struct err e = ERR_INIT;
	char stamp[CLOCK_STAMP_LEN];

	clock_stamp(stamp);
	snprintf(name, len, PREFIX "%s", stamp);
	for (unsigned int n = 2; n < 100; n++) {
		err_clear(&e);
		if (snapshot_check_free(x->o->domain, name, &e) == 0 ||
		    e.code != ERR_EXISTS)
			return;
		snprintf(name, len, PREFIX "%s-%u", stamp, n);
	}
}

static int
freeze(struct protecting *x)
{
	char name[sizeof(PREFIX) + CLOCK_STAMP_LEN + 8];
	struct create_opts c = x->o->create;

	name_it(x, name, sizeof(name));
	c.base_for = x->o->keep ? NULL : x->repository;
	return job_create(x->o->domain, name, &c, &x->report->s, x->err);
}

/* What is true of the snapshot now, behind why it was not sent. */
static int
not_sent(struct protecting *x, const struct backup_opts *b)
{
	const struct snapshot *s = &x->report->s;
	struct err e = ERR_INIT;

	if (!x->o->drop_unsent)
		return err_more(x->err,
				"%s@%s is kept: `xensnap backup %s@%s %s "
				"--name %s` sends it again",
				s->domain, s->name, s->domain, s->name,
				b->how.address, b->name);
	if (job_delete(s->domain, s->name, false, &e))
		return err_more(x->err, "%s@%s stays: %s", s->domain, s->name,
				e.text);
	return err_more(x->err, "%s@%s was deleted again", s->domain, s->name);
}

static int
send(struct protecting *x)
{
	const struct snapshot *s = &x->report->s;
	struct backup_opts b = x->o->backup;

	b.domain = s->domain;
	b.snapshot = s->name;
	b.name = x->o->name ? x->o->name : s->domain;
	fail_here("protect.frozen");
	if (job_backup_into(x->r, &b, &x->report->backup, x->err) == 0)
		return 0;
	return not_sent(x, &b);
}

/* ---- what stays ---- */

/* Of a copy nobody can say what changed since. */
static void
take_copies(struct snapshot *s, struct snapshot *ret_copies)
{
	unsigned int n = 0;

	ret_copies->n_disks = 0;
	for (unsigned int i = 0; i < s->n_disks; i++)
		if (disk_view_is_copy(&s->disks[i].view))
			ret_copies->disks[ret_copies->n_disks++] = s->disks[i];
		else
			s->disks[n++] = s->disks[i];
	s->n_disks = n;
}

static int
lessen(struct protecting *x)
{
	const struct snapshot *is = &x->report->s;
	struct snapshot *both = calloc(2, sizeof(*both));
	struct snapshot *less = both, *copies;
	int lock, rc = -1;

	if (!both)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	copies = both + 1;
	*less = *is;
	if (less->mode != SNAPSHOT_OFFLINE)
		less->mode = SNAPSHOT_DISKS;
	less->memory_bytes = 0;
	less->memory_sum[0] = '\0';
	take_copies(less, copies);
	lock = snapshot_lock(is->domain, WATCHDOG_LOCK_MS, x->err);
	if (lock >= 0)
		rc = snapshot_lessen(less, x->err);
	for (unsigned int i = 0; rc == 0 && i < copies->n_disks; i++)
		rc = disk_view_drop(&copies->disks[i].view, x->err);
	if (lock >= 0)
		snapshot_unlock(is->domain, &lock);
	free(both);
	return rc;
}

/* The bases of before, oldest first. */
struct older {
	const struct protecting *x;
	unsigned int n;
	char (*names)[SNAPSHOT_NAME_MAX + 1];
};

static int
add_older(const struct snapshot *s, const char *domain, const char *name,
	  const struct err *bad, void *ctx)
{
	struct older *l = ctx;
	char(*more)[SNAPSHOT_NAME_MAX + 1];

	(void)domain;
	(void)bad;
	if (!s || strcmp(s->base_for, l->x->repository) != 0 ||
	    strcmp(s->generation, l->x->report->s.generation) == 0)
		return 0;
	more = reallocarray(l->names, l->n + 1, sizeof(*more));
	if (!more)
		return -1;
	l->names = more;
	snprintf(more[l->n++], sizeof(*more), "%s", name);
	return 0;
}

/* The backup is there: what cannot be cleared away is no failure of it. */
static void
delete_older(struct protecting *x)
{
	const char *domain = x->report->s.domain;
	struct older l = { .x = x };
	struct err e = ERR_INIT;

	if (snapshot_each(domain, add_older, &l, &e))
		log_warning("the bases of earlier backups of %s stay: %s",
			    domain, e.code ? e.text : "out of memory");
	for (unsigned int i = 0; i < l.n; i++) {
		err_clear(&e);
		if (job_delete(domain, l.names[i], false, &e))
			log_warning("%s@%s, the base of an earlier backup, "
				    "stays: %s",
				    domain, l.names[i], e.text);
		else
			x->report->n_deleted++;
		fail_here("protect.deleted");
	}
	free(l.names);
}

static void
keep_base(struct protecting *x)
{
	const struct snapshot *s = &x->report->s;

	fail_here("protect.sent");
	if (!x->o->keep && lessen(x)) {
		log_warning("%s@%s keeps its memory: %s", s->domain, s->name,
			    x->err->text);
		err_clear(x->err);
	}
	fail_here("protect.lessened");
	delete_older(x);
}

int
job_protect(const struct protect_opts *o, struct protect_report *ret,
	    struct err *err)
{
	struct protecting x = { .o = o, .report = ret, .err = err };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (look_at_repository(&x) || freeze(&x))
		goto out;
	if (o->create.dry_run)
		snprintf(ret->backup.name, sizeof(ret->backup.name), "%s",
			 o->name ? o->name : o->domain);
	else if (send(&x))
		goto out;
	else
		keep_base(&x);
	rc = 0;
out:
	repo_close(x.r);
	return rc;
}
