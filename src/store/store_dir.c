/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store_dir.c - see store_dir.h.
 *
 * A put makes a file with durable content appear under its name (absent.h).
 * That the name is durable too takes an fsync of its folder, and one fsync does
 * for many puts: so the folders touched since the last sync are kept open.
 */
#include "store_dir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absent.h"
#include "beneath.h"
#include "dir_layout.h"
#include "dir_list.h"
#include "dir_reserve.h"
#include "dir_tidy.h"
#include "fail.h"
#include "fd.h"
#include "new_file.h"

/* How many folders are kept open; with more touched, all are synced early. */
#define TOUCHED_MAX 64

struct touched {
	char folder[STORE_NAME_MAX + 1];
	int fd;
};

struct dir_store {
	struct store base;
	struct beneath in;
	bool named;           /* do without O_TMPFILE */
	pthread_mutex_t lock; /* of what follows */
	size_t n_touched;
	struct touched touched[TOUCHED_MAX];
	struct err lost; /* the first sync that failed */
};

static struct dir_store *
of(struct store *s)
{
	return (struct dir_store *)s;
}

/* ---- folders that must be synced ---- */

/*
 * The kernel tells of a write that failed once; the next fsync of the folder
 * succeeds and means nothing.  So the first failure stays.
 */
static void
sync_touched(struct dir_store *d)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < d->n_touched; i++) {
		struct touched *t = &d->touched[i];

		if (fd_sync(t->fd, *t->folder ? t->folder : "the root folder",
			    &err) &&
		    d->lost.code == ERR_NONE)
			d->lost = err;
		fd_close(&t->fd);
	}
	d->n_touched = 0;
}

static bool
is_touched(const struct dir_store *d, const char *folder)
{
	for (size_t i = 0; i < d->n_touched; i++)
		if (strcmp(d->touched[i].folder, folder) == 0)
			return true;
	return false;
}

/* Something changed in @folder, which is open at @fd; consumes @fd. */
static void
touch(struct dir_store *d, const char *folder, int fd)
{
	pthread_mutex_lock(&d->lock);
	if (is_touched(d, folder)) {
		close(fd);
	} else {
		if (d->n_touched == TOUCHED_MAX)
			sync_touched(d);
		d->touched[d->n_touched].fd = fd;
		snprintf(d->touched[d->n_touched].folder,
			 sizeof(d->touched[0].folder), "%s", folder);
		d->n_touched++;
	}
	pthread_mutex_unlock(&d->lock);
}

static int
dir_sync(struct store *s, struct err *err)
{
	struct dir_store *d = of(s);
	int rc = 0;

	pthread_mutex_lock(&d->lock);
	sync_touched(d);
	if (d->lost.code != ERR_NONE) {
		*err = d->lost;
		rc = err_more(err, "what was put before may be lost");
	}
	pthread_mutex_unlock(&d->lock);
	if (rc == 0)
		fail_here("store.synced");
	return rc;
}

/* ---- objects ---- */

/* The folder of @name into @folder ("": the root); returns the rest. */
static const char *
split(const char *name, char folder[STORE_NAME_MAX + 1])
{
	const char *slash = strrchr(name, '/');

	snprintf(folder, STORE_NAME_MAX + 1, "%.*s",
		 slash ? (int)(slash - name) : 0, name);
	return slash ? slash + 1 : name;
}

/* A folder that somebody removed while it was empty is made again. */
static int
open_or_make(struct dir_store *d, const char *folder, int *ret, struct err *err)
{
	if (beneath_folder(&d->in, folder, ret, err) == 0)
		return 0;
	if (err->code != ERR_NOTFOUND || !*folder)
		return -1;
	err_clear(err);
	if (beneath_make(&d->in, folder, err))
		return -1;
	return beneath_folder(&d->in, folder, ret, err);
}

