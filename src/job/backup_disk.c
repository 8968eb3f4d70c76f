/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_disk.c - see backup_source.h: a lone disk, or what comes by the
 * standard input. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup_source.h"
#include "fd.h"
#include "file_base.h"
#include "log.h"
#include "text.h"
#include "uuid.h"

struct lone {
	struct source base;
	struct disk *frozen; /* the view that is read, or NULL */
	int lock;            /* on it */
	bool committed;
	struct disk_view_ref older; /* the parent's */
};

static int
view_done(struct source *s, struct source_disk *d, struct err *err)
{
	int fd = d->fd;

	(void)s;
	if (!d->view)
		return 0;
	d->fd = -1;
	return disk_view_close(d->view, fd, err);
}

static int
lone_base(struct source *s, const struct backup *was, struct err *err)
{
	struct lone *l = (struct lone *)s;
	char generation[UUID_TEXT_LEN + 1];
	int r;

	uuid_text(was->generation, generation);
	r = file_base_find(s->disks[0].path, generation, s->repository,
			   &l->older, err);
	if (r > 0)
		s->disks[0].base = &l->older;
	return r;
}

static void
lone_committed(struct source *s)
{
	struct lone *l = (struct lone *)s;
	struct err err = ERR_INIT;

	if (!l->frozen)
		return;
	l->committed = true;
	if (file_base_keep(&l->frozen->ref, s->repository, &err))
		log_warning("what the next backup would be compared to: %s",
			    err.text);
	else
		log_notice("%s stays: the next backup is compared to it",
			   l->frozen->ref.view);
}

static void
lone_close(struct source *s)
{
	struct lone *l = (struct lone *)s;
	struct err err = ERR_INIT;

	if (l->frozen && !l->committed && disk_view_drop(&l->frozen->ref, &err))
		log_warning("%s", err.text);
	disk_close(l->frozen);
	fd_close(&l->lock);
}

static const struct source_ops lone_ops = {
	.disk_done = view_done,
	.base = lone_base,
	.committed = lone_committed,
	.close = lone_close,
};

/*
 * Read a view of it, which stays for the next backup.  Where none can be had
 * the disk itself is read: that nobody writes to it is then the user's word.
 */
static int
open_file(struct lone *l, const struct backup_opts *o, struct source_disk *d,
	  struct err *err)
{
	struct err why = ERR_INIT;

	if (o->no_base)
		snprintf(l->base.no_base, sizeof(l->base.no_base), "--no-base");
	else if (!o->dry_run &&
		 file_base_make(d->path, &l->frozen, &l->lock, &why))
		snprintf(l->base.no_base, sizeof(l->base.no_base),
			 "no view of it can be kept: %.*s",
			 (int)text_cut(why.text, 200), why.text);
	if (!l->frozen)
		return source_open_path(d, o->disk, false, err);
	d->view = &l->frozen->ref;
	d->bytes = d->view->bytes;
	uuid_read(d->view->generation, l->base.b.generation);
	return disk_view_open(d->view, &d->fd, err);
}

static int
open_stream(struct lone *l, struct source_disk *d, struct err *err)
{
	strcpy(l->base.no_base, "it is a stream");
	d->stream = true;
	d->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (d->fd < 0)
		return err_set(err, ERR_IO, errno, "open the standard input");
	return 0;
}

int
backup_disk_open(const struct backup_opts *o, struct source **ret,
		 struct err *err)
{
	const char *base = strrchr(o->disk, '/');
	bool stream = strcmp(o->disk, "-") == 0;
	char full[PATH_MAX] = "-";
	struct source_disk *d;
	struct source *s;
	struct lone *l;

	l = source_new(sizeof(*l), &lone_ops, err);
	if (!l)
		return -1;
	l->lock = -1;
	s = *ret = &l->base;
	s->b.instant = (uint64_t)time(NULL);
	s->b.from = FROM_DISK;
	if (source_name(s, o, base ? base + 1 : o->disk, "", err))
		return -1;
	if (!stream && !realpath(o->disk, full))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", o->disk);
	if (source_add(s, "disk", full, &d, err))
		return -1;
	return stream ? open_stream(l, d, err) : open_file(l, o, d, err);
}
