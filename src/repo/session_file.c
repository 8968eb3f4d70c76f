/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session_file.c - see session_file.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fd.h"
#include "hex.h"
#include "session_file.h"

#define PREFIX "session-"
#define NAME_LEN (8 + 2 * SESSION_ID + 1)

static void
name_of(const uint8_t id[SESSION_ID], char ret[NAME_LEN])
{
	char hex[2 * SESSION_ID + 1];

	hex_text(id, SESSION_ID, hex);
	snprintf(ret, NAME_LEN, PREFIX "%s", hex);
}

int
session_file_new(int dirfd, const uint8_t id[SESSION_ID], struct err *err)
{
	char name[NAME_LEN];
	int fd;

	name_of(id, name);
	fd = openat(dirfd, name,
		    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC |
			    O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "make %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err_set(err, ERR_IO, errno, "lock %s", name);
	fd_close(&fd);
	return -1;
}

int
session_file_note(int fd, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	if (fd_write_all(fd, sum, SHA256_BYTES, err))
		return err_add(err, "note a pack");
	return 0;
}

int
session_file_distrust(int fd, struct err *err)
{
	if (ftruncate(fd, 0))
		return err_set(err, ERR_IO, errno, "forget what was noted");
	return 0;
}

/* What ends in the middle of a sum died while it was written down. */
static int
each_pack(int fd, session_pack_fn *fn, void *ctx, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	uint64_t at = 0;
	ssize_t n;

	for (;;) {
		n = fd_pread_full(fd, sum, sizeof(sum), at, err);
		if (n < (ssize_t)sizeof(sum))
			return n < 0 ? -1 : 0;
		if (fn(sum, ctx, err))
			return -1;
		at += sizeof(sum);
	}
}

static int
each_of(int dirfd, const char *name, session_pack_fn *fn, void *ctx,
	struct err *err)
{
	int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int rc = 0;

	/* Gone, or alive. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
		fd_close(&fd);
		return 0;
	}
	rc = each_pack(fd, fn, ctx, err);
	if (rc == 0 && unlinkat(dirfd, name, 0) && errno != ENOENT)
		rc = err_set(err, ERR_IO, errno, "remove %s", name);
	fd_close(&fd);
	return rc;
}

int
session_file_each_dead(int dirfd, session_pack_fn *fn, void *ctx,
		       struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int rc = 0;

	if (!dir) {
		fd_close(&fd);
		return err_set(err, ERR_IO, errno, "look for dead sessions");
	}
	while (rc == 0 && (e = readdir(dir)))
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0)
			rc = each_of(dirfd, e->d_name, fn, ctx, err);
	closedir(dir);
	return rc;
}

void
session_file_done(int dirfd, const uint8_t id[SESSION_ID], int *fd)
{
	char name[NAME_LEN];

	name_of(id, name);
	unlinkat(dirfd, name, 0);
	fd_close(fd);
}

bool
session_is_alive(int dirfd, const uint8_t id[SESSION_ID])
{
	char name[NAME_LEN];
	bool alive;
	int fd;

	name_of(id, name);
	fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno != ENOENT;
	alive = flock(fd, LOCK_EX | LOCK_NB) != 0;
	fd_close(&fd);
	return alive;
}
