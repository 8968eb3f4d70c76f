/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_backup.c - into a repository: open what is to be backed up, begin a
 * session, fill its disks, commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_parent.h"
#include "backup_source.h"
#include "clock.h"
#include "fail.h"
#include "fill.h"
#include "hex.h"
#include "job_repo.h"
#include "log.h"

struct backing_up {
	const struct backup_opts *o;
	struct source *from;
	struct repo *r;
	struct put *put;
	struct parent parent;
	bool is_incremental; /* some disk is compared to the parent's */
	struct backup_report *report;
	struct err *err;
};

struct backup_texts {
	char source[TEXT_MAX + 1];
	char why[OUTCOME_TEXT];
};

/* What is known before anything is read: all that a dry run tells. */
static int
describe(struct backing_up *x)
{
	const struct source *from = x->from;
	struct backup_report *r = x->report;

	memcpy(r->name, from->b.name, sizeof(r->name));
	r->disks = calloc(source_n_all(from), sizeof(*r->disks));
	r->texts = calloc(source_n_all(from), sizeof(*r->texts));
	if (!r->disks || !r->texts)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	r->n_disks = from->n_disks;
	r->memory = from->memory;
	for (unsigned int i = 0; i < source_n_all(from); i++) {
		const struct source_disk *d = &from->disks[i];
		struct backup_disk *to = &r->disks[i];

		memcpy(to->vdev, d->vdev, sizeof(to->vdev));
		memcpy(r->texts[i].source, d->path, sizeof(d->path));
		to->source = r->texts[i].source;
		to->why = r->texts[i].why;
		memcpy(to->format, d->format, sizeof(to->format));
		to->bytes = d->bytes;
		if (i < from->n_disks)
			r->bytes += d->bytes;
	}
	return 0;
}

/* A lone disk is told by the name of its backup. */
static int
fill_disk_of(struct backing_up *x, unsigned int i, const struct fill_base *base,
	     struct filled *ret)
{
	const struct source_disk *d = &x->from->disks[i];
	struct reader_fd fd = reader_fd(d->fd);
	struct fill f = {
		.r = x->r,
		.put = x->put,
		.what = x->from->b.from == FROM_DISK ? x->from->b.name :
						       d->vdev,
		.from = d->from ? d->from : &fd.base,
		.bytes = d->bytes,
		.base = base,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};

	if (d->stream) {
		f.from = NULL;
		f.stream = d->fd;
	}
	return fill_disk(&f, ret, x->err);
}

/* All of it but what, as its storage says, reads as zeros. */
static int
fill_whole(struct backing_up *x, unsigned int i, struct filled *ret)
{
	const struct source_disk *d = &x->from->disks[i];
	struct fill_base zeros = { .root = NULL };
	struct disk_changes mapped = { .n = 0 };
	struct err why = ERR_INIT;
	bool told;
	int rc;

	told = !d->stream && disk_mapped(d->fd, d->path, &mapped, &why) == 0;
	if (!told && !d->stream)
		log_debug("what is stored of it is not known: %s", why.text);
	zeros.changes = mapped.e;
	zeros.n_changes = mapped.n;
	rc = fill_disk_of(x, i, told ? &zeros : NULL, ret);
	ret->holes |= told && mapped.bytes < d->bytes;
	disk_changes_done(&mapped);
	return rc;
}

/*
 * Read it as far as it changed, or all of it; how is in @to.  A parent of
 * which something is missing is no reason to have no backup.
 */
static int
read_disk(struct backing_up *x, unsigned int i, struct backup_disk *to,
	  struct filled *ret)
{
	struct parent_disk p;
	int rc = -1;

	parent_disk(&x->parent, &x->from->disks[i], &p);
	if (p.is_base) {
		rc = fill_disk_of(x, i, &p.base, ret);
		to->how = HOW_CHANGES;
		x->is_incremental |= rc == 0;
	}
	if (rc && p.is_base && !ret->base_is_bad)
		goto out;
	if (rc) {
		if (p.is_base)
			snprintf(p.why, sizeof(p.why),
				 "the backup before is damaged");
		err_clear(x->err);
		rc = fill_whole(x, i, ret);
		to->how = ret->holes ? HOW_DATA : HOW_WHOLE;
	}
	memcpy(x->report->texts[i].why, p.why, sizeof(p.why));
	if (rc == 0 && source_disk_done(x->from, i, x->err))
		rc = err_add(x->err, "disk %s", to->vdev);
	if (rc == 0)
		fail_here("backup.disk");
out:
	parent_disk_done(&p);
	return rc;
}

