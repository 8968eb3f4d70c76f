/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_host.c - who we are, our folder, the clock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "clock.h"
#include "doctor.h"
#include "fd.h"

#define OTHERS 0077
#define DEPTH_MAX 8 /* of folders in ours; there are three */

void
doctor_root(struct doctor *x)
{
	struct doctor_finding *f;

	if (x->root) {
		doctor_found(x, "root", DOCTOR_OK, NULL, "run as root");
		return;
	}
	f = doctor_found(x, "root", DOCTOR_WARNING, NULL,
			 "not run as root: domains, volumes, device-mapper "
			 "and the snapshots were not looked at");
	doctor_why(f, "whatever is wrong with those is not told here");
	doctor_mend(f, "sudo xensnap doctor");
}

/* ---- our folder ---- */

struct walk {
	bool close;        /* to others; else it is only counted */
	unsigned int open; /* so many were open to others */
	int failed;        /* errno of the first that could not be closed */
};

static void
look_at(struct walk *w, int fd, const struct stat *st)
{
	if (!(st->st_mode & OTHERS))
		return;
	w->open++;
	if (w->close && fchmod(fd, st->st_mode & 07700) && !w->failed)
		w->failed = errno;
}

/* Links are not followed, and what is neither file nor folder is not ours. */
static void
walk(struct walk *w, int fd, unsigned int depth)
{
	struct dirent *e;
	struct stat st;
	DIR *dir;
	int in;

	if (fstat(fd, &st) || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
		close(fd);
		return;
	}
	look_at(w, fd, &st);
	dir = S_ISDIR(st.st_mode) && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		in = openat(dirfd(dir), e->d_name,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (in >= 0)
			walk(w, in, depth + 1);
	}
	closedir(dir);
}

void
doctor_folder(struct doctor *x)
{
	const char *root = snapshot_root();
	struct walk w = { .close = false };
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	int fd = fd_open_dir(AT_FDCWD, root, &err);

	if (fd < 0 && err.code == ERR_NOTFOUND) {
		doctor_found(x, "folder", DOCTOR_OK, NULL,
			     "%s is not there yet; the first snapshot makes it",
			     root);
		return;
	}
	if (fd < 0 && err.code == ERR_DENIED && !x->root)
		return;
	if (fd < 0) {
		f = doctor_found(x, "folder", DOCTOR_ERROR, NULL, "%s",
				 err.text);
		doctor_why(f, "no snapshot can be made, and none is found");
		doctor_mend(f, "ls -ld %s", root);
		return;
	}
	walk(&w, fd, 0);
	if (w.open == 0) {
		doctor_found(x, "folder-mode", DOCTOR_OK, NULL,
			     "%s is closed to other users", root);
		return;
	}
	f = doctor_found(
		x, "folder-mode", DOCTOR_WARNING, NULL,
		"%s: of its files and folders, other users can open %u", root,
		w.open);
	doctor_why(f, "the memory of a domain has its passwords and keys");
	doctor_mend(f, "chmod -R go= %s", root);
	f->harmless = true;
}

int
doctor_cure_folder(struct doctor *x, struct doctor_finding *f, struct err *err)
{
	struct walk w = { .close = true };
	int fd = fd_open_dir(AT_FDCWD, snapshot_root(), err);

	(void)x;
	if (fd < 0)
		return -1;
	walk(&w, fd, 0);
	if (w.failed)
		return err_set(err, ERR_IO, w.failed, "close %s to others",
			       snapshot_root());
	doctor_did(f, "closed to other users: %u of its files and folders",
		   w.open);
	return 0;
}

/* ---- the clock ---- */

struct newest {
	char created[sizeof(((struct snapshot *)0)->created)];
	char name[2 * SNAPSHOT_NAME_MAX + 2];
};

static int
newer(const struct snapshot *s, const char *domain, const char *name,
      const struct err *bad, void *ctx)
{
	struct newest *n = ctx;

	(void)bad;
	if (s && strcmp(s->created, n->created) > 0) {
		memcpy(n->created, s->created, sizeof(n->created));
		snprintf(n->name, sizeof(n->name), "%s@%s", domain, name);
	}
	return 0;
}

static bool
is_behind(struct doctor *x)
{
	struct newest n = { .created = "" };
	struct err ignored = ERR_INIT;
	struct doctor_finding *f;
	char now[24];

	clock_utc(now, sizeof(now));
	if (snapshot_each(NULL, newer, &n, &ignored) ||
	    strcmp(n.created, now) <= 0)
		return false;
	f = doctor_found(x, "clock-behind", DOCTOR_WARNING, n.name,
			 "made at %s; this host's clock says %s", n.created,
			 now);
	doctor_why(f, "which snapshot and which backup is newer is told by "
		      "the clock: prune and diff would take them in a wrong "
		      "order");
	doctor_mend(f, "timedatectl set-ntp true (without systemd-timesyncd: "
		       "apt install chrony)");
	return true;
}

void
doctor_clock(struct doctor *x)
{
	struct timex t = { .modes = 0 };
	struct doctor_finding *f;
	int state = adjtimex(&t);

	if (is_behind(x))
		return;
	if (state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC)) {
		doctor_found(x, "clock", DOCTOR_OK, NULL,
			     "the clock is synchronised");
		return;
	}
	f = doctor_found(x, "clock", DOCTOR_NOTE, NULL,
			 "nobody synchronises this host's clock");
	doctor_why(f, "which snapshot and which backup is newer is told by "
		      "the clock");
	doctor_mend(f, "timedatectl set-ntp true (without systemd-timesyncd: "
		       "apt install chrony)");
}
