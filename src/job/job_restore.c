/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_restore.c - out of a repository: open it, find the backup, plan where its
 * disks go, drain them, and when all are there and durable let them be seen;
 * then its domain may start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "drain.h"
#include "fail.h"
#include "fd.h"
#include "job_repo.h"
#include "log.h"
#include "repo_index.h"
#include "restore_config.h"
#include "restore_memory.h"
#include "restore_plan.h"
#include "restore_start.h"

struct restoring {
	const struct restore_opts *o;
	struct repo *r;
	struct index *ix;
	const struct repo_commit *commit;
	const struct backup *b;
	struct restore_plan p;
	struct restore_config c;
	struct restore_start s;
	struct restore_report *report;
	struct err *err;
};

/* ---- which backup, and where to ---- */

static int
find_backup(struct restoring *x)
{
	x->commit = repo_backup(x->r, x->o->backup, x->err);
	if (!x->commit)
		return -1;
	x->b = &x->commit->outcome.backup;
	memcpy(x->report->session, x->commit->session, SESSION_ID);
	memcpy(x->report->name, x->b->name, sizeof(x->report->name));
	return 0;
}

static struct getter *
open_getter(struct restoring *x)
{
	if (!x->ix)
		x->ix = repo_index(x->r, x->commit->realm, x->err);
	return x->ix ? getter_new(x->r, x->ix, x->commit->realm, x->err) : NULL;
}

