/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watchdog.c - a small process that puts things right when we die. */
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "journal.h"
#include "log.h"

/* A guest that was asked stops in well under a second, if it stops. */
#define WATCH_MS 5000

/* A killed process is gone in milliseconds, unless a device keeps it. */
#define DEATH_MS 1000

/* One message: what to put right.  Same program on both ends. */
struct orders {
	bool armed;
	struct leftover leftover;
};

static int
release_devices(const struct leftover *l, unsigned int *ret_n, struct err *err)
{
	struct err one = ERR_INIT;
	unsigned int i;
	int rc = 0;

	for (i = 0; i < l->n_devices; i++) {
		bool resumed = false;

		if (!l->devices[i][0])
			continue;
		if (disk_release_device(l->devices[i], &resumed, &one)) {
			if (rc == 0)
				*err = one;
			rc = -1;
		}
		*ret_n += resumed;
	}
	return rc;
}

/* If it cannot be told it thaws by itself, some seconds later. */
static void
thaw(const struct leftover *l)
{
	struct err e = ERR_INIT;

	if (l->asked && domain_thaw(l->saved.domid, l->saved.uuid, &e))
		log_debug("thaw the guest: %s", e.text);
}

/* On any doubt it does: the monitor sleeps on, and `recover` comes again. */
static bool
stands_still(const struct leftover *l)
{
	enum domain_state state;
	struct err e = ERR_INIT;

	return domain_state(l->saved.domid, l->saved.uuid, &state, &e) ||
	       state == DOMAIN_SUSPENDED;
}

/*
 * It runs again: from now on its disks move on, and nobody may restore it from
 * that memory any more.
 */
static int
mark_resumed(const struct domain_saved *saved, struct err *err)
{
	char folder[sizeof(saved->memory)];
	struct journal j = JOURNAL_INIT;
	int rc;

	strcpy(folder, saved->memory);
	*strrchr(folder, '/') = '\0';
	if (journal_reopen(&j, folder, err))
		return -1;
	rc = journal_step(&j, JOURNAL_RESUMED, err);
	journal_end(&j);
	return rc;
}

static int
rebuild_domain(const struct leftover *l, struct put_right *ret, struct err *err)
{
	if (domain_rebuild(&l->saved, &ret->restored, err))
		return -1;
	return mark_resumed(&l->saved, err);
}

static int
rescue_domain(const struct leftover *l, unsigned int watch_ms,
	      struct put_right *ret, struct err *err)
{
	if (l->paused)
		return domain_rescue_paused(l->saved.domid, l->saved.uuid,
					    &ret->resumed, err);
	if (l->saved.memory[0])
		return rebuild_domain(l, ret, err);
	return domain_rescue(l->saved.domid, l->saved.uuid, watch_ms,
			     &ret->resumed, err);
}

int
put_right(const struct leftover *l, unsigned int watch_ms,
	  struct put_right *ret, struct err *err)
{
	struct err rescue = ERR_INIT;
	bool rescued;
	int rc;

	memset(ret, 0, sizeof(*ret));
	/* Devices first: quick, and they cannot wait for a guest to answer. */
	rc = release_devices(l, &ret->n_released, err);
	if (!l->domain && !l->paused) {
		thaw(l);
		return rc;
	}
	rescued = rescue_domain(l, watch_ms, ret, &rescue) == 0;
	if (!rescued && rc == 0)
		*err = rescue;
	/* Awake, it would take a domain that stands still for a dead one. */
	if (rescued || !stands_still(l))
		xl_monitor_go_on(&l->monitor);
	thaw(l);
	return rescued ? rc : -1;
}

/*
 * The child has nothing of ours open but the socket, the terminal and the
 * domain's lock, cannot be interrupted from the keyboard, and is the last
 * that the kernel kills or swaps out.
 */
static void
settle(void)
{
	static const int ignored[] = { SIGINT,  SIGTERM, SIGHUP,
				       SIGQUIT, SIGPIPE, SIGTSTP };
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	setsid();
	prctl(PR_SET_NAME, "xensnap-watch");
	if (oom >= 0) {
		if (write(oom, "-1000", 5) < 0)
			log_debug("watchdog: cannot guard against OOM");
		close(oom);
	}
	if (mlockall(MCL_CURRENT))
		log_debug("watchdog: cannot lock its memory");
}

static void
act(const struct leftover *l)
{
	struct put_right did;
	struct err err = ERR_INIT;

	if (put_right(l, WATCH_MS, &did, &err)) {
		log_warning("xensnap died; its watchdog could not put all "
			    "right: %s; run `xensnap recover`",
			    err.text);
		return;
	}
	log_warning("xensnap died; its watchdog found the domain %s and %u "
		    "disks held; all run on; run `xensnap recover`",
		    did.restored ? "gone and restored it" :
		    did.resumed  ? "standing still" :
				   "running",
		    did.n_released);
}

/*
 * The socket closes while its owner is still dying: its other descriptors and
 * threads, and with them what looks like a save at work, may last a moment
 * longer.  @pidfd is readable when all of it is gone.
 */
static void
wait_for_death(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (pidfd >= 0 && poll(&p, 1, DEATH_MS) < 0 && errno == EINTR)
		continue;
}

static void
watch(int fd, int pidfd)
{
	struct orders orders = { .armed = false }, next;
	ssize_t n;

	settle();
	for (;;) {
		n = recv(fd, &next, sizeof(next), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(next))
			break;
		orders = next;
		if (send(fd, "k", 1, MSG_NOSIGNAL) != 1)
			break;
		if (!orders.armed)
			_exit(0);
	}
	if (orders.armed) {
		wait_for_death(pidfd);
		act(&orders.leftover);
	}
	_exit(orders.armed);
}

int
watchdog_start(struct watchdog *w, struct err *err)
{
	int pair[2];
	int pidfd;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_set(err, ERR_IO, errno,
			       "make the watchdog's socket");
	/* Our own; without it the watchdog is only less patient. */
	pidfd = pidfd_open(getpid(), 0);
	w->pid = fork();
	if (w->pid < 0) {
		err_set(err, ERR_IO, errno, "start the watchdog");
		fd_close(&pidfd);
		fd_close(&pair[0]);
		fd_close(&pair[1]);
		w->pid = 0;
		return -1;
	}
	if (w->pid == 0) {
		fd_close(&pair[0]);
		watch(pair[1], pidfd);
	}
	fd_close(&pidfd);
	fd_close(&pair[1]);
	w->fd = pair[0];
	return 0;
}

static int
tell(struct watchdog *w, const struct orders *orders, struct err *err)
{
	char answer;

	if (send(w->fd, orders, sizeof(*orders), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(*orders) ||
	    recv(w->fd, &answer, 1, 0) != 1)
		return err_set(err, ERR_IO, 0,
			       "the watchdog (process %ld) has died",
			       (long)w->pid);
	return 0;
}

int
watchdog_arm(struct watchdog *w, const struct leftover *l, struct err *err)
{
	struct orders o;

	memset(&o, 0, sizeof(o));
	o.armed = true;
	o.leftover = *l;
	return tell(w, &o, err);
}

void
watchdog_stop(struct watchdog *w)
{
	struct orders o;
	struct err err = ERR_INIT;

	if (w->fd < 0)
		return;
	memset(&o, 0, sizeof(o));
	if (tell(w, &o, &err))
		log_debug("%s", err.text);
	fd_close(&w->fd);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	w->pid = 0;
}
