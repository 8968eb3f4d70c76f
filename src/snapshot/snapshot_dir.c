/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot_dir.c - the folders in which snapshots live, and their renames.
 *
 * A folder's name is its state: NAME exists, .NAME.partial is being made,
 * .NAME.deleting is being deleted.  Each change of state is one rename and an
 * fsync of the domain's folder, so a crash leaves one state or the other.
 * A snapshot's name begins with a letter or a digit and cannot be confused
 * with the dotted ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "fd.h"
#include "json.h"
#include "snapshot.h"

#define LOCK_FILE ".lock"
#define PARTIAL ".partial"
#define DELETING ".deleting"
#define FOLDER_MAX (SNAPSHOT_NAME_MAX + 16)

const char *
snapshot_root(void)
{
	const char *root = getenv("XENSNAP_ROOT");

	return root && *root ? root : "/var/lib/xensnap";
}

static void
folder_name(char *ret, const char *name, const char *suffix)
{
	snprintf(ret, FOLDER_MAX, ".%s%s", name, suffix);
}

/* The root's folder; made when @make. */
static int
open_root(bool make, struct err *err)
{
	int fd;

	if (make && mkdir(snapshot_root(), 0700) && errno != EEXIST)
		return err_set(err,
			       errno == EACCES || errno == EPERM ? ERR_DENIED :
								   ERR_IO,
			       errno, "make %s", snapshot_root());
	fd = fd_open_dir(AT_FDCWD, snapshot_root(), err);
	return fd;
}

/*
 * Whoever lets go of a domain's lock removes the folder when nothing else is
 * in it: made by us or not, it may be gone when we open it.
 */
static int
open_domain(const char *domain, bool make, struct err *err)
{
	int root = open_root(make, err);
	int fd = -1;

	if (root < 0)
		return -1;
	do {
		err_clear(err);
		if (make && mkdirat(root, domain, 0700) == 0) {
			if (fd_sync(root, snapshot_root(), err))
				goto out;
		} else if (make && errno != EEXIST) {
			err_set(err, ERR_IO, errno, "make %s/%s",
				snapshot_root(), domain);
			goto out;
		}
		fd = fd_open_dir(root, domain, err);
	} while (make && fd < 0 && err->code == ERR_NOTFOUND);
out:
	fd_close(&root);
	return fd;
}

/* " (process 123)": who holds the lock, or nothing when it cannot be told. */
static void
lock_holder(int fd, char *ret, size_t len)
{
	char text[32] = "";
	long pid = 0;

	if (pread(fd, text, sizeof(text) - 1, 0) > 0)
		pid = strtol(text, NULL, 10);
	ret[0] = '\0';
	if (pid > 0)
		snprintf(ret, len, " (process %ld)", pid);
}

static int
wait_for_lock(int fd, unsigned int wait_ms, const char *domain, struct err *err)
{
	uint64_t start = clock_ns();
	char who[48];

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, ERR_IO, errno, "lock domain %s",
				       domain);
		if (clock_ms_since(start) >= wait_ms) {
			lock_holder(fd, who, sizeof(who));
			return err_set(err, ERR_BUSY, 0,
				       "another xensnap%s is at work on domain "
				       "%s; nothing was done",
				       who, domain);
		}
		clock_sleep_ms(20);
	}
	return 0;
}

/*
 * A lock file may be removed with its folder between our open and our lock;
 * then we hold the lock of nothing and must try again.
 */
static bool
still_there(int dirfd, int fd)
{
	struct stat ours, now;

	return fstat(fd, &ours) == 0 &&
	       fstatat(dirfd, LOCK_FILE, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

int
snapshot_lock(const char *domain, unsigned int wait_ms, struct err *err)
{
	int dir, fd = -1;
	char pid[32];

	for (;;) {
		dir = open_domain(domain, true, err);
		if (dir < 0)
			return -1;
		fd = openat(dir, LOCK_FILE,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == ENOENT) {
			/* The folder was removed under our hands. */
			fd_close(&dir);
			continue;
		}
		if (fd < 0) {
			err_set(err, ERR_IO, errno, "open the lock of %s",
				domain);
			break;
		}
		if (wait_for_lock(fd, wait_ms, domain, err)) {
			fd_close(&fd);
			break;
		}
		if (still_there(dir, fd))
			break;
		fd_close(&fd);
		fd_close(&dir);
	}
	fd_close(&dir);
	if (fd < 0)
		return -1;
	/* For lock_holder() alone: the lock does not hang on it. */
	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, strlen(pid), 0) < 0)
		errno = 0;
	return fd;
}

