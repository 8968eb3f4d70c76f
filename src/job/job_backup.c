/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_backup.c - into a repository: open what is to be backed up, begin a
 * session, fill its disks, commit.
 */
#include <stdlib.h>
#include <string.h>

#include "backup_source.h"
#include "clock.h"
#include "fail.h"
#include "fill.h"
#include "job_repo.h"

struct backing_up {
	const struct backup_opts *o;
	struct source *from;
	struct repo *r;
	struct put *put;
	struct backup_report *report;
	struct err *err;
};

/* What is known before anything is read: all that a dry run tells. */
static int
describe(struct backing_up *x)
{
	const struct source *from = x->from;
	struct backup_report *r = x->report;

	memcpy(r->name, from->b.name, sizeof(r->name));
	r->memory_left_out = from->memory;
	r->disks = calloc(from->n_disks, sizeof(*r->disks));
	if (!r->disks)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	for (; r->n_disks < from->n_disks; r->n_disks++) {
		const struct source_disk *d = &from->disks[r->n_disks];
		struct backup_disk *to = &r->disks[r->n_disks];

		memcpy(to->vdev, d->vdev, sizeof(to->vdev));
		memcpy(to->source, d->path, sizeof(to->source));
		memcpy(to->format, d->format, sizeof(to->format));
		to->bytes = d->bytes;
		r->bytes += d->bytes;
	}
	return 0;
}

/* A lone disk is told by the name of its backup. */
static int
fill_disk_of(struct backing_up *x, unsigned int i, struct filled *ret)
{
	const struct source_disk *d = &x->from->disks[i];
	struct fill f = {
		.r = x->r,
		.put = x->put,
		.what = x->from->b.from == FROM_DISK ? x->from->b.name :
						       d->vdev,
		.from = d->fd,
		.bytes = d->bytes,
		.stream = d->stream,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};

	if (fill_disk(&f, ret, x->err))
		return -1;
	if (source_disk_done(x->from, i, x->err))
		return err_add(x->err, "disk %s", d->vdev);
	fail_here("backup.disk");
	return 0;
}

static int
fill(struct backing_up *x, unsigned int i)
{
	struct backup_disk *to = &x->report->disks[i];
	struct put_count before, after;
	struct filled n;

	put_counts(x->put, &before);
	if (fill_disk_of(x, i, &n))
		return -1;
	put_counts(x->put, &after);
	x->report->bytes += n.bytes - to->bytes;
	memcpy(to->root, n.root, NAME_BYTES);
	to->levels = n.levels;
	to->bytes = n.bytes;
	to->how = n.holes ? HOW_DATA : HOW_WHOLE;
	strcpy(to->why, "no table of changes");
	to->read_bytes = n.read_bytes;
	to->changed_bytes = after.new_bytes - before.new_bytes;
	x->report->read_bytes += n.read_bytes;
	return 0;
}

static int
fill_all(struct backing_up *x)
{
	for (unsigned int i = 0; i < x->report->n_disks; i++)
		if (fill(x, i))
			return -1;
	return 0;
}

static int
put_config(struct backing_up *x)
{
	struct source *from = x->from;
	struct blob_piece piece = {
		.type = PIECE_CONFIG,
		.len = (uint32_t)from->config_bytes,
		.p = (const uint8_t *)from->config,
	};
	struct putter *t;
	int rc;

	if (!from->config)
		return 0;
	t = putter_new(x->put, x->err);
	if (!t)
		return -1;
	rc = putter_put(t, &piece, 1, from->b.config, x->err);
	putter_free(t);
	from->b.config_bytes = piece.len;
	fail_here("backup.config");
	return rc;
}

static int
commit(struct backing_up *x)
{
	struct backup b = x->from->b;
	struct put_count stored;

	b.n_disks = x->report->n_disks;
	b.disks = x->report->disks;
	if (put_commit(x->put, &b, x->report->session, x->err))
		return -1;
	put_counts(x->put, &stored);
	x->report->new_bytes = stored.new_bytes;
	x->report->stored_bytes = stored.stored_bytes;
	return 0;
}

static int
begin(struct backing_up *x)
{
	struct put_how how = {
		.purpose = PURPOSE_BACKUP,
		.realm = x->r->key->realm,
		.level = x->o->level ? x->o->level : PRESS_LEVEL_DEFAULT,
	};

	x->put = put_begin(x->r, &how, x->err);
	return x->put ? 0 : -1;
}

void
backup_report_done(struct backup_report *r)
{
	free(r->disks);
	r->disks = NULL;
	r->n_disks = 0;
}

int
job_backup(const struct backup_opts *o, struct backup_report *ret,
	   struct err *err)
{
	struct backing_up x = { .o = o, .report = ret, .err = err };
	uint64_t start = clock_ns();
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (source_open(o, &x.from, err) || describe(&x) ||
	    repo_open(&o->how, &x.r, err))
		goto out;
	if (o->dry_run) {
		rc = repo_load(x.r, err);
		goto out;
	}
	if (begin(&x) || fill_all(&x) || put_config(&x) ||
	    source_check(x.from, err) || commit(&x))
		goto out;
	ret->seconds = clock_ms_since(start) / 1e3;
	rc = 0;
out:
	put_free(x.put);
	repo_close(x.r);
	source_close(x.from);
	return rc;
}
