/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file_view.c - see file_view.h. */
#include "file_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "units.h"
#include "view_health.h"

#define ATTR_OWNER "user.xensnap.owner"
#define INODE "inode-"

const char *
file_view_inode(const struct stat *st, char *ret)
{
	snprintf(ret, FILE_VIEW_INODE_LEN, INODE "%ju", (uintmax_t)st->st_ino);
	return ret;
}

int
file_view_folder(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return err_set(err, ERR_INVALID, 0, "no path: '%s'", path);
	slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", folder);
	return fd;
}

static int
sync_folder(const char *path, struct err *err)
{
	int fd = file_view_folder(path, err);
	int rc;

	if (fd < 0)
		return -1;
	rc = fd_sync(fd, path, err);
	fd_close(&fd);
	return rc;
}

int
file_view_mark(int fd, const struct disk_view_ref *ref, const char *owner,
	       struct err *err)
{
	const char *generation = ref->generation;

	if (fsetxattr(fd, FILE_VIEW_ATTR_GENERATION, generation,
		      strlen(generation), 0) == 0 &&
	    fsetxattr(fd, ATTR_OWNER, owner, strlen(owner), 0) == 0)
		return 0;
	return err_set(err, errno == ENOTSUP ? ERR_UNSUPPORTED : ERR_IO, errno,
		       "mark %s as ours", ref->view);
}

/* Does the file @fd carry our mark, and that of this generation? */
static bool
is_ours(const struct disk_view_ref *ref, int fd)
{
	char generation[64];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	n = fgetxattr(fd, FILE_VIEW_ATTR_GENERATION, generation,
		      sizeof(generation));
	if (n < 0)
		return errno == ENOTSUP && disk_view_is_copy(ref);
	return !ref->generation[0] ||
	       ((size_t)n == strlen(ref->generation) &&
		memcmp(generation, ref->generation, (size_t)n) == 0);
}

/* The disk's file may have gone; what was made of it does not need it. */
static void
judge_source(const struct disk_view_ref *ref, struct disk_view_health *h)
{
	char inode[FILE_VIEW_INODE_LEN];
	struct stat st;

	if (strncmp(ref->source_uuid, INODE, strlen(INODE)) != 0)
		return;
	if (stat(ref->source, &st)) {
		view_health_set(h, DISK_VIEW_IMPAIRED,
				"its disk %.150s is gone", ref->source);
		return;
	}
	if (strcmp(file_view_inode(&st, inode), ref->source_uuid) != 0)
		view_health_set(h, DISK_VIEW_IMPAIRED,
				"its disk %.150s was replaced by another file",
				ref->source);
}

static void
judge(const struct disk_view_ref *ref, const struct stat *st,
      struct disk_view_health *h)
{
	char have[24], want[24], inode[FILE_VIEW_INODE_LEN];

	if (ref->view_uuid[0] &&
	    strcmp(file_view_inode(st, inode), ref->view_uuid) != 0)
		view_health_set(h, DISK_VIEW_LOST,
				"another file has its name and its marks, a "
				"copy perhaps");
	if ((uint64_t)st->st_size != ref->bytes)
		view_health_set(
			h, DISK_VIEW_LOST, "it is %s long, its disk was %s",
			units_size((uint64_t)st->st_size, have, sizeof(have)),
			units_size(ref->bytes, want, sizeof(want)));
	judge_source(ref, h);
}

/* Open the view if it is there and ours; *@ret_fd is -1 if not. */
static int
find(const struct disk_view_ref *ref, int *ret_fd, struct disk_view_health *h,
     struct err *err)
{
	struct stat st;

	view_health_init(h);
	*ret_fd =
		open(ref->view, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return view_health_set(h, DISK_VIEW_GONE, "its file is gone");
	if (*ret_fd < 0 && errno != ELOOP)
		return err_set(err, ERR_IO, errno, "open %s", ref->view);
	if (*ret_fd < 0 || !is_ours(ref, *ret_fd)) {
		fd_close(ret_fd);
		return view_health_set(h, DISK_VIEW_FOREIGN,
				       "a file that is not ours has its name");
	}
	if (fstat(*ret_fd, &st)) {
		fd_close(ret_fd);
		return err_set(err, ERR_IO, errno, "look at %s", ref->view);
	}
	judge(ref, &st, h);
	return 0;
}

int
file_view_state(const struct disk_view_ref *ref, struct disk_view_health *ret,
		struct err *err)
{
	int fd, rc;

	rc = find(ref, &fd, ret, err);
	fd_close(&fd);
	return rc;
}

int
file_view_open(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	struct disk_view_health h;

	if (find(ref, ret_fd, &h, err))
		return -1;
	if (view_health_check(ref, &h, err) == 0)
		return 0;
	fd_close(ret_fd);
	return -1;
}

int
file_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	struct disk_view_health h;

	fd_close(&fd);
	if (file_view_state(ref, &h, err))
		return -1;
	return view_health_recheck(ref, &h, err);
}

int
file_view_drop(const struct disk_view_ref *ref, struct err *err)
{
	struct disk_view_health h;
	int fd;

	if (find(ref, &fd, &h, err))
		return -1;
	fd_close(&fd);
	if (h.state == DISK_VIEW_GONE || h.state == DISK_VIEW_FOREIGN)
		return 0;
	fail_here("disk.drop");
	if (unlink(ref->view) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "remove %s", ref->view);
	return sync_folder(ref->view, err);
}