/*
 * All of it is read; what is there already is found by its names.  Of the pages
 * the image has holes where the guest has no memory.
 */
static int
read_image(struct backing_up *x, unsigned int i, struct backup_disk *to,
	   struct filled *ret)
{
	to->how = HOW_DATA;
	to->why = "memory has no table of what changed";
	if (fill_disk_of(x, i, NULL, ret))
		return -1;
	fail_here("backup.memory");
	return 0;
}

static int
fill(struct backing_up *x, unsigned int i)
{
	struct backup_report *r = x->report;
	struct backup_disk *to = &r->disks[i];
	struct put_count before, after;
	struct filled n;

	put_counts(x->put, &before);
	if (i < r->n_disks ? read_disk(x, i, to, &n) : read_image(x, i, to, &n))
		return -1;
	put_counts(x->put, &after);
	if (i < r->n_disks) {
		r->bytes += n.bytes - to->bytes;
		r->read_bytes += n.read_bytes;
	} else {
		r->memory_bytes += n.read_bytes;
	}
	memcpy(to->root, n.root, NAME_BYTES);
	to->levels = n.levels;
	to->bytes = n.bytes;
	to->read_bytes = n.read_bytes;
	to->changed_bytes = after.new_bytes - before.new_bytes;
	return 0;
}

static int
fill_all(struct backing_up *x)
{
	for (unsigned int i = 0; i < source_n_all(x->from); i++)
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

	if (x->is_incremental)
		memcpy(b.parent, x->parent.commit->session, SESSION_ID);
	b.n_disks = x->report->n_disks;
	b.memory = x->report->memory;
	b.disks = x->report->disks;
	if (put_commit(x->put, &b, x->report->session, x->err))
		return -1;
	source_committed(x->from);
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
		.read_back = x->o->read_back,
	};

	x->put = put_begin(x->r, &how, x->err);
	if (!x->put)
		return -1;
	hex_text(x->r->id, REPO_ID, x->from->repository);
	/* Not before: what the session does not hold may go away. */
	parent_find(x->r, x->from, how.realm, &x->parent);
	return 0;
}

void
backup_report_done(struct backup_report *r)
{
	free(r->disks);
	free(r->texts);
	r->disks = NULL;
	r->texts = NULL;
	r->n_disks = 0;
}

/* What is to be backed up is open, and so is the repository. */
static int
store_all(struct backing_up *x)
{
	if (x->o->dry_run)
		return repo_load(x->r, x->err);
	if (begin(x) || fill_all(x) || put_config(x) ||
	    source_check(x->from, x->err) || commit(x))
		return -1;
	return 0;
}

static int
back_up(struct backing_up *x)
{
	uint64_t start = clock_ns();
	struct repo *own = NULL;
	int rc = -1;

	memset(x->report, 0, sizeof(*x->report));
	if (source_open(x->o, &x->from, x->err) || describe(x))
		goto out;
	if (!x->r) {
		if (repo_open(&x->o->how, &own, x->err))
			goto out;
		x->r = own;
	}
	rc = store_all(x);
	x->report->seconds = clock_ms_since(start) / 1e3;
out:
	put_free(x->put);
	repo_close(own);
	source_close(x->from);
	return rc;
}

int
job_backup(const struct backup_opts *o, struct backup_report *ret,
	   struct err *err)
{
	struct backing_up x = { .o = o, .report = ret, .err = err };

	return back_up(&x);
}

int
job_backup_into(struct repo *r, const struct backup_opts *o,
		struct backup_report *ret, struct err *err)
{
	struct backing_up x = { .o = o, .r = r, .report = ret, .err = err };

	return back_up(&x);
}