static bool
holds_only_the_lock(int dir)
{
	int copy = dup(dir);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	bool only = d != NULL;

	if (!d) {
		fd_close(&copy);
		return false;
	}
	rewinddir(d);
	while (only && (e = readdir(d)))
		only = strcmp(e->d_name, ".") == 0 ||
		       strcmp(e->d_name, "..") == 0 ||
		       strcmp(e->d_name, LOCK_FILE) == 0;
	closedir(d);
	return only;
}

/* The folder goes with its last snapshot, while we still hold its lock. */
void
snapshot_unlock(const char *domain, int *lock)
{
	struct err ignored = ERR_INIT;
	int root, dir;

	if (*lock < 0)
		return;
	root = open_root(false, &ignored);
	dir = root < 0 ? -1 : fd_open_dir(root, domain, &ignored);
	if (dir >= 0 && holds_only_the_lock(dir) &&
	    unlinkat(dir, LOCK_FILE, 0) == 0)
		unlinkat(root, domain, AT_REMOVEDIR);
	fd_close(&dir);
	fd_close(&root);
	fd_close(lock);
}

static bool
exists(int dir, const char *folder)
{
	struct stat st;

	return fstatat(dir, folder, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
check_free(int dir, const char *domain, const char *name, struct err *err)
{
	char partial[FOLDER_MAX], deleting[FOLDER_MAX];

	folder_name(partial, name, PARTIAL);
	folder_name(deleting, name, DELETING);
	if (exists(dir, name))
		return err_set(err, ERR_EXISTS, 0,
			       "there is a snapshot %s@%s already; choose "
			       "another name or delete it",
			       domain, name);
	if (exists(dir, partial) || exists(dir, deleting))
		return err_set(err, ERR_STATE, 0,
			       "a dead process left %s@%s half %s; run "
			       "`xensnap recover %s`",
			       domain, name,
			       exists(dir, partial) ? "made" : "deleted",
			       domain);
	return 0;
}

int
snapshot_check_free(const char *domain, const char *name, struct err *err)
{
	int dir = open_domain(domain, false, err);
	int rc;

	if (dir < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = check_free(dir, domain, name, err);
	fd_close(&dir);
	return rc;
}

int
snapshot_partial_path(const char *domain, const char *name, const char *file,
		      char *ret, size_t len, struct err *err)
{
	char partial[FOLDER_MAX];
	int n;

	folder_name(partial, name, PARTIAL);
	n = snprintf(ret, len, "%s/%s/%s/%s", snapshot_root(), domain, partial,
		     file);
	if (n > 0 && (size_t)n < len)
		return 0;
	return err_set(err, ERR_INVALID, 0, "the path of %s is too long", file);
}

int
snapshot_begin(const struct snapshot *s, struct err *err)
{
	char partial[FOLDER_MAX];
	int dir = open_domain(s->domain, true, err);
	int fd = -1;

	if (dir < 0)
		return -1;
	folder_name(partial, s->name, PARTIAL);
	if (check_free(dir, s->domain, s->name, err))
		goto out;
	if (fd_make_dir(dir, partial, err) == 0)
		fd = fd_open_dir(dir, partial, err);
	/* Made, but not durable: nobody would know that it is there. */
	if (fd < 0)
		unlinkat(dir, partial, AT_REMOVEDIR);
out:
	fd_close(&dir);
	return fd;
}

/*
 * Rename a folder of @domain durably.  If it cannot be made durable it gets its
 * old name back, so that on failure nothing has happened, as far as anybody
 * can see.
 */
static int
rename_folder(const char *domain, const char *from, const char *to,
	      struct err *err)
{
	int dir = open_domain(domain, false, err);
	int rc = -1;

	if (dir < 0)
		return -1;
	if (exists(dir, to)) {
		err_set(err, ERR_EXISTS, 0, "%s/%s is there already", domain,
			to);
		goto out;
	}
	if (renameat(dir, from, dir, to)) {
		err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno,
			"rename %s/%s to %s", domain, from, to);
		goto out;
	}
	rc = fd_sync(dir, domain, err);
	if (rc && renameat(dir, to, dir, from))
		err_more(err, "%s/%s cannot be renamed back", domain, to);
out:
	fd_close(&dir);
	return rc;
}

int
snapshot_commit(const struct snapshot *s, int dirfd, struct err *err)
{
	struct json_object *o = snapshot_to_json(s, err);
	int rc = -1;

	if (!o)
		return -1;
	if (json_write_file(dirfd, SNAPSHOT_RECORD, o, err))
		goto out;
	fail_here("commit.record");
	rc = snapshot_end_commit(s->domain, s->name, err);
	fail_here("commit.renamed");
out:
	json_object_put(o);
	return rc;
}

int
snapshot_end_commit(const char *domain, const char *name, struct err *err)
{
	char partial[FOLDER_MAX];

	folder_name(partial, name, PARTIAL);
	return rename_folder(domain, partial, name, err);
}

static int
remove_folder(const char *domain, const char *folder, struct err *err)
{
	int dir = open_domain(domain, false, err);
	int rc;

	if (dir < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = fd_remove_dir(dir, folder, err);
	fd_close(&dir);
	return rc;
}

int
snapshot_abort(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];

	folder_name(folder, name, PARTIAL);
	return remove_folder(domain, folder, err);
}

int
snapshot_end_delete(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];

	folder_name(folder, name, DELETING);
	return remove_folder(domain, folder, err);
}

static int
open_snapshot(const char *domain, const char *name, struct err *err)
{
	int dir = open_domain(domain, false, err);
	int fd = -1;

	if (dir >= 0)
		fd = fd_open_dir(dir, name, err);
	if (fd < 0 && err->code == ERR_NOTFOUND)
		err_set(err, ERR_NOTFOUND, 0,
			"there is no snapshot %s@%s; `xensnap list` shows "
			"what there is",
			domain, name);
	fd_close(&dir);
	return fd;
}

int
snapshot_use(const char *domain, const char *name, struct err *err)
{
	int fd = open_snapshot(domain, name, err);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB)) {
		fd_close(&fd);
		err_set(err, ERR_BUSY, 0, "%s@%s is being deleted", domain,
			name);
	}
	return fd;
}

