/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* in_use.c - see in_use.h. */
#include "in_use.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_user.h"
#include "fd.h"
#include "offline.h"
#include "proc.h"

/* ---- domains ---- */

static int
by_domain(const char *path, struct err *err)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	struct domain_disk *d;
	int rc = -1;

	if (!info)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	info->n_disks = 1;
	d = &info->disks[0];
	/* What does not fit cannot be a disk of a domain that we know. */
	if (strlen(path) >= sizeof(d->source)) {
		rc = 0;
		goto out;
	}
	strcpy(d->source, path);
	rc = offline_sharers(info, err);
	if (rc)
		err_add(err, "cannot tell whether a domain uses %s", path);
	else if (d->shared_with[0])
		rc = err_set(err, ERR_BUSY, 0,
			     "%s is in use: domain %s writes to it", path,
			     d->shared_with);
out:
	free(info);
	return rc;
}

/* ---- programs ---- */

struct looking {
	struct stat st;
	enum in_use_for use;
	pid_t pid; /* who has it, or 0 */
};

/* May who opened descriptor @name of @pid write by it?  Not known: yes. */
static bool
may_write(pid_t pid, const char *name)
{
	char path[300], line[80];
	unsigned int flags = O_RDWR;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	if (f)
		fclose(f);
	return (flags & O_ACCMODE) != O_RDONLY;
}

static bool
look_at(pid_t pid, void *ctx)
{
	struct looking *l = ctx;
	struct dirent *e;
	struct stat st;
	char path[300];
	DIR *d;

	if (pid == getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (fstatat(dirfd(d), e->d_name, &st, 0) ||
		    !disk_user_same(&l->st, &st))
			continue;
		if (l->use == IN_USE_FOR_READING && !may_write(pid, e->d_name))
			continue;
		l->pid = pid;
		break;
	}
	if (d)
		closedir(d);
	return l->pid == 0;
}

static int
by_program(const char *path, enum in_use_for use, struct err *err)
{
	struct looking l = { .use = use };
	const char *args[1] = { "a program" };
	char buf[256];

	if (stat(path, &l.st))
		return err_set(err, fd_code(errno), errno, "look at %s", path);
	if (proc_each(look_at, &l, err))
		return -1;
	if (l.pid == 0)
		return 0;
	proc_args(l.pid, buf, sizeof(buf), args, 1);
	return err_set(err, ERR_BUSY, 0,
		       "%s is in use: %.100s (pid %d) has it "
		       "open",
		       path, args[0], (int)l.pid);
}

int
in_use_check(const char *path, enum in_use_for use, struct err *err)
{
	char who[400], full[PATH_MAX];
	int r = disk_user(path, who, sizeof(who), err);

	if (r < 0)
		return -1;
	if (r > 0)
		return err_set(err, ERR_BUSY, 0, "%s is in use: %s", path, who);
	/* A domain's disks have paths from the root. */
	if (!realpath(path, full))
		return err_set(err, fd_code(errno), errno, "look at %s", path);
	if (by_domain(full, err))
		return -1;
	return by_program(path, use, err);
}

int
in_use_take(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_EXCL);

	if (fd < 0)
		return err_set(err, errno == EBUSY ? ERR_BUSY : fd_code(errno),
			       errno, "open %s", path);
	(void)ioctl(fd, BLKFLSBUF, 0);
	return fd;
}
