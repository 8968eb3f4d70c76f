/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_compare.c - is a backup what its source is now?  Open both, and compare
 * each disk, chunk by chunk, by what the backup's map says of it.
 */
#include <stdlib.h>
#include <string.h>

#include "backup_source.h"
#include "drain.h"
#include "job_repo.h"
#include "log.h"
#include "repo_index.h"

struct comparing {
	const struct compare_opts *o;
	struct source *with;
	struct repo *r;
	struct index *ix;
	const struct repo_commit *commit;
	struct compare_report *report;
	struct err *err;
};

/* The source is only looked at: no view of it is to be kept. */
static int
open_both(struct comparing *x)
{
	struct backup_opts with = {
		.domain = x->o->domain,
		.snapshot = x->o->snapshot,
		.disk = x->o->disk,
		.no_base = true,
	};
	const char *name = x->o->backup;

	if (source_open(&with, &x->with, x->err) ||
	    repo_open(&x->o->how, &x->r, x->err) || repo_load(x->r, x->err))
		return -1;
	x->commit = repo_backup(x->r, name ? name : x->with->b.name, x->err);
	if (!x->commit)
		return -1;
	x->ix = repo_index(x->r, x->commit->realm, x->err);
	return x->ix ? 0 : -1;
}

/* A lone disk may be compared to any disk of a backup that has but one. */
static const struct source_disk *
disk_of(const struct comparing *x, const struct backup_disk *disk)
{
	const struct source *s = x->with;

	const struct backup *b = &x->commit->outcome.backup;

	if (s->n_disks == 1 && b->n_disks == 1 && disk == &b->disks[0])
		return &s->disks[0];
	for (unsigned int i = 0; i < source_n_all(s); i++)
		if (strcmp(s->disks[i].vdev, disk->vdev) == 0)
			return &s->disks[i];
	return NULL;
}

/* Is it of the memory?  Then most of it is holes. */
static bool
is_image(const struct comparing *x, const struct backup_disk *disk)
{
	const struct backup *b = &x->commit->outcome.backup;

	return disk >= b->disks + b->n_disks;
}

static int
compare(struct comparing *x, const struct backup_disk *disk,
	struct compared *ret)
{
	const struct source_disk *with = disk_of(x, disk);
	struct drain d = {
		.r = x->r,
		.ix = x->ix,
		.realm = x->commit->realm,
		.disk = disk,
		.what = disk->vdev,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct drain_count n;
	struct reader_fd fd = reader_fd(with ? with->fd : -1);

	memcpy(ret->vdev, disk->vdev, sizeof(ret->vdev));
	ret->bytes = disk->bytes;
	ret->data_bytes = is_image(x, disk) ? disk->read_bytes : disk->bytes;
	ret->is_missing = !with;
	if (!with)
		return 0;
	ret->with_bytes = with->bytes;
	if (with->bytes != disk->bytes)
		return 0;
	d.compare = with->from ? with->from : &fd.base;
	if (drain_disk(&d, &n, x->err))
		return -1;
	ret->other_bytes = n.other_bytes;
	ret->first_other = n.first_other;
	return 0;
}

static int
compare_all(struct comparing *x)
{
	const struct backup *b = &x->commit->outcome.backup;
	struct compare_report *r = x->report;

	unsigned int n = x->with->memory ? backup_n_all(b) : b->n_disks;

	if (b->memory && !x->with->memory)
		log_notice("its memory is not compared: the source has none");
	memcpy(r->name, b->name, sizeof(r->name));
	memcpy(r->session, x->commit->session, SESSION_ID);
	for (unsigned int i = 0; i < n; i++) {
		struct compared *c = &r->disks[r->n_disks++];

		if (compare(x, &b->disks[i], c))
			return -1;
		r->differs |= !compared_is_same(c);
	}
	for (unsigned int i = 0; i < source_n_all(x->with); i++)
		if (source_disk_done(x->with, i, x->err))
			return -1;
	return source_check(x->with, x->err);
}

int
job_compare(const struct compare_opts *o, struct compare_report *ret,
	    struct err *err)
{
	struct comparing x = { .o = o, .report = ret, .err = err };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (open_both(&x) == 0)
		rc = compare_all(&x);
	index_free(x.ix);
	repo_close(x.r);
	source_close(x.with);
	return rc;
}
