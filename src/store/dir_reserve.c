/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_reserve.c - see dir_reserve.h. */
#include "dir_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fd.h"

#define NAME ".reserve"
/* Of what is free no more than one part in so many. */
#define SHARE 16

static int
failed(const char *what, struct err *err)
{
	return err_set(err, fd_code(errno), errno, "%s " NAME, what);
}

/* Blocks for @bytes, of which nothing is written.  Where the file system cannot
 * do that there is no reserve. */
static int
make_room(int root, int fd, uint64_t bytes, struct err *err)
{
	if (fallocate(fd, 0, 0, (off_t)bytes) == 0 || errno == EOPNOTSUPP ||
	    errno == ENOSYS)
		return 0;
	failed("make", err);
	unlinkat(root, NAME, 0);
	return -1;
}

int
dir_reserve(int root, uint64_t bytes, struct err *err)
{
	struct statvfs fs;
	struct stat st;
	uint64_t share;
	int fd, rc = 0;

	if (fstatvfs(root, &fs))
		return failed("look for room for", err);
	fd = openat(root, NAME,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0600);
	if (fd < 0)
		return failed("make", err);
	share = (uint64_t)fs.f_bavail * fs.f_frsize / SHARE;
	if (bytes > share)
		bytes = share;
	if (fstat(fd, &st))
		rc = failed("look at", err);
	else if (bytes > (uint64_t)st.st_size)
		rc = make_room(root, fd, bytes, err);
	fd_close(&fd);
	return rc;
}

int
dir_spend(int root, struct err *err)
{
	if (unlinkat(root, NAME, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : failed("remove", err);
}
