/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* new_file.c - see new_file.h. */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"

/* @path as the folder @ret_dir and a name in it. */
static int
split(const char *path, char ret_dir[PATH_MAX], char ret_name[NAME_MAX + 1],
      struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strlen(name) > NAME_MAX || len >= PATH_MAX)
		return err_set(err, ERR_INVALID, 0, "'%s' is no file's name",
			       path);
	strcpy(ret_name, name);
	memcpy(ret_dir, path, len);
	ret_dir[len] = '\0';
	if (!len)
		strcpy(ret_dir, slash ? "/" : ".");
	return 0;
}

static int
find_place(const char *path, int *ret_dir, char ret_name[NAME_MAX + 1],
	   struct err *err)
{
	char dir[PATH_MAX];
	struct stat st;

	if (split(path, dir, ret_name, err))
		return -1;
	*ret_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return err_set(err, fd_code(errno), errno, "open folder %s",
			       dir);
	if (fstatat(*ret_dir, ret_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, ERR_EXISTS, 0, "%s is there already", path);
	return errno == ENOENT ?
		       0 :
		       err_set(err, fd_code(errno), errno, "look at %s", path);
}

int
new_file_check(const char *path, struct err *err)
{
	char name[NAME_MAX + 1];
	int dir = -1;
	int rc = find_place(path, &dir, name, err);

	fd_close(&dir);
	return rc;
}

static int
open_it(struct new_file *f)
{
	f->fd = openat(f->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR &&
			   errno != EINVAL && errno != ENOENT))
		return f->fd;
	if (snprintf(f->temp, sizeof(f->temp), ".%.200s.%d.new", f->name,
		     (int)getpid()) < 0)
		return -1;
	f->fd = openat(f->dir, f->temp,
		       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       0600);
	if (f->fd < 0)
		f->temp[0] = '\0';
	return f->fd;
}

int
new_file_open(struct new_file *f, const char *path, struct err *err)
{
	f->fd = f->dir = -1;
	f->temp[0] = '\0';
	f->kept = false;
	if (find_place(path, &f->dir, f->name, err) == 0 && open_it(f) < 0)
		err_set(err, fd_code(errno), errno, "make %s", path);
	if (f->fd < 0)
		fd_close(&f->dir);
	return f->fd < 0 ? -1 : 0;
}

/* Neither over what is there.  Where that cannot be asked of a rename, a second
 * name does it. */
static int
give_name(struct new_file *f)
{
	char self[40];

	if (!f->temp[0]) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
		return linkat(AT_FDCWD, self, f->dir, f->name,
			      AT_SYMLINK_FOLLOW);
	}
	if (syscall(SYS_renameat2, f->dir, f->temp, f->dir, f->name,
		    RENAME_NOREPLACE)) {
		if (errno != EINVAL)
			return -1;
		if (linkat(f->dir, f->temp, f->dir, f->name, 0))
			return -1;
		unlinkat(f->dir, f->temp, 0);
	}
	f->temp[0] = '\0';
	return 0;
}

/* The name too; and the bytes, where they were not yet by what came before. */
static int
sync_name(struct new_file *f, bool nameless, struct err *err)
{
	if (nameless && !fd_nameless_is_durable(f->dir) && syncfs(f->fd))
		return err_set(err, fd_code(errno), errno,
			       "sync the file system of %s", f->name);
	return fd_sync(f->dir, "its folder", err);
}

int
new_file_keep(struct new_file *f, struct err *err)
{
	bool nameless = !f->temp[0];

	if (fd_sync(f->fd, f->name, err))
		return -1;
	fail_here("new_file.synced");
	if (give_name(f))
		return err_set(err, fd_code(errno), errno, "make %s", f->name);
	f->kept = true;
	fail_here("new_file.named");
	if (sync_name(f, nameless, err) == 0)
		return 0;
	if (unlinkat(f->dir, f->name, 0))
		return err_more(err, "%s is there", f->name);
	f->kept = false;
	return -1;
}

int
new_file_undo(struct new_file *f, struct err *err)
{
	if (!f->kept)
		return 0;
	if (unlinkat(f->dir, f->name, 0) && errno != ENOENT)
		return err_set(err, fd_code(errno), errno, "remove %s",
			       f->name);
	f->kept = false;
	return 0;
}

void
new_file_close(struct new_file *f)
{
	if (f->dir >= 0 && f->temp[0])
		unlinkat(f->dir, f->temp, 0);
	f->temp[0] = '\0';
	fd_close(&f->fd);
	fd_close(&f->dir);
}
