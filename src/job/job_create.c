/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_create.c - freeze this instant and keep it beside the disks.
 *
 * The story is job_create(): plan (create_plan.c), prepare, the instant
 * (create_instant.c), the views that can come after it, commit.  What each
 * step did is noted in `struct create`, so that create_undo() knows what to
 * take back; before each step the journal says what is coming, so that a
 * stranger (`recover`) knows as well.
 *
 * Why the instant holds (inv. 1): between the moment when the domain stands
 * still (S) and the moment when it runs again (R), a view of a disk may be
 * taken at any time, in any order with the others: requests that were under
 * way at S are still unanswered in the guest's memory and are sent again by
 * whoever resumes that memory.  A held disk extends this beyond R: what the
 * domain writes after R waits until the view is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "create.h"
#include "fail.h"
#include "fd.h"
#include "job.h"
#include "journal.h"
#include "log.h"
#include "memory_sum.h"
#include "reverting.h"

/* ---- prepare: what can be made while the domain runs ---- */

static int
prepare_folder(struct create *c)
{
	const char *file = snapshot_config_file(c->s->mode);
	char *config;
	int rc;

	c->dirfd = snapshot_begin(c->s, c->err);
	if (c->dirfd < 0)
		return -1;
	c->begun = true;
	if (journal_begin(&c->journal, c->dirfd, c->s->generation, &c->info,
			  &c->monitor, c->err))
		return -1;
	config = domain_config(c->domain, c->err);
	if (!config)
		return -1;
	rc = fd_write_file(c->dirfd, file, config, strlen(config), c->err);
	free(config);
	if (rc || !snapshot_has_memory(c->s->mode))
		return rc;
	c->memfd = openat(c->dirfd, SNAPSHOT_MEMORY,
			  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	return c->memfd < 0 ? err_set(c->err, ERR_IO, errno, "make %s",
				      SNAPSHOT_MEMORY) :
			      0;
}

static int
prepare_views(struct create *c)
{
	unsigned int i;

	for (i = 0; i < c->n_disks; i++) {
		c->disks[i]->folder = c->dirfd;
		c->disks[i]->watch = &c->watch;
		if (cancel_check(c->err) ||
		    journal_view(&c->journal, c->disks[i], c->err))
			return -1;
		c->n_views = i + 1;
		if (disk_prepare(c->disks[i], c->err))
			return err_add(c->err, "disk %s", c->s->disks[i].vdev);
	}
	return 0;
}

static int
create_prepare(struct create *c)
{
	if (prepare_folder(c) || prepare_views(c) || create_stage_open(c))
		return -1;
	disk_warm(c->disks, c->n_disks);
	return 0;
}

/* ---- commit ---- */

static double
ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e6 : 0;
}

