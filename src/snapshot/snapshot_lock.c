/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_lock.c - one at a time: the lock of a domain (inv. 12). */
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
#include "fd.h"
#include "snapshot.h"
#include "snapshot_folder.h"

#define LOCK_FILE ".lock"

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
		dir = snapshot_open_domain(domain, true, err);
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
	root = snapshot_open_root(false, &ignored);
	dir = root < 0 ? -1 : fd_open_dir(root, domain, &ignored);
	if (dir >= 0 && holds_only_the_lock(dir) &&
	    unlinkat(dir, LOCK_FILE, 0) == 0)
		unlinkat(root, domain, AT_REMOVEDIR);
	fd_close(&dir);
	fd_close(&root);
	fd_close(lock);
}
