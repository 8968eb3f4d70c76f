/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_clone.c - clones' disks that are files: another clone (FICLONE) of the
 * view's file, else a copy of it.
 *
 * A view of a file system's own stays where its disk is, so the clone's file
 * goes beside it; a copy, which is in the snapshot's folder, goes into the
 * clone's.  The file gets its name when it is whole and durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "disk_clone.h"
#include "fail.h"
#include "fd.h"
#include "new_file.h"
#include "view_health.h"

#define ATTR_CLONE "user.xensnap.clone"

static int
file_plan(const struct disk_clone_want *w, struct disk_clone *ret,
	  struct err *err)
{
	const char *view = w->view->view;
	struct disk_view_health h;
	int n;

	if (disk_view_state(w->view, &h, err) ||
	    view_health_check(w->view, &h, err))
		return -1;
	if (disk_view_is_copy(w->view))
		n = snprintf(ret->path, sizeof(ret->path), "%s/.%s.img",
			     w->folder, w->vdev);
	else
		n = snprintf(ret->path, sizeof(ret->path), "%.*s/%s-%s.img",
			     (int)(strrchr(view, '/') - view), view, w->domain,
			     w->vdev);
	if (n < 0 || (size_t)n >= sizeof(ret->path))
		return err_set(err, ERR_INVALID, 0,
			       "disk %s: its path would be too long", w->vdev);
	/* The clone's folder is made with the clone. */
	if (disk_view_is_copy(w->view) && access(w->folder, F_OK))
		return 0;
	return new_file_check(ret->path, err);
}

static int
fill(const struct disk_clone_want *w, const struct copy_task *how, int from,
     int to, struct err *err)
{
	struct copy_task t = *how;
	uint64_t data;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	t.from = from;
	t.to = to;
	t.bytes = w->view->bytes;
	return copy_sparse(&t, &data, err);
}

/* File systems without attributes have its name alone. */
int
disk_clone_mark(int fd, const char *token, struct err *err)
{
	if (fsetxattr(fd, ATTR_CLONE, token, strlen(token), 0) == 0 ||
	    errno == ENOTSUP)
		return 0;
	return err_set(err, ERR_IO, errno, "mark a file as a clone's");
}

static int
file_make(const struct disk_clone_want *w, const struct disk_clone *c,
	  const struct copy_task *how, struct err *err)
{
	struct new_file f = NEW_FILE_INIT;
	int view, rc;

	if (disk_view_open(w->view, &view, err))
		return -1;
	rc = new_file_open(&f, c->path, err);
	if (rc == 0)
		rc = fill(w, how, view, f.fd, err) ||
		     disk_clone_mark(f.fd, c->token, err) ||
		     fd_sync(f.fd, c->path, err);
	if (disk_view_close(w->view, view, err))
		rc = -1;
	if (rc == 0) {
		fail_here("clone.file");
		rc = new_file_keep(&f, err);
	}
	new_file_close(&f);
	return rc ? -1 : 0;
}

static bool
is_ours(int fd, const struct disk_clone *c)
{
	char token[DISK_CLONE_TOKEN_LEN];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	n = fgetxattr(fd, ATTR_CLONE, token, sizeof(token));
	if (n < 0)
		return errno == ENOTSUP;
	return (size_t)n == strlen(c->token) &&
	       memcmp(token, c->token, (size_t)n) == 0;
}

static int
file_drop(const struct disk_clone *c, struct err *err)
{
	int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool ours;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", c->path);
	ours = is_ours(fd, c);
	fd_close(&fd);
	if (ours && unlink(c->path) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "remove %s", c->path);
	return 0;
}

const struct disk_clone_ops disk_clone_file = {
	.plan = file_plan,
	.make = file_make,
	.drop = file_drop,
};