static void
add_phase(struct snapshot *s, const char *name, uint64_t from, uint64_t to)
{
	struct snapshot_phase *p = &s->phases[s->n_phases++];

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->ms = ms_between(from, to);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The phases are laid end to end: together they are the pause.  The memory may
 * be written before all disks are held. */
static void
record_pause(struct create *c)
{
	const struct domain_times *t = &c->times;
	uint64_t saved_ns = later(t->saved_ns, c->held_ns);
	struct snapshot *s = c->s;

	s->pause_ms = ms_between(t->suspended_ns, t->resumed_ns);
	add_phase(s, "hold", t->suspended_ns, c->held_ns);
	add_phase(s, "memory", c->held_ns, saved_ns);
	add_phase(s, "views", saved_ns, c->viewed_ns);
	add_phase(s, s->mode == SNAPSHOT_REBUILD ? "rebuild" : "resume",
		  c->viewed_ns, t->resumed_ns);
}

/* The same of the disks alone. */
static void
record_still(struct create *c)
{
	const struct domain_times *t = &c->times;
	struct snapshot *s = c->s;

	s->pause_ms = ms_between(t->suspended_ns, t->resumed_ns);
	add_phase(s, "views", t->suspended_ns, c->viewed_ns);
	add_phase(s, "hold", c->viewed_ns, c->held_ns);
	add_phase(s, "resume", c->held_ns, t->resumed_ns);
}

/* A domain that stands still waits for its disks too. */
static void
record_disks(struct create *c)
{
	bool stood_still = c->times.resumed_ns != 0;
	unsigned int i;

	for (i = 0; i < c->n_disks; i++) {
		const struct disk *d = c->disks[i];
		uint64_t from = stood_still ? c->times.suspended_ns :
					      d->held_ns;
		uint64_t to = d->freed_ns;

		if (stood_still && to < c->times.resumed_ns)
			to = c->times.resumed_ns;
		c->s->disks[i].io_stall_ms = ms_between(from, to);
		c->s->disks[i].view = d->ref;
	}
}

static int
commit_memory(struct create *c)
{
	struct stat st;

	record_pause(c);
	if (fd_sync(c->memfd, SNAPSHOT_MEMORY, c->err))
		return -1;
	if (fstat(c->memfd, &st))
		return err_set(c->err, ERR_IO, errno, "look at %s",
			       SNAPSHOT_MEMORY);
	c->s->memory_bytes = (uint64_t)st.st_size;
	return memory_sum(c->memfd, c->s->memory_sum, c->err);
}

static int
sync_views(struct create *c)
{
	unsigned int i;

	for (i = 0; i < c->n_disks; i++)
		if (cancel_check(c->err) || disk_sync(c->disks[i], c->err))
			return err_add(c->err, "disk %s", c->s->disks[i].vdev);
	return 0;
}

static int
create_commit(struct create *c)
{
	record_disks(c);
	if (c->pause)
		record_still(c);
	if (sync_views(c))
		return -1;
	if (snapshot_has_memory(c->s->mode) && commit_memory(c))
		return -1;
	if (cancel_check(c->err) ||
	    journal_step(&c->journal, JOURNAL_COMMIT, c->err))
		return -1;
	return snapshot_commit(c->s, c->dirfd, c->err);
}

/* From here to there the domain or its disks stand still. */
static int
instant(struct create *c)
{
	int rc;

	if (c->s->mode == SNAPSHOT_REBUILD)
		rc = create_rebuild(c);
	else if (snapshot_has_memory(c->s->mode))
		rc = create_instant(c) || create_views(c);
	else if (c->still)
		rc = create_still(c) || create_views(c);
	else
		rc = create_hold(c) || create_views(c);
	if (rc || journal_step(&c->journal, JOURNAL_RESUMED, c->err))
		return -1;
	/* Whoever pauses or ends it from now on means it. */
	if (c->pause || c->s->mode == SNAPSHOT_REBUILD)
		return create_runs_on(c);
	return 0;
}

/* ---- undo ---- */

/*
 * Take everything back, in the reverse order, going on after a failure; the
 * text of the error that brought us here gets what is true now.
 */
static void
create_undo(struct create *c)
{
	struct err e = ERR_INIT;
	unsigned int i, left = 0;

	if (!c->begun)
		return;
	/* Who puts that right needs the journal, and finds it by its folder. */
	if (c->left_gone || c->left_standing || c->left_held) {
		err_more(c->err, "%s: run `xensnap recover %s`",
			 c->left_gone ? "the domain MAY BE GONE; its memory is "
					"whole" :
			 c->left_standing ? "the domain MAY STAND STILL" :
					    "a disk of it MAY STAND STILL",
			 c->s->domain);
		return;
	}
	if (c->journal.fd >= 0 && journal_step(&c->journal, JOURNAL_UNDO, &e))
		log_warning("%s", e.text);
	for (i = 0; i < c->n_views; i++) {
		err_clear(&e);
		if (disk_view_drop(&c->disks[i]->ref, &e)) {
			log_warning("view %s was left: %s",
				    c->disks[i]->ref.view, e.text);
			left++;
		}
		fail_here("undo.view");
	}
	err_clear(&e);
	if (left == 0 && snapshot_abort(c->s->domain, c->s->name, &e)) {
		log_warning("%s", e.text);
		left++;
	}
	if (left)
		err_more(c->err, "not all was undone: run `xensnap recover %s`",
			 c->s->domain);
	else
		err_more(c->err, c->s->mode == SNAPSHOT_OFFLINE ?
					 "nothing was kept" :
					 "the domain runs, nothing was kept");
}

static void
create_done(struct create *c)
{
	unsigned int i;

	journal_end(&c->journal);
	/* A save that failed may still be at work on the file. */
	domain_close(c->domain);
	fd_close(&c->memfd);
	fd_close(&c->stagefd);
	fd_close(&c->dirfd);
	for (i = 0; i < c->n_disks; i++)
		disk_close(c->disks[i]);
	watchdog_stop(&c->watchdog);
}

int
job_create(const char *domain, const char *name, const struct create_opts *opts,
	   struct snapshot *ret, struct err *err)
{
	struct create c = {
		.s = ret,
		.opts = opts,
		.dirfd = -1,
		.memfd = -1,
		.stagefd = -1,
		.journal = JOURNAL_INIT,
		.watchdog = WATCHDOG_INIT,
		.err = err,
	};
	int lock = -1;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	lock = snapshot_lock(domain, 0, err);
	if (lock < 0 || watchdog_start(&c.watchdog, err))
		goto out;
	/* LVM outlives us: until it is done nobody else is to begin. */
	disk_set_alive_fd(lock);
	if (reverting_check(domain, err) || create_plan(&c, domain, name))
		goto out;
	if (opts->dry_run) {
		rc = 0;
		goto out;
	}
	if (create_prepare(&c) || instant(&c) || create_still_off(&c) ||
	    create_stage_copy(&c) || create_commit(&c)) {
		create_undo(&c);
		goto out;
	}
	rc = 0;
out:
	create_done(&c);
	disk_set_alive_fd(-1);
	snapshot_unlock(domain, &lock);
	return rc;
}