static int
dir_put(struct store *s, const char *name, const void *p, size_t len,
	struct err *err)
{
	struct dir_store *d = of(s);
	char folder[STORE_NAME_MAX + 1];
	const char *leaf = split(name, folder);
	int fd = -1;
	int rc;

	if (open_or_make(d, folder, &fd, err))
		return err_add(err, "put %s", name);
	rc = absent_put(fd, leaf, p, len, d->named, err);
	if (rc)
		err_add(err, "put %s", name);
	/* What is there already is relied on as if it were ours. */
	if (rc == 0 || err->code == ERR_EXISTS)
		touch(d, folder, fd);
	else
		close(fd);
	return rc;
}

static int
dir_get(struct store *s, const char *name, uint64_t offset, void *p, size_t len,
	size_t *ret_len, struct err *err)
{
	uint64_t bytes;
	ssize_t n;
	int fd;

	if (beneath_open(&of(s)->in, name, &fd, &bytes, err))
		return err_add(err, "get");
	n = fd_pread_full(fd, p, len, offset, err);
	close(fd);
	if (n < 0)
		return err_add(err, "get %s", name);
	*ret_len = (size_t)n;
	return 0;
}

static int
dir_size(struct store *s, const char *name, uint64_t *ret, struct err *err)
{
	int fd;

	if (beneath_open(&of(s)->in, name, &fd, ret, err))
		return err_add(err, "size");
	close(fd);
	return 0;
}

static int
dir_list_all(struct store *s, const char *prefix, store_list_fn *fn, void *ctx,
	     struct err *err)
{
	return dir_list(&of(s)->in, prefix, fn, ctx, err);
}

static int
dir_drop(struct store *s, const char *name, struct err *err)
{
	struct dir_store *d = of(s);
	char folder[STORE_NAME_MAX + 1];
	const char *leaf = split(name, folder);
	int fd = -1;

	if (beneath_folder(&d->in, folder, &fd, err)) {
		if (err->code != ERR_NOTFOUND)
			return err_add(err, "drop %s", name);
		err_clear(err);
		return 0;
	}
	if (unlinkat(fd, leaf, 0) && errno != ENOENT) {
		enum err_code code = errno == EISDIR ? ERR_CORRUPT :
						       fd_code(errno);

		err_set(err, code, errno, "drop %s", name);
		close(fd);
		return -1;
	}
	/* Also when it was gone: whoever did that may not have synced it. */
	touch(d, folder, fd);
	return 0;
}

/* Who put it has fsynced it before it had its name: that may be in memory only,
 * and is made durable as the names of what we put. */
static int
dir_harden(struct store *s, const char *name, struct err *err)
{
	struct dir_store *d = of(s);
	char folder[STORE_NAME_MAX + 1];
	uint64_t bytes;
	int fd = -1;

	split(name, folder);
	if (beneath_open(&d->in, name, &fd, &bytes, err))
		return err_add(err, "harden");
	fd_close(&fd);
	if (beneath_folder(&d->in, folder, &fd, err))
		return err_add(err, "harden %s", name);
	touch(d, folder, fd);
	return 0;
}

static int
dir_tidy_all(struct store *s, unsigned int *ret_n, struct err *err)
{
	return dir_tidy(of(s)->in.root, of(s)->named, ret_n, err);
}

static int
dir_reserve_some(struct store *s, uint64_t bytes, struct err *err)
{
	return dir_reserve(of(s)->in.root, bytes, err);
}

static int
dir_spend_it(struct store *s, struct err *err)
{
	return dir_spend(of(s)->in.root, err);
}

