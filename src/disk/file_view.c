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

#define ATTR_GENERATION "user.xensnap.generation"
#define ATTR_OWNER "user.xensnap.owner"

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

	if (fsetxattr(fd, ATTR_GENERATION, generation, strlen(generation), 0) ==
		    0 &&
	    fsetxattr(fd, ATTR_OWNER, owner, strlen(owner), 0) == 0)
		return 0;
	return err_set(err, errno == ENOTSUP ? ERR_UNSUPPORTED : ERR_IO, errno,
		       "mark %s as ours", ref->view);
}

/* Is the file @fd the one that @ref names? */
static bool
is_ours(int fd, const struct disk_view_ref *ref)
{
	char generation[64];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	n = fgetxattr(fd, ATTR_GENERATION, generation, sizeof(generation));
	if (n < 0)
		return errno == ENOTSUP &&
		       strcmp(ref->driver, disk_copy_ops.name) == 0;
	return !ref->generation[0] ||
	       ((size_t)n == strlen(ref->generation) &&
		memcmp(generation, ref->generation, (size_t)n) == 0);
}

/* Open the view if it is there and ours; *@ret_fd is -1 if not. */
static int
find(const struct disk_view_ref *ref, int *ret_fd, enum disk_view_state *ret,
     struct err *err)
{
	struct stat st;

	*ret_fd =
		open(ref->view, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*ret = DISK_VIEW_GONE;
	if (*ret_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (*ret_fd < 0 && errno != ELOOP)
		return err_set(err, ERR_IO, errno, "open %s", ref->view);
	*ret = DISK_VIEW_FOREIGN;
	if (*ret_fd < 0 || !is_ours(*ret_fd, ref)) {
		fd_close(ret_fd);
		return 0;
	}
	*ret = DISK_VIEW_GOOD;
	if (fstat(*ret_fd, &st) || (uint64_t)st.st_size != ref->bytes)
		*ret = DISK_VIEW_LOST;
	return 0;
}

int
file_view_state(const struct disk_view_ref *ref, enum disk_view_state *ret,
		double *ret_used, struct err *err)
{
	int fd, rc;

	*ret_used = -1;
	rc = find(ref, &fd, ret, err);
	fd_close(&fd);
	return rc;
}

int
file_view_open(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	enum disk_view_state state;

	if (find(ref, ret_fd, &state, err))
		return -1;
	if (state == DISK_VIEW_GOOD)
		return 0;
	fd_close(ret_fd);
	if (state == DISK_VIEW_LOST)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s is lost: it has another size", ref->view);
	return err_set(err, ERR_NOTFOUND, 0,
		       state == DISK_VIEW_GONE ? "%s is gone" :
						 "%s is not ours",
		       ref->view);
}

int
file_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	enum disk_view_state state;
	double used;

	fd_close(&fd);
	if (file_view_state(ref, &state, &used, err))
		return -1;
	if (state != DISK_VIEW_GOOD)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s was lost while it was read", ref->view);
	return 0;
}

int
file_view_drop(const struct disk_view_ref *ref, struct err *err)
{
	enum disk_view_state state;
	int fd;

	if (find(ref, &fd, &state, err))
		return -1;
	fd_close(&fd);
	if (state != DISK_VIEW_GOOD && state != DISK_VIEW_LOST)
		return 0;
	fail_here("disk.drop");
	if (unlink(ref->view) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "remove %s", ref->view);
	return sync_folder(ref->view, err);
}
