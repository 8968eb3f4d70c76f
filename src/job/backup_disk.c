/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_disk.c - see backup_source.h: a lone disk, or what comes by the
 * standard input.  That nobody writes to it is the user's word. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup_source.h"

static const struct source_ops disk_ops = { .close = NULL };

static int
open_stream(struct source_disk *d, struct err *err)
{
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

	s = *ret = source_new(sizeof(*s), &disk_ops, err);
	if (!s)
		return -1;
	s->b.instant = (uint64_t)time(NULL);
	s->b.from = FROM_DISK;
	if (source_name(s, o, base ? base + 1 : o->disk, "", err))
		return -1;
	if (!stream && !realpath(o->disk, full))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", o->disk);
	if (source_add(s, "disk", full, &d, err))
		return -1;
	return stream ? open_stream(d, err) :
			source_open_path(d, o->disk, false, err);
}
