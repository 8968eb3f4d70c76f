/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_tidy.c - see dir_tidy.h. */
#include "dir_tidy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absent.h"
#include "fd.h"

#define DAY (24 * 3600)
#define DEPTH 2 /* packs/XX */

struct tidying {
	time_t now;
	unsigned int n;
};

static int walk(struct tidying *t, int fd, unsigned int depth, struct err *err);

/* Gone meanwhile is as good: somebody else tidies too. */
static int
remove_old(struct tidying *t, int dir, const char *leaf, struct err *err)
{
	struct stat st;

	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 :
					 err_set(err, fd_code(errno), errno,
						 "stat %s", leaf);
	if (!S_ISREG(st.st_mode) || st.st_mtime > t->now - DAY)
		return 0;
	if (unlinkat(dir, leaf, 0))
		return errno == ENOENT ? 0 :
					 err_set(err, fd_code(errno), errno,
						 "remove %s", leaf);
	t->n++;
	return 0;
}

static int
look_at(struct tidying *t, int dir, const char *leaf, unsigned int depth,
	struct err *err)
{
	int fd;

	if (absent_is_leftover(leaf))
		return remove_old(t, dir, leaf, err);
	if (leaf[0] == '.' || depth == 0)
		return 0;
	fd = openat(dir, leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return walk(t, fd, depth - 1, err);
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
		       0 :
		       err_set(err, fd_code(errno), errno, "open folder %s",
			       leaf);
}

/* Folder @fd, which is consumed, and @depth levels below it. */
static int
walk(struct tidying *t, int fd, unsigned int depth, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		err_set(err, ERR_IO, errno, "read a folder");
		fd_close(&fd);
		return -1;
	}
	while (rc == 0) {
		errno = 0;
		e = readdir(dir);
		if (!e && errno)
			rc = err_set(err, ERR_IO, errno, "read a folder");
		if (!e)
			break;
		/* Objects are many, and no folders. */
		if (e->d_type == DT_REG && !absent_is_leftover(e->d_name))
			continue;
		rc = look_at(t, dirfd(dir), e->d_name, depth, err);
	}
	closedir(dir);
	return rc;
}

int
dir_tidy(int root, bool named, unsigned int *ret_n, struct err *err)
{
	struct tidying t = { .n = 0 };
	int fd, rc;

	if (absent_time(root, named, &t.now, err))
		return err_add(err, "tidy up");
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "open the folder");
	rc = walk(&t, fd, DEPTH, err);
	*ret_n = t.n;
	return rc ? err_add(err, "tidy up") : 0;
}
