/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fd.c - see fd.h. */
#include "fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h has it since 5.16 only. */
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

enum err_code
fd_code(int sys)
{
	switch (sys) {
	case ENOENT:
		return ERR_NOTFOUND;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPC;
	case ENOMEM:
		return ERR_NOMEM;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
fd_write_all(int fd, const void *p, size_t len, struct err *err)
{
	const char *at = p;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, fd_code(errno), errno, "write");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_pwrite_all(int fd, const void *p, size_t len, uint64_t offset,
	      struct err *err)
{
	const char *at = p;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, fd_code(errno), errno, "write");
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t
fd_pread_full(int fd, void *p, size_t len, uint64_t offset, struct err *err)
{
	char *at = p;
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = pread(fd, at + got, len - got, (off_t)(offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_IO, errno, "read");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/*
 * All of @fd, in a buffer that grows: files in /proc have no size beforehand.
 * One byte more than @max is asked for, to see that there is none.
 */
static char *
slurp(int fd, const char *name, size_t max, size_t *ret_len, struct err *err)
{
	size_t room = max < 65536 ? max + 2 : 65536;
	size_t len = 0;
	char *buf = malloc(room);
	char *larger;
	ssize_t n;

	while (buf) {
		n = read(fd, buf + len, room - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, ERR_IO, errno, "read %s", name);
			goto fail;
		}
		if (n == 0) {
			buf[len] = '\0';
			*ret_len = len;
			return buf;
		}
		len += (size_t)n;
		if (len > max) {
			err_set(err, ERR_CORRUPT, 0,
				"%s is larger than %zu bytes", name, max);
			goto fail;
		}
		if (len + 1 < room)
			continue;
		room = room * 2 < max + 2 ? room * 2 : max + 2;
		larger = realloc(buf, room);
		if (!larger)
			break;
		buf = larger;
	}
	err_set(err, ERR_NOMEM, 0, "read %s: out of memory", name);
fail:
	free(buf);
	return NULL;
}

int
fd_read_file(int dirfd, const char *name, size_t max, char **ret,
	     size_t *ret_len, struct err *err)
{
	struct stat st;
	char *buf;
	int rc = -1;
	int fd;

	/* O_NONBLOCK: a FIFO in the file's place must not stop us. */
	fd = openat(dirfd, name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_CORRUPT, 0, "%s is a symbolic link",
			       name);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open %s", name);
	if (fstat(fd, &st)) {
		err_set(err, ERR_IO, errno, "stat %s", name);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_CORRUPT, 0, "%s is not a regular file", name);
		goto out;
	}
	buf = slurp(fd, name, max, ret_len, err);
	if (!buf)
		goto out;
	*ret = buf;
	rc = 0;
out:
	fd_close(&fd);
	return rc;
}

/* fsync the folder that @name is in: @dirfd, or what its path says. */
static int
sync_folder(int dirfd, const char *name, struct err *err)
{
	char path[PATH_MAX];
	const char *slash = strrchr(name, '/');
	int fd = -1;
	int rc;

	if (dirfd != AT_FDCWD && !slash)
		return fd_sync(dirfd, name, err);
	if (!slash)
		snprintf(path, sizeof(path), ".");
	else if (slash == name)
		snprintf(path, sizeof(path), "/");
	else if ((size_t)(slash - name) < sizeof(path))
		snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
	else
		return err_set(err, ERR_INVALID, ENAMETOOLONG, "%s", name);
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open %s", path);
	rc = fd_sync(fd, path, err);
	fd_close(&fd);
	return rc;
}

int
fd_write_file(int dirfd, const char *name, const void *p, size_t len,
	      struct err *err)
{
	char tmp[NAME_MAX + 1];
	int rc = -1;
	int fd;
	int n;

	n = snprintf(tmp, sizeof(tmp), ".%s.new", name);
	if (strchr(name, '/') || n < 0 || (size_t)n >= sizeof(tmp))
		return err_set(err, ERR_INVALID, 0, "'%s' is no file name",
			       name);
	/* What is there is half a file of somebody who died. */
	if (unlinkat(dirfd, tmp, 0) && errno != ENOENT)
		return err_set(err, fd_code(errno), errno, "remove %s", tmp);
	fd = openat(dirfd, tmp,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "create %s", tmp);
	if (fchmod(fd, 0600)) {
		err_set(err, ERR_IO, errno, "chmod %s", tmp);
		goto out;
	}
	if (fd_write_all(fd, p, len, err)) {
		err_add(err, "%s", name);
		goto out;
	}
	if (fd_sync(fd, name, err))
		goto out;
	if (renameat(dirfd, tmp, dirfd, name)) {
		err_set(err, fd_code(errno), errno, "rename %s to %s", tmp,
			name);
		goto out;
	}
	rc = sync_folder(dirfd, name, err);
	fd_close(&fd);
	return rc;
out:
	fd_close(&fd);
	unlinkat(dirfd, tmp, 0);
	return rc;
}

int
fd_make_dir(int dirfd, const char *name, struct err *err)
{
	if (mkdirat(dirfd, name, 0700))
		return err_set(err, fd_code(errno), errno, "make folder %s",
			       name);
	return sync_folder(dirfd, name, err);
}

int
fd_open_dir(int dirfd, const char *name, struct err *err)
{
	int fd;

	fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open folder %s",
			       name);
	return fd;
}

/* Unlink all files in the folder @fd; consumes @fd. */
static int
empty_dir(int fd, const char *name, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = -1;

	if (!dir) {
		err_set(err, ERR_IO, errno, "read folder %s", name);
		fd_close(&fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		e = readdir(dir);
		if (!e && errno) {
			err_set(err, ERR_IO, errno, "read folder %s", name);
			goto out;
		}
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) && errno != ENOENT) {
			err_set(err, fd_code(errno), errno, "remove %s/%s",
				name, e->d_name);
			goto out;
		}
	}
	rc = 0;
out:
	closedir(dir);
	return rc;
}

int
fd_remove_dir(int dirfd, const char *name, struct err *err)
{
	int fd;

	fd = fd_open_dir(dirfd, name, err);
	if (fd < 0 && err->code == ERR_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	if (fd < 0)
		return -1;
	if (empty_dir(fd, name, err))
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return err_set(err, fd_code(errno), errno, "remove folder %s",
			       name);
	return sync_folder(dirfd, name, err);
}

int
fd_open_scratch(int dirfd, struct err *err)
{
	char name[32];
	uint64_t n;
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return err_set(err, fd_code(errno), errno, "make a file");
	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return err_set(err, ERR_IO, errno, "read random bytes");
	snprintf(name, sizeof(name), ".scratch-%016" PRIx64, n);
	fd = openat(dirfd, name,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "make a file");
	if (unlinkat(dirfd, name, 0) == 0)
		return fd;
	err_set(err, fd_code(errno), errno, "remove %s", name);
	fd_close(&fd);
	return -1;
}

bool
fd_nameless_is_durable(int dirfd)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs))
		return false;
	return fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC ||
	       fs.f_type == TMPFS_MAGIC;
}

int
fd_sync(int fd, const char *what, struct err *err)
{
	int r;

	do
		r = fsync(fd);
	while (r && errno == EINTR);
	if (r)
		return err_set(err, fd_code(errno), errno, "fsync %s", what);
	return 0;
}