int
snapshot_use_alone(const char *domain, const char *name, struct err *err)
{
	int fd = open_snapshot(domain, name, err);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		fd_close(&fd);
		err_set(err, ERR_BUSY, 0, "%s@%s is in use", domain, name);
	}
	return fd;
}

int
snapshot_begin_delete(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];
	int fd = open_snapshot(domain, name, err);
	int rc = -1;

	if (fd < 0)
		return -1;
	folder_name(folder, name, DELETING);
	if (flock(fd, LOCK_EX | LOCK_NB))
		err_set(err, ERR_BUSY, 0,
			"%s@%s is being read by another process; nothing was "
			"deleted",
			domain, name);
	else
		rc = rename_folder(domain, name, folder, err);
	fd_close(&fd);
	return rc;
}

int
snapshot_load_dir(int dirfd, struct snapshot *ret, struct err *err)
{
	struct json_object *o = json_read_file(dirfd, SNAPSHOT_RECORD, err);
	int rc;

	if (!o)
		return -1;
	rc = snapshot_from_json(o, ret, err);
	json_object_put(o);
	return rc ? err_add(err, "read %s", SNAPSHOT_RECORD) : 0;
}

int
snapshot_load(const char *domain, const char *name, struct snapshot *ret,
	      struct err *err)
{
	int dirfd = open_snapshot(domain, name, err);
	int rc;

	if (dirfd < 0)
		return -1;
	rc = snapshot_load_dir(dirfd, ret, err);
	/* The snapshot is there: to say it is not would cost it its views. */
	if (rc && err->code == ERR_NOTFOUND)
		err->code = ERR_CORRUPT;
	if (rc == 0 &&
	    (strcmp(ret->domain, domain) != 0 || strcmp(ret->name, name) != 0))
		rc = err_set(err, ERR_CORRUPT, 0,
			     "the record in %s/%s says it is %s@%s", domain,
			     name, ret->domain, ret->name);
	fd_close(&dirfd);
	return rc;
}
