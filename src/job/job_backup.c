/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_backup.c - into a repository: open it, begin a session, fill the disks,
 * commit.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "fill.h"
#include "job_repo.h"
#include "text.h"

struct backing_up {
	const struct backup_opts *o;
	struct repo *r;
	struct put *put;
	int from;
	uint64_t bytes;
	struct backup b;
	struct backup_disk disk;
	struct backup_report *report;
	struct err *err;
};

static int
open_disk(struct backing_up *x)
{
	const char *path = x->o->disk;
	struct stat st;
	off_t end;

	x->from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (x->from < 0)
		return err_set(x->err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", path);
	if (fstat(x->from, &st))
		return err_set(x->err, ERR_IO, errno, "look at %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(x->err, ERR_INVALID, 0,
			       "%s is neither a file nor a block device", path);
	end = lseek(x->from, 0, SEEK_END);
	if (end < 0)
		return err_set(x->err, ERR_IO, errno, "look at %s", path);
	x->bytes = (uint64_t)end;
	posix_fadvise(x->from, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* What the backup is called, and what is in it. */
static int
describe(struct backing_up *x)
{
	const char *base = strrchr(x->o->disk, '/');
	const char *name = x->o->name ? x->o->name :
			   base       ? base + 1 :
					x->o->disk;
	char full[PATH_MAX];

	x->b.instant = (uint64_t)time(NULL);
	x->b.from = FROM_DISK;
	x->b.n_disks = 1;
	x->b.disks = &x->disk;
	strcpy(x->disk.vdev, "disk");
	strcpy(x->disk.format, "raw");
	if (!realpath(x->o->disk, full))
		return err_set(x->err, ERR_IO, errno, "look at %s", x->o->disk);
	if (text_copy(x->b.name, sizeof(x->b.name), name, "name of the backup",
		      x->err))
		return -1;
	snprintf(x->disk.source, sizeof(x->disk.source), "%.*s",
		 (int)text_cut(full, sizeof(x->disk.source) - 1), full);
	memcpy(x->report->name, x->b.name, sizeof(x->report->name));
	return 0;
}

static int
fill(struct backing_up *x)
{
	struct fill f = {
		.r = x->r,
		.put = x->put,
		.what = x->b.name,
		.from = x->from,
		.bytes = x->bytes,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct put_count stored;
	struct filled n;

	if (fill_disk(&f, &n, x->err))
		return -1;
	memcpy(x->disk.root, n.root, NAME_BYTES);
	x->disk.levels = n.levels;
	put_counts(x->put, &stored);
	x->disk.bytes = x->bytes;
	x->disk.how = n.holes ? HOW_DATA : HOW_WHOLE;
	strcpy(x->disk.why, "no table of changes");
	x->disk.read_bytes = n.read_bytes;
	x->disk.changed_bytes = stored.new_bytes;
	x->report->bytes = x->bytes;
	x->report->read_bytes = n.read_bytes;
	return 0;
}

static int
commit(struct backing_up *x)
{
	struct put_count stored;

	if (put_commit(x->put, &x->b, x->report->session, x->err))
		return -1;
	put_counts(x->put, &stored);
	x->report->new_bytes = stored.new_bytes;
	x->report->stored_bytes = stored.stored_bytes;
	return 0;
}

static struct put *
begin(struct backing_up *x)
{
	struct put_how how = {
		.purpose = PURPOSE_BACKUP,
		.realm = x->r->key->realm,
		.level = x->o->level ? x->o->level : PRESS_LEVEL_DEFAULT,
	};

	return put_begin(x->r, &how, x->err);
}

int
job_backup(const struct backup_opts *o, struct backup_report *ret,
	   struct err *err)
{
	struct backing_up x = { .o = o, .from = -1, .report = ret, .err = err };
	uint64_t start = clock_ns();
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (open_disk(&x) || describe(&x) || repo_open(&o->how, &x.r, err))
		goto out;
	if (o->dry_run) {
		rc = repo_load(x.r, err);
		ret->bytes = x.bytes;
		goto out;
	}
	x.put = begin(&x);
	if (x.put && fill(&x) == 0 && commit(&x) == 0)
		rc = 0;
	ret->seconds = clock_ms_since(start) / 1e3;
out:
	put_free(x.put);
	repo_close(x.r);
	fd_close(&x.from);
	return rc;
}
