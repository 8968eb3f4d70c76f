/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_user.c - see disk_user.h. */
#include "disk_user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "disk.h"
#include "fd.h"
#ifdef HAVE_LVM
#include "dm.h"
#endif

#define SETTLE_MS 3000u
#define SETTLE_STEP_MS 50u

struct used {
	const char *path;
	struct stat st;
	char *ret;
	size_t len;
};

bool
disk_user_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) || S_ISBLK(b->st_mode))
		return S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode) &&
		       a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is it what is called @path? */
static bool
is_called(const struct used *u, const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 &&
	       disk_user_same(&u->st, &st);
}

/* ---- mounts and swap ---- */

/* The kernel writes blanks in its lists as "\040". */
static char *
unescape(char *s)
{
	unsigned int c;
	char *to = s;

	for (char *from = s; *from; to++) {
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3 &&
		    sscanf(from + 1, "%3o", &c) == 1) {
			*to = (char)c;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return s;
}

/* "36 35 98:0 /root /where opts - type source opts" */
static bool
is_mount(const struct used *u, char *line, char *ret_where)
{
	char source[PATH_MAX] = "";
	unsigned int ma, mi;
	const char *rest;

	if (sscanf(line, "%*s %*s %u:%u %*s %4095s", &ma, &mi, ret_where) != 3)
		return false;
	unescape(ret_where);
	if (S_ISBLK(u->st.st_mode) && makedev(ma, mi) == u->st.st_rdev)
		return true;
	rest = strstr(line, " - ");
	if (!rest || sscanf(rest, " - %*s %4095s", source) != 1)
		return false;
	return is_called(u, unescape(source));
}

/* Each line of @file, until one is about it. */
static int
search(const char *file, struct used *u, bool (*about)(struct used *u, char *),
       struct err *err)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_set(err, ERR_IO, errno, "read %s", file);
	while (r == 0 && getline(&line, &room, f) > 0)
		r = about(u, line);
	free(line);
	fclose(f);
	return r;
}

static bool
about_mount(struct used *u, char *line)
{
	char where[PATH_MAX];

	if (!is_mount(u, line, where))
		return false;
	snprintf(u->ret, u->len, "it is mounted on %s", where);
	return true;
}

static bool
about_swap(struct used *u, char *line)
{
	line[strcspn(line, " \t\n")] = '\0';
	if (!is_called(u, unescape(line)))
		return false;
	snprintf(u->ret, u->len, "this host swaps to it");
	return true;
}

/* ---- devices on top of it ---- */

static bool
read_word(const char *path, char *ret, size_t len)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(ret, (int)len, f);

	if (f)
		fclose(f);
	if (ok)
		ret[strcspn(ret, "\n")] = '\0';
	return ok;
}

/* A device of device-mapper or md that is made of it. */
static int
by_holder(struct used *u)
{
	char dir[80], path[PATH_MAX], name[130];
	struct dirent *e;
	DIR *d;
	int r = 0;

	if (!S_ISBLK(u->st.st_mode))
		return 0;
	snprintf(dir, sizeof(dir), "/sys/dev/block/%u:%u/holders",
		 major(u->st.st_rdev), minor(u->st.st_rdev));
	d = opendir(dir);
	if (!d)
		return 0; /* a partition of an old kernel has no such folder */
	while (r == 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s/dm/name",
			 e->d_name);
		if (!read_word(path, name, sizeof(name)))
			snprintf(name, sizeof(name), "%.120s", e->d_name);
		snprintf(u->ret, u->len, "device %s is made of it", name);
		r = 1;
	}
	closedir(d);
	return r;
}

/* Is loop device @name on it? */
static bool
is_behind(const struct used *u, const char *name)
{
	char path[PATH_MAX], backing[PATH_MAX];
	struct loop_info64 info;
	bool is;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", name);
	if (!read_word(path, backing, sizeof(backing)))
		return false;
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info))
		is = is_called(u, backing);
	else if (S_ISBLK(u->st.st_mode))
		is = info.lo_rdevice == u->st.st_rdev;
	else
		is = info.lo_device == u->st.st_dev &&
		     info.lo_inode == u->st.st_ino;
	fd_close(&fd);
	return is;
}

static int
by_loop(struct used *u)
{
	DIR *d = opendir("/sys/block");
	struct dirent *e;
	int r = 0;

	while (d && r == 0 && (e = readdir(d))) {
		if (strncmp(e->d_name, "loop", 4) != 0 ||
		    !is_behind(u, e->d_name))
			continue;
		snprintf(u->ret, u->len, "it is behind /dev/%.40s", e->d_name);
		r = 1;
	}
	if (d)
		closedir(d);
	return r;
}

/* ---- programs ---- */

/* QEMU has read locks on some bytes of an image, of the kind that belongs to
 * an open file; others lock files as a whole. */
static int
by_lock(struct used *u)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = -1;
	int r = 0;

	if (S_ISREG(u->st.st_mode))
		fd = open(u->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if ((fcntl(fd, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK) ||
	    (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK))
		r = 1;
	if (r)
		snprintf(u->ret, u->len,
			 "a program has locked it, as QEMU locks the images "
			 "that it uses");
	fd_close(&fd);
	return r;
}

/* blkback opens a device without any trace but this. */
static int
by_count(struct used *u, struct err *err)
{
#ifdef HAVE_LVM
	uint64_t start = clock_ns();
	struct dm_dev dev;
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/dm",
		 major(u->st.st_rdev), minor(u->st.st_rdev));
	if (!S_ISBLK(u->st.st_mode) || access(path, F_OK))
		return 0;
	for (;;) {
		if (dm_find_number(major(u->st.st_rdev), minor(u->st.st_rdev),
				   &dev, err))
			return -1;
		if (!dev.exists || dev.open_count == 0)
			return 0;
		if (clock_ms_since(start) > SETTLE_MS)
			break;
		clock_sleep_ms(SETTLE_STEP_MS);
	}
	snprintf(u->ret, u->len,
		 "it is open (%u times), by a domain or a "
		 "program",
		 dev.open_count);
	return 1;
#else
	(void)u;
	(void)err;
	return 0;
#endif
}

int
disk_user(const char *path, char *ret, size_t len, struct err *err)
{
	struct used u = { .path = path, .ret = ret, .len = len };
	int r;

	if (stat(path, &u.st))
		return err_set(err, fd_code(errno), errno, "look at %s", path);
	r = search("/proc/self/mountinfo", &u, about_mount, err);
	if (r == 0)
		r = search("/proc/swaps", &u, about_swap, err);
	if (r == 0)
		r = by_holder(&u);
	if (r == 0)
		r = by_loop(&u);
	if (r == 0)
		r = by_lock(&u);
	return r ? r : by_count(&u, err);
}

int
disk_has_views(const char *path, unsigned int *ret_n, struct err *err)
{
	struct used u = { .path = path };
	struct disk_view_ref *refs;
	unsigned int n;

	*ret_n = 0;
	if (stat(path, &u.st))
		return err_set(err, fd_code(errno), errno, "look at %s", path);
	if (!S_ISBLK(u.st.st_mode))
		return 0;
	if (disk_find_views(&refs, NULL, &n, err))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		*ret_n += is_called(&u, refs[i].source);
	free(refs);
	return *ret_n > 0;
}
