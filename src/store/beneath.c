/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* beneath.c - see beneath.h. */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
/* O_NONBLOCK: a FIFO in the file's place must not stop us. */
#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int
open_at_once(const struct beneath *b, const char *name, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, b->root, name, &how, sizeof(how));
	while (fd < 0 && errno == EINTR);
	return (int)fd;
}

/* The first part of @name into @part; returns the rest, NULL if there is none.
 * A part that is too long becomes one that cannot be there. */
static const char *
first_part(const char *name, char part[NAME_MAX + 1])
{
	size_t len = strcspn(name, "/");

	if (len > NAME_MAX)
		len = 0;
	memcpy(part, name, len);
	part[len] = '\0';
	name += strcspn(name, "/");
	return *name ? name + 1 : NULL;
}

/* Close @fd unless it is the root's, leaving errno alone. */
static void
leave(const struct beneath *b, int fd)
{
	int sys = errno;

	if (fd != b->root)
		close(fd);
	errno = sys;
}

/* One folder after the other: each is a folder and no link, or we stop. */
static int
open_by_hand(const struct beneath *b, const char *name, int flags)
{
	char part[NAME_MAX + 1];
	int at = b->root;
	int fd;

	do {
		name = first_part(name, part);
		do
			fd = openat(at, part, name ? FOLDER_FLAGS : flags);
		while (fd < 0 && errno == EINTR);
		leave(b, at);
		at = fd;
	} while (name && fd >= 0);
	return fd;
}

static int
open_in(struct beneath *b, const char *name, int flags)
{
	int fd;

	if (!atomic_load(&b->by_hand)) {
		fd = open_at_once(b, name, flags);
		/* Filters of containers say EPERM to calls they don't know. */
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
			return fd;
		if (errno == ENOSYS)
			atomic_store(&b->by_hand, true);
	}
	return open_by_hand(b, name, flags);
}

/* Why @name could not be opened; @wanted is what it should be. */
static int
not_opened(const char *name, const char *wanted, struct err *err)
{
	switch (errno) {
	case ELOOP:
	case ENOTDIR:
	case ENXIO: /* a socket, or a device without its driver */
	case ENODEV:
		return err_set(err, ERR_CORRUPT, 0,
			       "%s is no %s, or a link is on the way", name,
			       wanted);
	default:
		return err_set(err, fd_code(errno), errno, "open %s", name);
	}
}

int
beneath_open(struct beneath *b, const char *name, int *ret, uint64_t *ret_bytes,
	     struct err *err)
{
	struct stat st;
	int fd = open_in(b, name, FILE_FLAGS);

	if (fd < 0)
		return not_opened(name, "plain file", err);
	if (fstat(fd, &st)) {
		err_set(err, ERR_IO, errno, "stat %s", name);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_CORRUPT, 0, "%s is no plain file", name);
		goto out;
	}
	*ret = fd;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
out:
	close(fd);
	return -1;
}

int
beneath_folder(struct beneath *b, const char *name, int *ret, struct err *err)
{
	int fd = open_in(b, *name ? name : ".", FOLDER_FLAGS);

	if (fd < 0)
		return not_opened(name, "folder", err);
	*ret = fd;
	return 0;
}

/* Make folder @part in @at and open it, at *@ret. */
static int
make_part(int at, const char *part, int *ret, struct err *err)
{
	bool made = mkdirat(at, part, 0700) == 0;

	if (!made && errno != EEXIST)
		return err_set(err, fd_code(errno), errno, "make folder %s",
			       part);
	/* What the umask took away is needed to open it. */
	if (made && fchmodat(at, part, 0700, 0))
		return err_set(err, ERR_IO, errno, "chmod %s", part);
	*ret = openat(at, part, FOLDER_FLAGS);
	if (*ret < 0)
		return not_opened(part, "folder", err);
	/* Also when somebody else made it: it may not be durable yet. */
	if (fd_sync(at, part, err) == 0)
		return 0;
	fd_close(ret);
	return -1;
}

int
beneath_make(struct beneath *b, const char *name, struct err *err)
{
	char part[NAME_MAX + 1];
	int at = b->root;
	int rc = 0;
	int fd = -1;

	do {
		name = first_part(name, part);
		rc = make_part(at, part, &fd, err);
		leave(b, at);
		at = fd;
	} while (name && rc == 0);
	if (rc == 0)
		close(fd);
	return rc;
}
