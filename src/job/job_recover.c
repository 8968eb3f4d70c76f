/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_recover.c - finish or undo what dead processes left behind.
 *
 * Five kinds of leftovers, each told by what it is and not by when it was:
 *
 *   partial folder    create or import died.  With a whole record and a
 *                     journal that says "commit", all views are made: finish
 *                     it.  Else the domain is put right and everything is
 *                     taken back.
 *   deleting folder   delete died: finish it.
 *   ".revert"         revert died: finish it.
 *   ".clone"          that does not say "made": clone died, remove it.
 *   view without any  the folder is gone (or was never durable) and the view
 *   record            carries our tags: remove it.
 *
 * A domain on which a process is at work is locked, and left to it.  After a
 * crash of the host nothing runs any more that could be put right: the boot
 * id in the journal tells, and only views and folders are dealt with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "delete.h"
#include "fail.h"
#include "fd.h"
#include "job.h"
#include "journal.h"
#include "log.h"
#include "recover.h"
#include "revert.h"
#include "watchdog.h"

/* NULL: there was no room for it. */
struct recover_note *
recover_tell(struct recover *r, const char *what, const char *did)
{
	struct recover_report *report = r->report;
	struct recover_note *n = &report->notes[report->n_notes];

	if (report->n_notes == RECOVER_NOTES_MAX) {
		report->n_more++;
		return NULL;
	}
	memset(n, 0, sizeof(*n));
	snprintf(n->what, sizeof(n->what), "%s", what);
	snprintf(n->did, sizeof(n->did), "%s%s", r->dry_run ? "would be " : "",
		 did);
	report->n_notes++;
	return n;
}

void
recover_failed(struct recover *r, const char *what, const struct err *e)
{
	r->report->n_failed++;
	log_warning("%s: %s", what, e->text);
}

/* ---- create died ---- */

static int
undo_create(struct recover *r, const struct journal_story *story,
	    const char *domain, const char *name, const char *what)
{
	struct put_right did;
	char text[200];
	unsigned int i;

	if (recover_put_right(story, domain, name, &did, r->err))
		return -1;
	fail_here("recover.put_right");
	for (i = 0; i < story->n_views; i++) {
		if (disk_view_drop(&story->views[i], r->err))
			return -1;
		fail_here("recover.view");
	}
	if (snapshot_abort(domain, name, r->err))
		return -1;
	snprintf(text, sizeof(text),
		 "undone: create or import died at step \"%s\"%s%s%s",
		 journal_step_name(story->last),
		 did.restored ? "; the domain was gone and was restored" : "",
		 did.resumed ? "; the domain stood still and was resumed" : "",
		 did.n_released ? "; held disks were let go on" : "");
	recover_tell(r, what, text);
	return 0;
}

/* Only what makes the domain run. */
static int
run_again(struct recover *r, const struct journal_story *story,
	  const char *domain, const char *name, const char *what)
{
	struct put_right did;

	if (r->dry_run)
		return 0;
	if (recover_put_right(story, domain, name, &did, r->err))
		return -1;
	if (did.restored)
		recover_tell(r, what, "the domain was gone and was restored");
	if (did.resumed)
		recover_tell(r, what, "the domain stood still and was resumed");
	if (did.n_released)
		recover_tell(r, what, "held disks were let go on");
	return 0;
}

