/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* absent.c - see absent.h. */
#include "absent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "log.h"

#define TRIES 2 /* to write a file */
#define PAGE 4096
#define AROUND_MIN (1u << 20) /* what is worth it */
#define TEMPORARY_LEN 32
#define NEW ".new-"
#define PROBE ".probe-"

/* A file that has no name yet that counts. */
struct fresh {
	int dir; /* its folder, the caller's */
	int fd;
	char name[TEMPORARY_LEN]; /* "": it has none at all */
};

static int
temporary_name(const char *prefix, char ret[TEMPORARY_LEN], struct err *err)
{
	uint64_t n;

	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return err_set(err, ERR_IO, errno, "read random bytes");
	snprintf(ret, TEMPORARY_LEN, "%s%016" PRIx64, prefix, n);
	return 0;
}

static int
fresh_open(struct fresh *f, bool named, struct err *err)
{
	f->name[0] = '\0';
	if (named && temporary_name(NEW, f->name, err))
		return -1;
	if (named)
		f->fd = openat(f->dir, f->name,
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
				       O_NOFOLLOW,
			       0600);
	else
		f->fd = openat(f->dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC,
			       0600);
	if (f->fd < 0)
		return err_set(err, fd_code(errno), errno, "create a file");
	return 0;
}

/* Let go of it; under a temporary name nothing stays. */
static void
fresh_close(struct fresh *f)
{
	fd_close(&f->fd);
	if (f->name[0])
		unlinkat(f->dir, f->name, 0);
	f->name[0] = '\0';
}

/*
 * Around the page cache, when it can be: what is written once is not read
 * soon, and to go through it costs as much as to encrypt it.
 */
static void
write_around(int fd, const void *p, size_t len)
{
	int flags;

	if (len < AROUND_MIN || len % PAGE || (uintptr_t)p % PAGE)
		return;
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_DIRECT))
		log_debug("no O_DIRECT here");
}

static int
fresh_fill(const struct fresh *f, const void *p, size_t len, bool around,
	   struct err *err)
{
	if (fchmod(f->fd, 0600))
		return err_set(err, fd_code(errno), errno, "chmod");
	if (around)
		write_around(f->fd, p, len);
	if (fd_write_all(f->fd, p, len, err))
		return -1;
	return fd_sync(f->fd, "the file", err);
}

/*
 * A file with all its bytes on the disk.  After an error of write or fsync what
 * is in it is unknown, also to the kernel, which may say that all is well when
 * asked again: so it is never asked again, and another file is tried, once, in
 * the plainest way.
 */
static int
fresh_make(struct fresh *f, bool named, const void *p, size_t len,
	   struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		if (fresh_open(f, named, err))
			return -1;
		if (fresh_fill(f, p, len, i == 0, err) == 0)
			return 0;
		fresh_close(f);
		if (err->code == ERR_NOSPC)
			return -1;
	}
	return -1;
}

/* Over NFS a link may be made and the answer lost; the second asking then says
 * EEXIST.  Our temporary file knows how many names it has. */
static bool
linked_after_all(const struct fresh *f)
{
	struct statx st;
	int sys = errno;
	bool linked;

	linked = f->name[0] &&
		 statx(f->fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC,
		       STATX_NLINK, &st) == 0 &&
		 st.stx_nlink > 1;
	errno = sys;
	return linked;
}

static int
fresh_link(const struct fresh *f, const char *leaf, struct err *err)
{
	char self[40];
	int r;

	if (f->name[0]) {
		r = linkat(f->dir, f->name, f->dir, leaf, 0);
	} else {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
		r = linkat(AT_FDCWD, self, f->dir, leaf, AT_SYMLINK_FOLLOW);
	}
	if (r == 0 || linked_after_all(f))
		return 0;
	switch (errno) {
	case EPERM:
	case EOPNOTSUPP:
	case ENOSYS:
	case EMLINK:
		return err_set(err, ERR_UNSUPPORTED, errno, "link it");
	default:
		return err_set(err, fd_code(errno), errno, "link it");
	}
}

static int
put_by(struct fresh *f, bool named, const char *leaf, const void *p, size_t len,
       struct err *err)
{
	int rc;

	if (fresh_make(f, named, p, len, err))
		return -1;
	fail_here("store.filled");
	rc = fresh_link(f, leaf, err);
	if (rc == 0)
		fail_here("store.linked");
	fresh_close(f);
	return rc;
}

/* Has the nameless way failed in a manner that says nothing of the other?  So
 * it is without O_TMPFILE (EOPNOTSUPP, EISDIR, EINVAL), without /proc (ENOENT),
 * or where such a file can be made but not linked. */
static bool
try_named(const struct err *err)
{
	return err->code == ERR_UNSUPPORTED || err->code == ERR_NOTFOUND ||
	       err->sys == EOPNOTSUPP || err->sys == EISDIR ||
	       err->sys == EINVAL || err->sys == ENOSYS;
}

int
absent_put(int dir, const char *leaf, const void *p, size_t len, bool named,
	   struct err *err)
{
	struct fresh f = { .dir = dir, .fd = -1 };

	if (!named && fd_nameless_is_durable(dir)) {
		if (put_by(&f, false, leaf, p, len, err) == 0)
			return 0;
		if (!try_named(err))
			return -1;
		err_clear(err);
	}
	return put_by(&f, true, leaf, p, len, err);
}

/* What tells that a folder can be written to, but not now. */
static bool
can_wait(const struct err *err)
{
	return err->code == ERR_NOSPC || err->code == ERR_DENIED;
}

int
absent_probe(int dir, bool named, struct err *err)
{
	char name[TEMPORARY_LEN];
	int rc = -1;

	if (fd_sync(dir, "the folder", err)) {
		if (err->sys == EINVAL || err->sys == EOPNOTSUPP)
			err->code = ERR_UNSUPPORTED;
		return -1;
	}
	if (temporary_name(PROBE, name, err))
		return -1;
	if (absent_put(dir, name, "", 0, named, err)) {
		if (!can_wait(err))
			return -1;
		err_clear(err);
		return 0;
	}
	if (absent_put(dir, name, "", 0, named, err) == 0)
		err_set(err, ERR_UNSUPPORTED, 0,
			"one name can be created twice");
	else if (err->code == ERR_EXISTS || can_wait(err))
		rc = 0;
	unlinkat(dir, name, 0);
	if (rc == 0)
		err_clear(err);
	return rc;
}

int
absent_time(int dir, bool named, time_t *ret, struct err *err)
{
	char name[TEMPORARY_LEN];
	struct stat st;
	int rc = -1;

	if (temporary_name(PROBE, name, err) ||
	    absent_put(dir, name, "", 0, named, err))
		return -1;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		err_set(err, fd_code(errno), errno, "stat %s", name);
	} else {
		*ret = st.st_mtime;
		rc = 0;
	}
	unlinkat(dir, name, 0);
	return rc;
}

bool
absent_is_leftover(const char *leaf)
{
	return strncmp(leaf, NEW, strlen(NEW)) == 0 ||
	       strncmp(leaf, PROBE, strlen(PROBE)) == 0;
}
