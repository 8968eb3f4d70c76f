/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_restore.c - out of a repository: open it, find the backup, drain its
 * disk, make it durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "drain.h"
#include "fd.h"
#include "job_repo.h"
#include "repo_index.h"

struct restoring {
	const struct restore_opts *o;
	struct repo *r;
	struct index *ix;
	const struct repo_commit *commit;
	const struct backup_disk *disk;
	int to;
	bool made; /* the file is new */
	struct restore_report *report;
	struct err *err;
};

static int
find_disk(struct restoring *x)
{
	const struct backup *b;

	x->commit = repo_backup(x->r, x->o->backup, x->err);
	if (!x->commit)
		return -1;
	b = &x->commit->outcome.backup;
	memcpy(x->report->session, x->commit->session, SESSION_ID);
	memcpy(x->report->name, b->name, sizeof(x->report->name));
	for (unsigned int i = 0; i < b->n_disks; i++)
		if (x->o->vdev ? strcmp(b->disks[i].vdev, x->o->vdev) == 0 :
				 b->n_disks == 1)
			x->disk = &b->disks[i];
	if (x->disk)
		return 0;
	return x->o->vdev ? err_set(x->err, ERR_NOTFOUND, 0,
				    "backup %s has no disk %s", b->name,
				    x->o->vdev) :
			    err_set(x->err, ERR_INVALID, 0,
				    "backup %s has %u disks: say which",
				    b->name, b->n_disks);
}

/* O_EXCL: a block device that is mounted, or held by others, is refused. */
static int
open_in_place(struct restoring *x)
{
	struct stat st;
	off_t end;

	if (stat(x->o->to, &st))
		return err_set(x->err, ERR_NOTFOUND, errno, "open %s",
			       x->o->to);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(x->err, ERR_INVALID, 0,
			       "%s is neither a file nor a block device",
			       x->o->to);
	x->to = open(x->o->to,
		     O_RDWR | O_CLOEXEC | (S_ISBLK(st.st_mode) ? O_EXCL : 0));
	if (x->to < 0)
		return err_set(x->err, errno == EBUSY ? ERR_BUSY : ERR_IO,
			       errno, "open %s", x->o->to);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < x->disk->bytes &&
	    ftruncate(x->to, (off_t)x->disk->bytes))
		return err_set(x->err, ERR_IO, errno, "make %s longer",
			       x->o->to);
	end = lseek(x->to, 0, SEEK_END);
	if (end < 0 || (uint64_t)end < x->disk->bytes)
		return err_set(x->err, ERR_INVALID, 0,
			       "%s has %lld bytes, the disk %llu", x->o->to,
			       (long long)end,
			       (unsigned long long)x->disk->bytes);
	return 0;
}

static int
open_new(struct restoring *x)
{
	x->to = open(x->o->to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (x->to < 0 && errno == EEXIST)
		return err_set(x->err, ERR_EXISTS, 0,
			       "%s is there already; --in-place writes over "
			       "it",
			       x->o->to);
	if (x->to < 0)
		return err_set(x->err, ERR_IO, errno, "make %s", x->o->to);
	x->made = true;
	if (ftruncate(x->to, (off_t)x->disk->bytes))
		return err_set(x->err, ERR_IO, errno, "make %s", x->o->to);
	return 0;
}

static int
drain(struct restoring *x)
{
	struct drain d = {
		.r = x->r,
		.realm = x->commit->realm,
		.disk = x->disk,
		.what = x->disk->vdev,
		.to = x->to,
		.in_place = x->o->in_place,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct drain_count n;

	x->ix = repo_index(x->r, x->commit->realm, x->err);
	d.ix = x->ix;
	if (!x->ix || drain_disk(&d, &n, x->err))
		return -1;
	x->report->bytes = x->disk->bytes;
	x->report->written_bytes = n.written_bytes;
	x->report->kept_bytes = n.kept_bytes;
	return fd_sync(x->to, x->o->to, x->err);
}

int
job_restore(const struct restore_opts *o, struct restore_report *ret,
	    struct err *err)
{
	struct restoring x = { .o = o, .to = -1, .report = ret, .err = err };
	uint64_t start = clock_ns();
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (repo_open(&o->how, &x.r, err) || repo_load(x.r, err) ||
	    find_disk(&x))
		goto out;
	if (o->dry_run) {
		ret->bytes = x.disk->bytes;
		rc = 0;
		goto out;
	}
	rc = o->in_place ? open_in_place(&x) : open_new(&x);
	if (rc == 0)
		rc = drain(&x);
	if (rc && x.made && unlink(o->to) == 0)
		err_more(err, "%s was removed again", o->to);
	else if (rc && o->in_place && x.to >= 0)
		err_more(err, "%s may hold a mix", o->to);
	ret->seconds = clock_ms_since(start) / 1e3;
out:
	fd_close(&x.to);
	index_free(x.ix);
	repo_close(x.r);
	return rc;
}
