/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_agent_store.c - agent/store.h on a folder that XENSNAP_AGENT_STORE names:
 * each node is a file in it, with "/" as "-".  For tests of the agent without
 * Xen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent_store.h"

static const char *
path_of(const char *node, const char *more)
{
	static char path[PATH_MAX];
	const char *dir = getenv("XENSNAP_AGENT_STORE");
	size_t used;

	snprintf(path, sizeof(path), "%s/%s%s", dir ? dir : ".", node, more);
	used = strlen(path) - strlen(node) - strlen(more);
	for (char *p = path + used; *p; p++)
		if (*p == '/')
			*p = '-';
	return path;
}

int
store_read(const char *node, char *ret, size_t size)
{
	int fd = open(path_of(node, ""), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ret[0] = '\0';
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, ret, size - 1);
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	return n < 0 ? -1 : 1;
}

int
store_write(const char *node, const char *text)
{
	char from[PATH_MAX];
	size_t len = strlen(text);
	ssize_t n;
	int fd;

	snprintf(from, sizeof(from), "%s", path_of(node, ".new"));
	fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	close(fd);
	return n == (ssize_t)len && rename(from, path_of(node, "")) == 0 ? 0 :
									   -1;
}

int
store_remove(const char *node)
{
	return unlink(path_of(node, ""));
}

int
store_bell(const char *node)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	const char *dir = getenv("XENSNAP_AGENT_STORE");

	(void)node;
	if (fd >= 0 && inotify_add_watch(fd, dir ? dir : ".",
					 IN_MOVED_TO | IN_DELETE) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
store_hush(int bell)
{
	char rest[4096];

	while (read(bell, rest, sizeof(rest)) > 0)
		continue;
}
