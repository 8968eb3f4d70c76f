/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_layout.c - see dir_layout.h; the names are those of doc/format.md. */
#include "dir_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absent.h"
#include "fd.h"

#define FAN_OUT 256
#define DEPTH 3 /* folders below it: more than we ever make */
#define FIRST_HEAD "0000000000000001"
#define KEY_DIGITS 32

static const char *const folders[] = { "forgets", "heads",    "index",   "keys",
				       "packs",   "sessions", "outcomes" };

#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* Where only_folders() is. */
struct place {
	const char *folder; /* its name */
	unsigned int depth; /* how many may be below it */
	bool leftovers;
};

static int only_folders(int fd, const struct place *at, struct err *err);

/* Would an init that died have left @name at @at? */
static bool
is_of_dead_init(const struct place *at, const char *name)
{
	size_t n;

	if (!at->leftovers || at->depth != DEPTH - 1)
		return false;
	if (strcmp(at->folder, "heads") == 0)
		return strcmp(name, FIRST_HEAD) == 0;
	n = strspn(name, "0123456789abcdef");
	return strcmp(at->folder, "keys") == 0 && n == KEY_DIGITS &&
	       (strcmp(name + n, "-1") == 0 || strcmp(name + n, "-2") == 0);
}

/* @name in @dir must be a folder, and one that holds no files either. */
static int
empty_folder(int dir, const char *name, const struct place *at, struct err *err)
{
	const struct place below = { name, at->depth - 1, at->leftovers };
	int fd = -1;

	if (is_of_dead_init(at, name))
		return 0;
	if (at->depth > 0)
		fd = openat(dir, name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return only_folders(fd, &below, err);
	if (at->depth == 0 || errno == ENOTDIR || errno == ELOOP)
		return err_set(err, ERR_EXISTS, 0, "it is not empty: %s", name);
	return err_set(err, fd_code(errno), errno, "open folder %s", name);
}

/* Are there only folders in @fd, and in those too?  Consumes @fd. */
static int
only_folders(int fd, const struct place *at, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		err_set(err, ERR_IO, errno, "read the folder");
		fd_close(&fd);
		return -1;
	}
	while (rc == 0) {
		errno = 0;
		e = readdir(dir);
		if (!e && errno)
			rc = err_set(err, ERR_IO, errno, "read the folder");
		if (!e)
			break;
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    !absent_is_leftover(e->d_name))
			rc = empty_folder(dirfd(dir), e->d_name, at, err);
	}
	closedir(dir);
	return rc;
}

static int
make_folder(int dir, const char *name, struct err *err)
{
	if (mkdirat(dir, name, 0700) && errno != EEXIST)
		return err_set(err, fd_code(errno), errno, "make folder %s",
			       name);
	/* Whatever the umask took away. */
	if (fchmodat(dir, name, 0700, 0))
		return err_set(err, fd_code(errno), errno, "chmod %s", name);
	return 0;
}

static int
sync_folder(int dir, const char *name, struct err *err)
{
	int fd = fd_open_dir(dir, name, err);
	int rc;

	if (fd < 0)
		return -1;
	rc = fd_sync(fd, name, err);
	fd_close(&fd);
	return rc;
}

/* The folders of packs, by the first two digits of their names. */
static int
make_fan_out(int root, struct err *err)
{
	int packs = fd_open_dir(root, "packs", err);
	char name[3];
	int rc = 0;

	if (packs < 0)
		return -1;
	for (unsigned int i = 0; rc == 0 && i < FAN_OUT; i++) {
		snprintf(name, sizeof(name), "%02x", i & 0xff);
		rc = make_folder(packs, name, err);
	}
	/* All are made before the first is synced, so that a file system which
	 * writes out everything at an fsync has little to do in the others. */
	for (unsigned int i = 0; rc == 0 && i < FAN_OUT; i++) {
		snprintf(name, sizeof(name), "%02x", i & 0xff);
		rc = sync_folder(packs, name, err);
	}
	fd_close(&packs);
	return rc;
}

int
dir_layout_check(int root, bool leftovers, struct err *err)
{
	const struct place top = { "", DEPTH, leftovers };
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open the folder");
	return only_folders(fd, &top, err);
}

int
dir_layout_make(int root, bool leftovers, struct err *err)
{
	if (dir_layout_check(root, leftovers, err))
		return -1;
	for (size_t i = 0; i < FOLDERS; i++)
		if (make_folder(root, folders[i], err))
			return -1;
	if (make_fan_out(root, err))
		return -1;
	for (size_t i = 0; i < FOLDERS; i++)
		if (sync_folder(root, folders[i], err))
			return -1;
	return fd_sync(root, "the folder", err);
}
