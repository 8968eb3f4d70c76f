/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dir_list.c - see dir_list.h. */
#include "dir_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

struct walk {
	const char *prefix;
	store_list_fn *fn;
	void *ctx;
};

static int walk_folder(const struct walk *w, const char *name, int fd,
		       struct err *err);

/* Does @name begin with the prefix; or, of a folder, can what is in it? */
static bool
wanted(const struct walk *w, const char *name, bool folder)
{
	size_t len = strlen(name);
	size_t prefix = strlen(w->prefix);

	if (len < prefix && !folder)
		return false;
	return strncmp(name, w->prefix, len < prefix ? len : prefix) == 0;
}

static int
walk_into(const struct walk *w, int dir, const char *leaf, const char *name,
	  struct err *err)
{
	int fd = openat(dir, leaf,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		return walk_folder(w, name, fd, err);
	/* It was a folder just now; so somebody is changing things. */
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	return err_set(err, fd_code(errno), errno, "open folder %s", name);
}

/* @leaf in the folder @dir, which is called @folder ("": the root). */
static int
walk_entry(const struct walk *w, int dir, const char *folder, const char *leaf,
	   struct err *err)
{
	char name[STORE_NAME_MAX + 1];
	struct stat st;
	int n;

	n = snprintf(name, sizeof(name), "%s%s%s", folder, *folder ? "/" : "",
		     leaf);
	if (n < 0 || (size_t)n >= sizeof(name) || !store_name_fits(name) ||
	    !wanted(w, name, true))
		return 0;
	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 :
					 err_set(err, fd_code(errno), errno,
						 "stat %s", name);
	if (S_ISDIR(st.st_mode))
		return walk_into(w, dir, leaf, name, err);
	if (!S_ISREG(st.st_mode) || !wanted(w, name, false))
		return 0;
	return w->fn(name, (uint64_t)st.st_size, w->ctx, err);
}

/* All that is in folder @name, which is open at @fd; consumes @fd. */
static int
walk_folder(const struct walk *w, const char *name, int fd, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		err_set(err, ERR_IO, errno, "list folder %s", name);
		fd_close(&fd);
		return -1;
	}
	while (rc == 0) {
		errno = 0;
		e = readdir(dir);
		/* No end: packs that are not seen would be taken for gone. */
		if (!e && errno)
			rc = err_set(err, ERR_IO, errno, "list folder %s",
				     name);
		if (!e)
			break;
		rc = walk_entry(w, dirfd(dir), name, e->d_name, err);
	}
	closedir(dir);
	return rc;
}

int
dir_list(struct beneath *in, const char *prefix, store_list_fn *fn, void *ctx,
	 struct err *err)
{
	const struct walk w = { .prefix = prefix, .fn = fn, .ctx = ctx };
	const char *slash = strrchr(prefix, '/');
	char folder[STORE_NAME_MAX + 1];
	int fd;

	snprintf(folder, sizeof(folder), "%.*s",
		 slash ? (int)(slash - prefix) : 0, prefix);
	if (beneath_folder(in, folder, &fd, err) == 0)
		return walk_folder(&w, folder, fd, err);
	if (err->code != ERR_NOTFOUND)
		return -1;
	err_clear(err);
	return 0;
}
