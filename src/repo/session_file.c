/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session_file.c - see session_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "fd.h"
#include "hex.h"
#include "session_file.h"

#define NAME_LEN (8 + 2 * SESSION_ID + 1)

static void
name_of(const uint8_t id[SESSION_ID], char ret[NAME_LEN])
{
	char hex[2 * SESSION_ID + 1];

	hex_text(id, SESSION_ID, hex);
	snprintf(ret, NAME_LEN, "session-%s", hex);
}

int
session_file_new(int dirfd, const uint8_t id[SESSION_ID], struct err *err)
{
	char name[NAME_LEN];
	int fd;

	name_of(id, name);
	fd = openat(dirfd, name,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "make %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err_set(err, ERR_IO, errno, "lock %s", name);
	fd_close(&fd);
	return -1;
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
