/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file_base.c - see file_base.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd.h"
#include "file_base.h"
#include "file_view.h"
#include "log.h"
#include "uuid.h"

#define PREFIX "backup-" /* of the view's name, as a snapshot's */
#define PREFIX_LEN (sizeof(PREFIX) + 8)
#define ATTR_REPOSITORY "user.xensnap.repository"
#define MARK_LEN 128

/* ---- making one ---- */

static int
make(struct disk *d, struct err *err)
{
	struct disk_cow_size none = { .percent = 0 };
	char generation[UUID_TEXT_LEN + 1], name[PREFIX_LEN];
	struct disk_owner owner = {
		.domain = "",
		.snapshot = name,
		.generation = generation,
		.vdev = "disk",
		.folder = "",
	};

	if (uuid_new(generation, err))
		return -1;
	snprintf(name, sizeof(name), PREFIX "%.8s", generation);
	if (disk_plan(d, &owner, &none, err) || disk_prepare(d, err))
		return -1;
	if (disk_hold(d, err) == 0 && disk_view(d, err) == 0 &&
	    disk_sync(d, err) == 0)
		return 0;
	if (disk_view_drop(&d->ref, &(struct err)ERR_INIT))
		err_more(err, "and %s was left", d->ref.view);
	return -1;
}

static int
lock(const char *view, struct err *err)
{
	int fd = open(view, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err_set(err, ERR_IO, errno, "lock %s", view);
	fd_close(&fd);
	return -1;
}

int
file_base_make(const char *source, struct disk **ret, int *ret_lock,
	       struct err *err)
{
	struct stat st;

	if (stat(source, &st))
		return err_set(err, fd_code(errno), errno, "look at %s",
			       source);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSUPPORTED, 0, "it is no file");
	if (disk_open(source, ret, err))
		return -1;
	if ((*ret)->ops != &disk_reflink_ops) {
		err_set(err, ERR_UNSUPPORTED, 0,
			"its file system takes no views of files");
		goto failed;
	}
	if (make(*ret, err))
		goto failed;
	*ret_lock = lock((*ret)->ref.view, err);
	if (*ret_lock >= 0)
		return 0;
	disk_view_drop(&(*ret)->ref, &(struct err)ERR_INIT);
failed:
	disk_close(*ret);
	*ret = NULL;
	return -1;
}

/* ---- those that are there ---- */

/*
 * Whose a view is, and when it was last written to: who writes to it makes
 * another thing of it.  Returns @ret.
 */
static const char *
mark_of(const char *repository, const struct stat *st, char ret[MARK_LEN])
{
	snprintf(ret, MARK_LEN, "%s %jd.%09ld", repository,
		 (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return ret;
}

/* Its marks, the second "" when it has none; false when it is no view of
 * ours. */
static bool
read_marks(int fd, char generation[UUID_TEXT_LEN + 1], char mark[MARK_LEN])
{
	ssize_t n = fgetxattr(fd, FILE_VIEW_ATTR_GENERATION, generation,
			      UUID_TEXT_LEN);

	if (n != UUID_TEXT_LEN)
		return false;
	generation[n] = '\0';
	n = fgetxattr(fd, ATTR_REPOSITORY, mark, MARK_LEN - 1);
	if (n < 0 && errno != ENODATA)
		return false;
	mark[n < 0 ? 0 : n] = '\0';
	return true;
}

int
file_base_find(const char *source, const char *generation,
	       const char *repository, struct disk_view_ref *ret,
	       struct err *err)
{
	char is[UUID_TEXT_LEN + 1], has[MARK_LEN], want[MARK_LEN];
	struct stat st, source_st;
	int fd, r = 0;

	memset(ret, 0, sizeof(*ret));
	if (snprintf(ret->view, sizeof(ret->view), "%s.xs-" PREFIX "%.8s",
		     source, generation) >= (int)sizeof(ret->view))
		return 0;
	fd = open(ret->view, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 :
					 err_set(err, fd_code(errno), errno,
						 "open %s", ret->view);
	if (read_marks(fd, is, has) && strcmp(is, generation) == 0 &&
	    fstat(fd, &st) == 0 &&
	    strcmp(has, mark_of(repository, &st, want)) == 0 &&
	    stat(source, &source_st) == 0) {
		strcpy(ret->driver, disk_reflink_ops.name);
		strcpy(ret->source, source);
		strcpy(ret->generation, generation);
		file_view_inode(&source_st, ret->source_uuid);
		file_view_inode(&st, ret->view_uuid);
		ret->bytes = (uint64_t)st.st_size;
		r = 1;
	}
	close(fd);
	return r;
}

/* ---- afterwards ---- */

/* Whoever is not root may change the marks only of what he may write to. */
static int
mark(const char *view, const char *repository, struct err *err)
{
	int fd = open(view, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[MARK_LEN];
	struct stat st;
	int rc = -1;

	if (fd < 0 || fstat(fd, &st))
		goto failed;
	mark_of(repository, &st, text);
	if (fchmod(fd, 0600) == 0 &&
	    fsetxattr(fd, ATTR_REPOSITORY, text, strlen(text), 0) == 0 &&
	    fchmod(fd, 0400) == 0) {
		rc = fd_sync(fd, view, err);
		goto out;
	}
failed:
	err_set(err, ERR_IO, errno, "mark %s", view);
out:
	fd_close(&fd);
	return rc;
}

/* Remove @name in @folder if nobody needs it now that @keep is there. */
static int
drop_if_old(int folder, const char *name, const char *repository,
	    struct err *err)
{
	char is[UUID_TEXT_LEN + 1], has[MARK_LEN];
	size_t len = strlen(repository);
	int fd = openat(folder, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc = 0;

	if (fd < 0)
		return 0;
	if (read_marks(fd, is, has) &&
	    (has[0] ? strncmp(has, repository, len) == 0 && has[len] == ' ' :
		      flock(fd, LOCK_EX | LOCK_NB) == 0)) {
		log_debug("remove %s", name);
		if (unlinkat(folder, name, 0) && errno != ENOENT)
			rc = err_set(err, ERR_IO, errno, "remove %s", name);
	}
	close(fd);
	return rc;
}

static int
drop_old(const struct disk_view_ref *ref, const char *repository,
	 struct err *err)
{
	const char *view = strrchr(ref->view, '/') + 1;
	size_t prefix = strlen(view) - 8; /* up to the generation */
	int folder = file_view_folder(ref->view, err);
	DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	const struct dirent *e;
	int rc = 0;

	if (!dir) {
		fd_close(&folder);
		return err_set(err, ERR_IO, errno, "look beside %s", ref->view);
	}
	while (rc == 0 && (e = readdir(dir)))
		if (strncmp(e->d_name, view, prefix) == 0 &&
		    strcmp(e->d_name, view) != 0)
			rc = drop_if_old(folder, e->d_name, repository, err);
	if (rc == 0)
		rc = fd_sync(folder, ref->view, err);
	closedir(dir);
	return rc;
}

int
file_base_keep(const struct disk_view_ref *ref, const char *repository,
	       struct err *err)
{
	if (mark(ref->view, repository, err))
		return -1;
	return drop_old(ref, repository, err);
}
