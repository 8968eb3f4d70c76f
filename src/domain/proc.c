/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* proc.c - see proc.h. */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_PATH_MAX 64
#define COMM_MAX 15

/* Read at most @len - 1 bytes of /proc/@pid/@name; -1 when it is gone. */
static ssize_t
read_proc(pid_t pid, const char *name, char *ret, size_t len)
{
	char path[PROC_PATH_MAX];
	size_t done = 0;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (done < len - 1) {
		n = read(fd, ret + done, len - 1 - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	ret[done] = '\0';
	return n < 0 ? -1 : (ssize_t)done;
}

bool
proc_stat(pid_t pid, struct proc_stat *ret)
{
	char buf[1024];
	const char *p;
	char state;
	int parent;
	uint64_t start;

	if (read_proc(pid, "stat", buf, sizeof(buf)) <= 0)
		return false;
	/* The name in parentheses may hold anything, ")" too: skip to its
	 * end.  Then come state (3), parent (4) and, as 22nd, the start. */
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 1,
			 " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			 " %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			 &state, &parent, &start) != 3)
		return false;
	ret->state = state;
	ret->parent = parent;
	ret->start = start;
	return true;
}

bool
proc_runs(pid_t pid, const char *program)
{
	static const char deleted[] = " (deleted)";
	char path[PROC_PATH_MAX], exe[PATH_MAX];
	const char *base;
	size_t len;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	len = strlen(exe);
	if (len > sizeof(deleted) - 1 &&
	    strcmp(exe + len - (sizeof(deleted) - 1), deleted) == 0)
		exe[len - (sizeof(deleted) - 1)] = '\0';
	base = strrchr(exe, '/');
	return strcmp(base ? base + 1 : exe, program) == 0;
}

/* The name is shown to all, and cut by the kernel. */
bool
proc_hides(pid_t pid, const char *program)
{
	char path[PROC_PATH_MAX], to[8], name[COMM_MAX + 2], want[COMM_MAX + 2];

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	if (readlink(path, to, sizeof(to)) >= 0 ||
	    (errno != EACCES && errno != EPERM))
		return false;
	snprintf(want, sizeof(want), "%.*s\n", COMM_MAX, program);
	return read_proc(pid, "comm", name, sizeof(name)) > 0 &&
	       strcmp(name, want) == 0;
}

unsigned int
proc_args(pid_t pid, char *buf, size_t len, const char **ret, unsigned int max)
{
	ssize_t n = read_proc(pid, "cmdline", buf, len);
	unsigned int count = 0;
	char *p = buf;

	if (n <= 0)
		return 0;
	while (p < buf + n && count < max) {
		ret[count++] = p;
		p += strlen(p) + 1;
	}
	return count;
}

bool
proc_fd_link(pid_t pid, int fd, char *ret, size_t len)
{
	char path[PROC_PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
	n = readlink(path, ret, len - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* The whole of @text as a number from 0 to INT_MAX, or -1. */
static int
number(const char *text)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || n > INT_MAX)
		return -1;
	return (int)n;
}

bool
proc_has_fd(pid_t pid, const char *link)
{
	char path[PROC_PATH_MAX], found[PATH_MAX];
	struct dirent *e;
	bool has = false;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!has && (e = readdir(dir))) {
		fd = number(e->d_name);
		has = fd >= 0 && proc_fd_link(pid, fd, found, sizeof(found)) &&
		      strcmp(found, link) == 0;
	}
	closedir(dir);
	return has;
}

int
proc_each(proc_visit *visit, void *ctx, struct err *err)
{
	struct dirent *e;
	DIR *dir;
	int pid;

	dir = opendir("/proc");
	if (!dir)
		return err_set(err, ERR_IO, errno,
			       "look at the processes in "
			       "/proc");
	while ((e = readdir(dir))) {
		pid = number(e->d_name);
		if (pid > 0 && !visit(pid, ctx))
			break;
	}
	closedir(dir);
	return 0;
}
