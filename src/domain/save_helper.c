/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* save_helper.c - see save_helper.h. */
#include "save_helper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

/* libxl-save-helper --save-domain FD BACKFD DOMID FLAGS ...; so in every Xen
 * from 4.6 to 4.21. */
#define ARG_MODE 1
#define ARG_DOMID 4

struct search {
	uint32_t domid;
	struct save_helper *ret;
	pid_t hidden; /* a helper that we may not look at, or 0 */
};

static bool
saves_domain(pid_t pid, uint32_t domid)
{
	const char *args[ARG_DOMID + 1];
	char buf[512], want[16];

	if (!proc_runs(pid, SAVE_HELPER_PROGRAM))
		return false;
	if (proc_args(pid, buf, sizeof(buf), args, ARG_DOMID + 1) <= ARG_DOMID)
		return false;
	snprintf(want, sizeof(want), "%u", domid);
	return strcmp(args[ARG_MODE], "--save-domain") == 0 &&
	       strcmp(args[ARG_DOMID], want) == 0;
}

static bool
visit(pid_t pid, void *ctx)
{
	struct search *s = ctx;
	char pipe[PATH_MAX];
	struct proc_stat st;

	if (proc_hides(pid, SAVE_HELPER_PROGRAM))
		s->hidden = pid;
	if (!saves_domain(pid, s->domid) || !proc_stat(pid, &st))
		return true;
	/* Its stdout is the pipe on which it reports.  Adoption after the
	 * owner's death is not always by pid 1, so look for the other end. */
	if (!proc_fd_link(pid, STDOUT_FILENO, pipe, sizeof(pipe)))
		return true;
	if (proc_has_fd(st.parent, pipe))
		s->ret->owner = st.parent;
	else
		s->ret->orphan = pid;
	return true;
}

int
save_helper_find(uint32_t domid, struct save_helper *ret, struct err *err)
{
	struct search s = { .domid = domid, .ret = ret };

	ret->owner = 0;
	ret->orphan = 0;
	if (proc_each(visit, &s, err))
		return -1;
	if (s.hidden && !ret->owner && !ret->orphan)
		return err_set(err, ERR_DENIED, 0,
			       "process %ld may be saving domain %u, and "
			       "cannot be looked at without CAP_SYS_PTRACE",
			       (long)s.hidden, domid);
	return 0;
}

int
save_helper_end_orphan(uint32_t domid, unsigned int wait_ms, struct err *err)
{
	uint64_t start = clock_ns();
	struct save_helper found;
	int fd, r;

	for (;;) {
		if (save_helper_find(domid, &found, err))
			return -1;
		if (!found.orphan)
			return 0;
		/* The descriptor names this very process; look again so that
		 * it is not one that got the number since. */
		fd = pidfd_open(found.orphan, 0);
		if (fd >= 0 && saves_domain(found.orphan, domid)) {
			log_debug("ending save helper %ld of domain %u: its "
				  "owner is dead",
				  (long)found.orphan, domid);
			r = pidfd_send_signal(fd, SIGKILL, NULL, 0);
			if (r && errno != ESRCH)
				log_debug("cannot: %s", strerror(errno));
		}
		if (fd >= 0)
			close(fd);
		if (clock_ms_since(start) >= wait_ms)
			return err_set(err, ERR_TIMEOUT, 0,
				       "the save helper "
				       "%ld that a dead process left behind "
				       "does not end",
				       (long)found.orphan);
		clock_sleep_ms(5);
	}
}