static void
dir_close(struct store *s)
{
	struct dir_store *d = of(s);

	for (size_t i = 0; i < d->n_touched; i++)
		fd_close(&d->touched[i].fd);
	fd_close(&d->in.root);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static const struct store_ops dir_ops = {
	.name = "dir",
	.put = dir_put,
	.get = dir_get,
	.size = dir_size,
	.list = dir_list_all,
	.drop = dir_drop,
	.harden = dir_harden,
	.sync = dir_sync,
	.tidy = dir_tidy_all,
	.reserve = dir_reserve_some,
	.spend = dir_spend_it,
	.close = dir_close,
};

/* ---- opening ---- */

/* @path without what is behind its name: "dir/" is in the folder of "dir". */
static int
plain_path(const char *path, char ret[PATH_MAX], struct err *err)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= PATH_MAX)
		return err_set(err, ERR_INVALID, ENAMETOOLONG, "make %s", path);
	memcpy(ret, path, len);
	ret[len] = '\0';
	return 0;
}

/* Make the directory @path unless it is there: 1, or 0 if it was.  The folder
 * that it is in is synced. */
static int
make_root(const char *path, struct err *err)
{
	char plain[PATH_MAX];

	if (plain_path(path, plain, err))
		return -1;
	if (fd_make_dir(AT_FDCWD, plain, err)) {
		if (err->code != ERR_EXISTS)
			return -1;
		err_clear(err);
		return 0;
	}
	if (chmod(plain, 0700))
		return err_set(err, fd_code(errno), errno, "chmod %s", plain);
	return 1;
}

/*
 * One create at a time: it may take away what one that died has left, which
 * must not be what one that lives has made.  1: so it is; 0: this cannot be
 * known on that file system; -1.  Goes with the descriptor.
 */
static int
lock_root(int fd, struct err *err)
{
	int r;

	do
		r = flock(fd, LOCK_EX | LOCK_NB);
	while (r && errno == EINTR);
	if (r && errno == EWOULDBLOCK)
		return err_set(err, ERR_BUSY, 0,
			       "another init is at work in it");
	return r == 0;
}

static int
make_layout(int fd, struct err *err)
{
	int locked = lock_root(fd, err);

	return locked < 0 ? -1 : dir_layout_make(fd, locked > 0, err);
}

static int
open_root(struct dir_store *d, const char *path, bool create, struct err *err)
{
	int made = create ? make_root(path, err) : 0;

	if (made < 0)
		return -1;
	/* The path is the user's: what is a link in it is meant. */
	d->in.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->in.root < 0)
		return err_set(err, fd_code(errno), errno, "open folder %s",
			       path);
	if (absent_probe(d->in.root, d->named, err)) {
		if (err->code == ERR_UNSUPPORTED)
			err_more(err, "its file system is not fit for a "
				      "repository; mounted read-only it can "
				      "be read");
		/* If it is empty: somebody else may have begun as well. */
		if (made)
			(void)rmdir(path);
		return err_add(err, "%s", path);
	}
	if (create && make_layout(d->in.root, err))
		return err_add(err, "%s", path);
	return 0;
}

int
store_dir_open(const char *path, bool create, unsigned int without,
	       struct store **ret, struct err *err)
{
	struct dir_store *d = calloc(1, sizeof(*d));

	if (!d)
		return err_set(err, ERR_NOMEM, 0, "open %s: out of memory",
			       path);
	d->base.ops = &dir_ops;
	d->in.root = -1;
	d->named = without & STORE_DIR_NO_TMPFILE;
	atomic_init(&d->in.by_hand, (without & STORE_DIR_NO_OPENAT2) != 0);
	pthread_mutex_init(&d->lock, NULL);
	if (open_root(d, path, create, err)) {
		dir_close(&d->base);
		return -1;
	}
	*ret = &d->base;
	return 0;
}

int
store_dir_may_create(const char *path, struct err *err)
{
	char plain[PATH_MAX];
	int fd, rc;

	if (plain_path(path, plain, err))
		return -1;
	fd = open(plain, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? new_file_check(plain, err) :
					 err_set(err, fd_code(errno), errno,
						 "open folder %s", path);
	rc = dir_layout_check(fd, true, err);
	fd_close(&fd);
	return rc ? err_add(err, "%s", path) : 0;
}
