/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* freeze.c - see freeze.h. */
#define _GNU_SOURCE 1
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mounts.h"

/* A test names another list, so that it freezes nothing but its own. */
#ifndef MOUNTINFO
#define MOUNTINFO "/proc/self/mountinfo"
#endif

#define MOUNTS_MAX 1024
#define TEXT_MAX (512 * 1024)

/* One file system: by which of its mounts it is reached. */
struct target {
	const struct mount *m;
	int fd; /* -1: by none of those seen so far */
	bool frozen;
};

static char text[TEXT_MAX];
static struct mount mounts[MOUNTS_MAX];
static struct target targets[MOUNTS_MAX];
static unsigned int n_targets;

int64_t
freeze_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int
fail(struct freeze_report *r, const char *what, const char *point, int sys)
{
	snprintf(r->why, sizeof(r->why), "%s %.80s: %s", what, point,
		 strerror(sys));
	return -1;
}

/* ---- which ---- */

static int
read_mounts(void)
{
	size_t len = 0;
	ssize_t r;
	int fd = open(MOUNTINFO, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	do {
		r = read(fd, text + len, sizeof(text) - 1 - len);
		if (r > 0)
			len += (size_t)r;
	} while (r > 0 && len < sizeof(text) - 1);
	close(fd);
	/* What does not fit is not known. */
	if (r != 0)
		return -1;
	text[len] = '\0';
	return mounts_parse(text, mounts, MOUNTS_MAX);
}

/*
 * Open the root of @m.  Another mount may lie over it: then the path leads
 * elsewhere, and -1.
 */
static int
open_mount(const struct mount *m)
{
	int fd = open(m->point, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct statx st;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 &&
	    (!(st.stx_mask & STATX_MNT_ID) || st.stx_mnt_id == m->id))
		return fd;
	close(fd);
	return -1;
}

static struct target *
target_of(const struct mount *m)
{
	for (unsigned int i = 0; i < n_targets; i++)
		if (mounts_same(targets[i].m, m))
			return &targets[i];
	return NULL;
}

static void
close_targets(void)
{
	for (unsigned int i = 0; i < n_targets; i++)
		if (targets[i].fd >= 0)
			close(targets[i].fd);
	n_targets = 0;
}

/* Each file system once, the last mounted first. */
static int
find_targets(void)
{
	int n = read_mounts();

	n_targets = 0;
	if (n < 0)
		return -1;
	for (int i = n - 1; i >= 0; i--) {
		struct target *t = target_of(&mounts[i]);

		if (!mounts_on_disk(&mounts[i]))
			continue;
		if (!t) {
			t = &targets[n_targets++];
			t->m = &mounts[i];
			t->fd = -1;
			t->frozen = false;
		}
		if (t->fd < 0)
			t->fd = open_mount(&mounts[i]);
	}
	return 0;
}

/* ---- freeze ---- */

static int
sync_all(struct freeze_report *r)
{
	for (unsigned int i = 0; i < n_targets; i++) {
		if (targets[i].fd < 0)
			return fail(r, "reach", targets[i].m->point, ENOENT);
		if (syncfs(targets[i].fd))
			return fail(r, "sync", targets[i].m->point, errno);
	}
	return 0;
}

static int
freeze_one(struct target *t, struct freeze_report *r)
{
	if (ioctl(t->fd, FIFREEZE, 0) == 0) {
		t->frozen = true;
		r->n_frozen++;
		return 0;
	}
	/* FAT, for one; it was written out, and is hardly written to. */
	if (errno == EOPNOTSUPP || errno == ENOTTY) {
		r->n_synced++;
		return 0;
	}
	/* EBUSY: by somebody else, who would not expect us to thaw it. */
	return fail(r, "freeze", t->m->point, errno);
}

int
freeze_all(int64_t until_ns, struct freeze_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (find_targets()) {
		close_targets();
		return fail(ret, "read", MOUNTINFO, EIO);
	}
	if (sync_all(ret))
		goto out;
	for (unsigned int i = 0; i < n_targets; i++) {
		if (freeze_now_ns() >= until_ns) {
			fail(ret, "freeze", targets[i].m->point, ETIME);
			goto out;
		}
		if (freeze_one(&targets[i], ret))
			goto out;
	}
	return 0;
out:
	freeze_thaw();
	return -1;
}

/* ---- thaw ---- */

void
freeze_thaw(void)
{
	for (unsigned int i = n_targets; i-- > 0;) {
		/* Fails only if somebody else has thawed it already. */
		while (targets[i].frozen && ioctl(targets[i].fd, FITHAW, 0) &&
		       errno == EINTR)
			continue;
		targets[i].frozen = false;
	}
	close_targets();
}

int
freeze_thaw_left(void)
{
	int n = 0;

	if (find_targets())
		return -1;
	for (unsigned int i = n_targets; i-- > 0;)
		n += targets[i].fd >= 0 && ioctl(targets[i].fd, FITHAW, 0) == 0;
	close_targets();
	return n;
}