static int
recover_partial(struct recover *r, int dirfd, const char *domain,
		const char *name, const char *what)
{
	struct journal_story *story = calloc(1, sizeof(*story));
	struct snapshot *s = calloc(1, sizeof(*s));
	struct recover_note *n;
	struct err e = ERR_INIT;
	int rc = -1;

	if (!story || !s) {
		err_set(r->err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (journal_read(dirfd, story, r->err))
		goto out;
	if (r->run_only) {
		rc = run_again(r, story, domain, name, what);
		goto out;
	}
	if (story->last == JOURNAL_COMMIT &&
	    snapshot_load_dir(dirfd, s, &e) == 0) {
		fail_here("recover.commit");
		if (!r->dry_run && snapshot_end_commit(domain, name, r->err))
			goto out;
		fail_here("recover.committed");
		recover_tell(r, what, "finished: all was made but its name");
	} else if (r->dry_run) {
		n = recover_tell(r, what, "undone: create or import died");
		if (n)
			n->touched = recover_touched(story->last);
	} else if (undo_create(r, story, domain, name, what)) {
		goto out;
	}
	rc = 0;
out:
	free(story);
	free(s);
	return rc;
}

/* ---- delete died ---- */

static int
recover_deleting(struct recover *r, int dirfd, const char *domain,
		 const char *name, const char *what)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct err e = ERR_INIT;
	int rc = -1;

	if (!s)
		return err_set(r->err, ERR_NOMEM, 0, "out of memory");
	if (snapshot_load_dir(dirfd, s, &e)) {
		/* The record goes last, so without one the views are gone. */
		if (e.code != ERR_NOTFOUND) {
			*r->err = e;
			goto out;
		}
		rc = r->dry_run ? 0 : snapshot_end_delete(domain, name, r->err);
	} else if (strcmp(s->domain, domain) != 0 ||
		   strcmp(s->name, name) != 0) {
		err_set(r->err, ERR_CORRUPT, 0, "its record says it is %s@%s",
			s->domain, s->name);
	} else {
		rc = r->dry_run ? 0 : delete_rest(s, r->err);
	}
	if (rc == 0)
		recover_tell(r, what, "finished: it was being deleted");
out:
	free(s);
	return rc;
}

static int
recover_one(enum snapshot_leftover kind, int dirfd, const char *domain,
	    const char *name, void *ctx)
{
	struct recover *r = ctx;
	char what[2 * SNAPSHOT_NAME_MAX + 2];
	struct err e = ERR_INIT;
	struct recover one = *r;
	int rc = -1;

	one.err = &e;
	snprintf(what, sizeof(what), "%s@%s", domain, name);
	switch (kind) {
	case SNAPSHOT_PARTIAL:
		rc = recover_partial(&one, dirfd, domain, name, what);
		break;
	case SNAPSHOT_DELETING:
		rc = r->run_only ?
			     0 :
			     recover_deleting(&one, dirfd, domain, name, what);
		break;
	}
	if (rc)
		recover_failed(r, what, &e);
	return 0;
}

/* ---- revert died ---- */

static int
finish_revert(struct reverting *was, struct revert_report *did, struct err *err)
{
	static const struct revert_opts o = { .progress = NULL };
	struct revert_target *t = calloc(1, sizeof(*t));
	int rc = -1;

	if (!t)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (revert_hold(was->domain, was->name, t, err) == 0) {
		if (strcmp(t->held.s.generation, was->generation) == 0)
			rc = revert_finish(was, t, &o, did, err);
		else
			err_set(err, ERR_STATE, 0,
				"%s@%s is another snapshot now", was->domain,
				was->name);
	}
	revert_drop(t);
	free(t);
	return rc;
}

/* Only forward: its disks may be half of the one and half of the other. */
static int
recover_revert(struct recover *r, const char *domain)
{
	struct revert_report did = { .n_disks = 0 };
	struct recover_note *n;
	struct reverting was;
	char text[200];
	int is = reverting_read(domain, &was, r->err);

	if (is < 0)
		return -1;
	/* One that died before it was written may have left its config. */
	if (is == 0)
		return r->dry_run ? 0 : reverting_end(domain, r->err);
	if (!r->dry_run && finish_revert(&was, &did, r->err))
		return err_add(r->err, "revert to %s@%s", domain, was.name);
	snprintf(text, sizeof(text), "finished: revert to %s died%s", was.name,
		 did.memory  ? "; the domain goes on from there" :
		 did.started ? "; the domain runs" :
			       "");
	n = recover_tell(r, domain, text);
	if (n)
		n->touched = true;
	return 0;
}

/* ---- clone died ---- */

static int
recover_clone(struct recover *r, const char *domain)
{
	struct cloned *c = calloc(1, sizeof(*c));
	struct recover_note *n;
	int rc = -1, is;

	if (!c)
		return err_set(r->err, ERR_NOMEM, 0, "out of memory");
	is = cloned_read(domain, c, r->err);
	if (is <= 0 || c->made) {
		rc = is < 0 ? -1 : 0;
		goto out;
	}
	if (!r->dry_run && clone_remove(c, r->err)) {
		err_add(r->err, "clone of %s@%s", c->from, c->name);
		goto out;
	}
	n = recover_tell(r, domain,
			 "removed: a clone that was being made, or removed");
	if (n)
		n->touched = true;
	if (!r->dry_run)
		clone_tidy(c->from, c->name);
	rc = 0;
out:
	free(c);
	return rc;
}

/* ---- the story ---- */

static void
look_at_domain(struct recover *r, const char *domain)
{
	struct err e = ERR_INIT;

	if (snapshot_leftovers(domain, recover_one, r, &e) ||
	    (!r->run_only &&
	     (recover_revert(r, domain) || recover_clone(r, domain) ||
	      recover_views(r, domain))))
		recover_failed(r, domain, e.code ? &e : r->err);
}

/*
 * A dry run holds no lock: it would be in the way of a create, which does not
 * wait.  What it saw while somebody else was at work does not count.
 */
static void
look_only(struct recover *r, const char *domain)
{
	struct recover_report *report = r->report;
	bool busy = snapshot_is_busy(domain);
	unsigned int n = report->n_notes;
	struct recover_note *told;

	if (!busy) {
		look_at_domain(r, domain);
		busy = snapshot_is_busy(domain);
	}
	if (!busy)
		return;
	report->n_notes = n;
	told = recover_tell(r, domain,
			    "left alone: a process is at work on it");
	if (told)
		told->busy = true;
}

static int
recover_domain(const char *domain, void *ctx)
{
	struct recover *r = ctx;
	struct err e = ERR_INIT;
	int lock;

	if (r->dry_run) {
		look_only(r, domain);
		return 0;
	}
	lock = snapshot_lock(domain, WATCHDOG_LOCK_MS, &e);
	if (lock < 0) {
		if (e.code != ERR_BUSY) {
			*r->err = e;
			return -1;
		}
		log_warning("%s: left alone: %s", domain, e.text);
		return 0;
	}
	disk_set_alive_fd(lock);
	look_at_domain(r, domain);
	disk_set_alive_fd(-1);
	snapshot_unlock(domain, &lock);
	return 0;
}

static int
is_domain(const char *domain, void *ctx)
{
	return strcmp(domain, ctx) == 0 ? -1 : 0;
}

/* Has @domain no folder, and is @i the first view that tells of it? */
static bool
is_unheard(char *const *owners, unsigned int i, char *domain)
{
	char name[SNAPSHOT_NAME_MAX + 1];
	struct err e = ERR_INIT;
	unsigned int k;
	size_t len;

	if (snapshot_split_name(owners[i], true, domain, name, &e))
		return false;
	len = strlen(domain) + 1;
	for (k = 0; k < i; k++)
		if (strncmp(owners[k], owners[i], len) == 0)
			return false;
	return snapshot_domains(is_domain, domain, &e) == 0;
}

/* Domains of which only a tagged view tells: their folder is gone. */
static int
recover_unheard(struct recover *r)
{
	struct disk_view_ref *refs = NULL;
	char domain[SNAPSHOT_NAME_MAX + 1];
	char **owners = NULL;
	unsigned int i, n = 0;
	int rc = 0;

	if (disk_find_views(&refs, &owners, &n, r->err))
		return -1;
	for (i = 0; i < n && rc == 0; i++)
		if (is_unheard(owners, i, domain))
			rc = recover_domain(domain, r);
	for (i = 0; i < n; i++)
		free(owners[i]);
	free(owners);
	free(refs);
	return rc;
}

/*
 * A backup that died while it asked a thin pool what has changed.  Not tried in
 * a dry run: whether there is anything only the attempt tells.
 */
static int
recover_tables(struct recover *r)
{
	unsigned int n = 0;
	int rc;

	if (r->dry_run)
		return 0;
	rc = disk_changes_recover(&n, r->err);
	if (n)
		recover_tell(r, "metadata snapshot of a thin pool", "released");
	return rc;
}

int
job_recover(const char *domain, bool dry_run, struct recover_report *ret,
	    struct err *err)
{
	struct recover r = { .report = ret, .dry_run = dry_run, .err = err };

	memset(ret, 0, sizeof(*ret));
	if (domain)
		return recover_domain(domain, &r);
	if (snapshot_domains(recover_domain, &r, err))
		return -1;
	if (recover_unheard(&r))
		return -1;
	return recover_tables(&r);
}

int
job_recover_run(const char *domain, bool dry_run, struct recover_report *ret,
		struct err *err)
{
	struct recover r = {
		.report = ret, .dry_run = dry_run, .run_only = true, .err = err
	};

	memset(ret, 0, sizeof(*ret));
	return recover_domain(domain, &r);
}
