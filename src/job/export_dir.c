/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export_dir.c - the folder that an export fills. */
#include "export_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"

static int
check_empty(const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return err_set(err, ERR_IO, errno, "open folder %s", dir);
	while (rc == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = err_set(err, ERR_EXISTS, 0,
				     "folder %s is not empty; name a new one",
				     dir);
	closedir(d);
	return rc;
}

/* The folder in which @dir would be made. */
static int
check_parent(const char *dir, struct err *err)
{
	char parent[PATH_MAX];
	struct stat st;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (!slash)
		strcpy(parent, ".");
	else
		slash[slash == parent] = '\0';
	if (stat(parent, &st))
		return err_set(err, ERR_NOTFOUND, errno, "folder %s", parent);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, 0, "%s is no folder", parent);
	return 0;
}

int
export_dir_check(const char *dir, struct err *err)
{
	size_t len = strlen(dir);
	char plain[PATH_MAX];
	struct stat st;

	if (len == 0 || len >= sizeof(plain))
		return err_set(err, ERR_INVALID, 0,
			       "a folder's name of %zu "
			       "characters cannot be",
			       len);
	strcpy(plain, dir);
	while (len > 1 && plain[len - 1] == '/')
		plain[--len] = '\0';
	if (lstat(plain, &st)) {
		if (errno != ENOENT)
			return err_set(err, ERR_IO, errno, "look at %s", dir);
		return check_parent(plain, err);
	}
	if (S_ISDIR(st.st_mode))
		return check_empty(plain, err);
	return err_set(err, ERR_EXISTS, 0, "%s is there and is no folder", dir);
}

int
export_dir_open(struct export_dir *d, const char *dir, struct err *err)
{
	if (mkdir(dir, 0700) == 0)
		d->made = true;
	else if (errno != EEXIST)
		return err_set(err, ERR_IO, errno, "make folder %s", dir);
	if (!realpath(dir, d->path)) {
		err_set(err, ERR_IO, errno, "find folder %s", dir);
		goto undo;
	}
	d->fd = fd_open_dir(AT_FDCWD, d->path, err);
	if (d->fd >= 0)
		return 0;
undo:
	if (d->made)
		rmdir(dir);
	d->made = false;
	return -1;
}

int
export_dir_create(struct export_dir *d, const char *name, struct err *err)
{
	int fd = openat(d->fd, name,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd < 0)
		return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_IO,
			       errno, "make %s/%s", d->path, name);
	snprintf(d->files[d->n_files++], sizeof(d->files[0]), "%s", name);
	return fd;
}

int
export_dir_write(struct export_dir *d, const char *name, const char *text,
		 struct err *err)
{
	int fd = export_dir_create(d, name, err);
	int rc = -1;

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text, strlen(text), err) == 0)
		rc = fd_sync(fd, name, err);
	fd_close(&fd);
	return rc;
}

int
export_dir_sync(struct export_dir *d, struct err *err)
{
	return fd_sync(d->fd, d->path, err);
}

void
export_dir_undo(struct export_dir *d)
{
	while (d->n_files > 0) {
		const char *name = d->files[--d->n_files];

		if (unlinkat(d->fd, name, 0) && errno != ENOENT)
			log_warning("%s/%s was left: %s", d->path, name,
				    strerror(errno));
	}
	if (d->made && rmdir(d->path))
		log_warning("%s was left: %s", d->path, strerror(errno));
	d->made = false;
}

void
export_dir_close(struct export_dir *d)
{
	fd_close(&d->fd);
}