/* To @to, or nowhere yet. */
static struct restore_memory
memory_of(const struct restoring *x, int to)
{
	return (struct restore_memory){
		.r = x->r,
		.ix = x->ix,
		.realm = x->commit->realm,
		.b = x->b,
		.to = to,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
}

static int
plan_start(struct restoring *x)
{
	struct restore_memory m;
	struct getter *g;
	int rc;

	if (!x->o->start)
		return 0;
	g = open_getter(x);
	if (!g)
		return -1;
	rc = restore_start_plan(&x->s, x->o, g, x->b, &x->p, x->err);
	getter_free(g);
	m = memory_of(x, -1);
	m.progress = NULL;
	return rc || restore_start_check_memory(&x->s, &m, x->err) ? -1 : 0;
}

static int
plan(struct restoring *x)
{
	struct restore_plan *p = &x->p;

	if (restore_plan(x->o, x->b, p, x->err))
		return -1;
	if (p->dir[0] && !p->make_dir && !x->o->in_place &&
	    !name_is_zero(x->b->config) && restore_config_check(p->dir, x->err))
		return -1;
	return plan_start(x);
}

/* ---- make ---- */

/* The configuration tells where the disks are: by names that last. */
static int
make_folder(struct restoring *x)
{
	struct restore_plan *p = &x->p;
	char full[PATH_MAX];

	if (!p->dir[0])
		return 0;
	if (p->make_dir && mkdir(p->dir, 0700))
		return err_set(x->err, ERR_IO, errno, "make folder %s", p->dir);
	p->made_dir = p->make_dir;
	if (!realpath(p->dir, full))
		return err_set(x->err, ERR_IO, errno, "find folder %s", p->dir);
	for (unsigned int i = 0; i < p->n; i++) {
		struct target *t = &p->targets[i];
		char name[NAME_MAX + 1];

		strcpy(name, strrchr(t->path, '/') + 1);
		if (snprintf(t->path, sizeof(t->path), "%s/%s", full, name) >=
		    (int)sizeof(t->path))
			return err_set(x->err, ERR_INVALID, 0,
				       "the path of %s is too long", name);
	}
	strcpy(p->dir, full);
	return 0;
}

static int
make_config(struct restoring *x)
{
	struct getter *g;
	int rc;

	if (x->o->start && restore_start_config(&x->s, x->o, &x->p, x->err))
		return -1;
	if (!x->p.dir[0])
		return 0;
	g = open_getter(x);
	if (!g)
		return -1;
	rc = restore_config_make(g, x->b, &x->p, x->s.cfg, &x->c, x->err);
	getter_free(g);
	return rc;
}

static int
open_all(struct restoring *x)
{
	if (!x->ix)
		x->ix = repo_index(x->r, x->commit->realm, x->err);
	if (!x->ix || make_folder(x) || make_config(x))
		return -1;
	for (unsigned int i = 0; i < x->p.n; i++)
		if (target_open(&x->p.targets[i], x->err))
			return -1;
	return 0;
}

/* ---- drain ---- */

static int
drain_memory(struct restoring *x, struct target *t)
{
	struct restore_memory m = memory_of(x, t->fd);

	if (restore_memory(&m, &t->written_bytes, x->err))
		return -1;
	fail_here("restore.memory");
	return target_finish(t, x->err);
}

static int
drain(struct restoring *x, struct target *t)
{
	struct drain d = {
		.r = x->r,
		.ix = x->ix,
		.realm = x->commit->realm,
		.disk = t->disk,
		.what = t->disk->vdev,
		.to = t->fd,
		.in_place = !target_is_new(t),
		.stream = t->kind == TARGET_STREAM,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct drain_count n;

	if (drain_disk(&d, &n, x->err))
		return -1;
	t->written_bytes = n.written_bytes;
	t->kept_bytes = n.kept_bytes;
	fail_here("restore.disk");
	return target_finish(t, x->err);
}

static int
drain_all(struct restoring *x)
{
	for (unsigned int i = 0; i < x->p.n; i++)
		if (x->p.targets[i].memory ? drain_memory(x, &x->p.targets[i]) :
					     drain(x, &x->p.targets[i]))
			return -1;
	return 0;
}

/* The new folder itself is durable when the folder that it is in is. */
static int
sync_parent(const char *dir, struct err *err)
{
	char parent[PATH_MAX + 3];
	int fd, rc;

	snprintf(parent, sizeof(parent), "%s/..", dir);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open folder %s", parent);
	rc = fd_sync(fd, parent, err);
	fd_close(&fd);
	return rc;
}

/* Those of a domain that starts do not stay as they are. */
static int
keep_all(struct restoring *x)
{
	if (!x->o->start && restore_config_record(&x->c, &x->p, x->err))
		return -1;
	for (unsigned int i = 0; i < x->p.n; i++)
		if (target_keep(&x->p.targets[i], x->err))
			return -1;
	if (restore_config_keep(&x->c, x->p.dir, x->o->in_place, x->err))
		return -1;
	return x->p.made_dir ? sync_parent(x->p.dir, x->err) : 0;
}

/* ---- start it ---- */

/* Its disks took hours, and are whole: they stay. */
static int
start_it(struct restoring *x)
{
	struct restore_memory m = memory_of(x, -1);

	if (!x->o->start)
		return 0;
	/* Those who start it want its disks for themselves. */
	for (unsigned int i = 0; i < x->p.n; i++)
		target_close(&x->p.targets[i]);
	if (restore_start_run(&x->s, &m, x->err) == 0)
		return 0;
	/* Whoever made that removes it. */
	if (x->o->clone)
		return -1;
	return err_more(x->err,
			"its disks are restored, and stay (config: "
			"%s); the same command with --in-place, and "
			"--map for new volumes, goes on from there",
			x->s.config);
}

/* ---- the end ---- */

static void
report_start(const struct restoring *x)
{
	struct restore_report *r = x->report;

	if (!x->o->start)
		return;
	strcpy(r->domain, x->s.name);
	strcpy(r->uuid, x->s.uuid);
	strcpy(r->config, x->s.config);
	r->memory = x->s.memory;
	r->left = x->s.left;
}

static int
report(struct restoring *x)
{
	struct restore_report *r = x->report;

	r->disks = calloc((size_t)x->p.n + 1, sizeof(*r->disks));
	if (!r->disks)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	for (; r->n_disks < x->p.n; r->n_disks++) {
		const struct target *t = &x->p.targets[r->n_disks];
		struct restore_disk *d = &r->disks[r->n_disks];

		memcpy(d->vdev, t->disk->vdev, sizeof(d->vdev));
		memcpy(d->to, t->path, sizeof(d->to));
		d->bytes = t->memory ? t->disk->read_bytes : t->disk->bytes;
		r->bytes += d->bytes;
		r->written_bytes += d->written_bytes = t->written_bytes;
		r->kept_bytes += d->kept_bytes = t->kept_bytes;
	}
	for (; r->n_files < x->c.n; r->n_files++)
		memcpy(r->files[r->n_files], x->c.files[r->n_files].name,
		       sizeof(r->files[0]));
	report_start(x);
	return 0;
}

static void
undo(struct restoring *x)
{
	restore_config_undo(&x->c, x->err);
	restore_config_done(&x->c);
	for (unsigned int i = 0; i < x->p.n; i++)
		target_undo(&x->p.targets[i], x->err);
	if (x->p.made_dir && rmdir(x->p.dir))
		log_warning("%s was left: %s", x->p.dir, strerror(errno));
}

void
restore_report_done(struct restore_report *r)
{
	free(r->disks);
	r->disks = NULL;
	r->n_disks = 0;
}

int
job_restore(const struct restore_opts *o, struct restore_report *ret,
	    struct err *err)
{
	struct restoring x = { .o = o, .report = ret, .err = err };
	uint64_t start = clock_ns();
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (repo_open(&o->how, &x.r, err) || repo_load(x.r, err) ||
	    find_backup(&x) || plan(&x))
		goto out;
	if (!o->dry_run && (open_all(&x) || drain_all(&x) || keep_all(&x))) {
		undo(&x);
		goto out;
	}
	if (!o->dry_run && start_it(&x))
		goto out;
	rc = report(&x);
	ret->seconds = clock_ms_since(start) / 1e3;
out:
	restore_start_done(&x.s);
	restore_config_done(&x.c);
	restore_plan_done(&x.p);
	index_free(x.ix);
	repo_close(x.r);
	return rc;
}
