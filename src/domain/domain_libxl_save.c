/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_save.c - a domain's memory and state into a descriptor.
 *
 * libxl saves as an asynchronous operation, driven from our own poll loop, so
 * that Ctrl-C is heard and the caller hears of the instant.  libxl tells the
 * instant only as a progress message ("Domain now suspended").  It comes in
 * order, before the rest of the memory is written, and for PV, PVH and HVM,
 * live or not.  It is no interface: if it should ever stay out, the caller
 * hears of the instant when the operation has ended, which is later but right.
 *
 * The same holds for "Complete", after which nothing needs the domain to stand
 * still: without it we return from lx_save() when the operation has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "domain_libxl.h"
#include "log.h"
#include "save_helper.h"
#include "xl_header.h"

#define FDS_MAX 64   /* libxl 4.17 wants some five */
#define TURN_MS 250  /* how often progress is told */
#define BAD_TURNS 20 /* in a row: libxl's event loop is broken for good */

/* libxl waits so long for an answer, and again for the stop. */
#define GUEST_WAIT_S 60

/* One save, as far as it is. */
struct saving {
	struct lx_domain *d;
	const struct domain_save_how *how;
	struct domain_times *times;
	bool told;            /* @how->instant was called */
	uint64_t progress_ns; /* when @how->progress last was */
	bool instant_failed;
	bool cancelled;
};

static void
on_done(libxl_ctx *ctx, int rc, void *ctx_op)
{
	struct lx_op *op = ctx_op;

	(void)ctx;
	op->running = false;
	op->rc = rc;
	op->done_ns = clock_ns();
}

static libxl_asyncop_how
op_how(struct lx_op *op)
{
	libxl_asyncop_how how = {
		.callback = on_done,
		.u.for_callback = op,
	};

	return how;
}

/*
 * Let libxl do what there is to do, and wait for more of it, for at most
 * @timeout_ms.  @hear_cancel: come back at a cancel request too.
 */
static int
turn(struct lx_domain *d, int timeout_ms, bool hear_cancel, struct err *err)
{
	struct pollfd fds[FDS_MAX + 1];
	int n = FDS_MAX, rc, r;
	nfds_t all;
	struct timeval now;

	gettimeofday(&now, NULL);
	rc = libxl_osevent_beforepoll(d->ctx, &n, fds, &timeout_ms, now);
	if (rc == ERROR_BUFFERFULL)
		return err_set(err, ERR_IO, 0,
			       "libxl wants to wait for %d things at once, "
			       "%d were foreseen",
			       n, FDS_MAX);
	if (rc)
		return err_set(err, ERR_IO, 0,
			       "ask libxl what it waits for: failed with %d",
			       rc);
	all = (nfds_t)n;
	if (hear_cancel && cancel_fd() >= 0) {
		fds[n].fd = cancel_fd();
		fds[n].events = POLLIN;
		fds[n].revents = 0;
		all++;
	}
	r = poll(fds, all, timeout_ms);
	if (r < 0 && errno != EINTR && errno != EAGAIN)
		return err_set(err, ERR_IO, errno, "wait for libxl");
	if (r < 0)
		return 0;
	gettimeofday(&now, NULL);
	libxl_osevent_afterpoll(d->ctx, n, fds, now);
	return 0;
}

/*
 * libxl 4.17 can be told to end a save early only while its helper is at work:
 * before that, and after it, libxl_ao_abort() calls a null pointer.
 */
static bool
can_abort(const struct lx_domain *d)
{
	return d->log.marks.began_ns && !d->log.marks.end_ns &&
	       !d->save.aborted;
}

/* End the save early; it still has to be waited for. */
static void
abort_save(struct lx_domain *d)
{
	libxl_asyncop_how how = op_how(&d->save);
	int rc;

	if (!d->save.running || !can_abort(d))
		return;
	d->save.aborted = true;
	rc = libxl_ao_abort(d->ctx, &how);
	if (rc)
		log_debug("libxl does not end the save early: %d", rc);
}

/* The domain can answer, and nobody else is at work on it. */
static int
check_before(struct lx_domain *d, struct err *err)
{
	struct save_helper others;
	enum domain_state state;

	if (lx_look(d->ctx, &d->log, d->domid, d->uuid, &state, err))
		return -1;
	if (state != DOMAIN_RUNNING)
		return err_set(err, ERR_STATE, 0,
			       "domain %s is %s, not "
			       "running",
			       d->name, domain_state_name(state));
	if (save_helper_find(d->domid, &others, err))
		return -1;
	if (others.owner)
		return err_set(err, ERR_BUSY, 0,
			       "process %ld is saving domain "
			       "%s already",
			       (long)others.owner, d->name);
	return 0;
}

static int
start(struct lx_domain *d, const struct domain_save_how *how, struct err *err)
{
	libxl_asyncop_how ao = op_how(&d->save);
	char *config;
	int rc;

	if (check_before(d, err))
		return -1;
	config = lx_config(&d->base, err);
	if (!config)
		return -1;
	rc = xl_header_write(how->fd, config, err);
	free(config);
	if (rc)
		return err_add(err, "write the save file of %s", d->name);

	lx_log_clear(&d->log);
	memset(&d->log.marks, 0, sizeof(d->log.marks));
	memset(&d->save, 0, sizeof(d->save));
	d->save.running = true;
	rc = libxl_domain_suspend(d->ctx, d->domid, how->fd,
				  how->live ? LIBXL_SUSPEND_LIVE : 0, &ao);
	if (!rc)
		return 0;
	d->save.running = false;
	return lx_error(&d->log, rc, err, "begin to save the memory");
}

/* The domain stands still: it is the caller's turn. */
static void
tell(struct saving *s, uint64_t suspended_ns, struct err *err)
{
	s->told = true;
	s->times->asked_ns = s->d->log.marks.asked_ns;
	s->times->suspended_ns = suspended_ns;
	if (!s->how->instant)
		return;
	if (!s->how->instant(s->how->ctx, err))
		return;
	s->instant_failed = true;
	abort_save(s->d);
}

static void
tell_progress(struct saving *s)
{
	off_t at;

	/* In the pause of a live save every moment counts. */
	if (!s->how->progress || (s->told && s->how->live) ||
	    clock_ms_since(s->progress_ns) < TURN_MS)
		return;
	s->progress_ns = clock_ns();
	/* The helper writes through the same open file as we, so our own
	 * position is its. */
	at = lseek(s->how->fd, 0, SEEK_CUR);
	s->how->progress(at > 0 ? (uint64_t)at : 0, s->how->ctx);
}

/* Until the operation has ended, or all that matters is written. */
static int
drive(struct saving *s, struct err *err)
{
	struct lx_domain *d = s->d;

	while (d->save.running) {
		if (d->log.marks.end_ns && s->told && !d->save.aborted)
			break;
		tell_progress(s);
		if (turn(d, TURN_MS, can_abort(d), err))
			return -1;
		if (d->log.marks.suspended_ns && !s->told)
			tell(s, d->log.marks.suspended_ns, err);
		else if (cancel_requested() && can_abort(d)) {
			s->cancelled = true;
			abort_save(d);
		}
	}
	return 0;
}

/*
 * A save that went on behind our back would stop the domain after we said that
 * it failed.  Without an event loop there is nobody who could ask the guest:
 * then it goes no further, and its helper ends with us.
 */
static void
end_save(struct lx_domain *d)
{
	struct err e = ERR_INIT;
	unsigned int bad = 0;

	while (d->save.running && bad < BAD_TURNS) {
		abort_save(d);
		bad = turn(d, TURN_MS, false, &e) ? bad + 1 : 0;
	}
	if (d->save.running)
		log_debug("save of %s is left as it is: %s", d->name, e.text);
}

/* What made the save fail, in words about the domain. */
static int
explain(const struct saving *s, struct err *err)
{
	struct lx_domain *d = s->d;
	enum domain_state state = DOMAIN_RUNNING;
	struct err unknown = ERR_INIT;

	/* If that fails too, the save's own words are the ones to tell. */
	if (lx_look(d->ctx, &d->log, d->domid, d->uuid, &state, &unknown))
		log_debug("%s", unknown.text);
	if (s->cancelled)
		return err_set(err, ERR_CANCELLED, 0,
			       "cancelled while the "
			       "memory of %s was being saved",
			       d->name);
	if (domain_state_is_end(state))
		return err_set(err, ERR_STATE, 0,
			       "domain %s is %s: it ended "
			       "while its memory was being saved",
			       d->name, domain_state_name(state));
	if (d->log.no_ack)
		return err_set(err, ERR_TIMEOUT, 0,
			       "domain %s did not answer "
			       "the request to suspend within %d s",
			       d->name, GUEST_WAIT_S);
	if (d->save.rc == ERROR_GUEST_TIMEDOUT && d->log.marks.acked_ns)
		return err_set(err, ERR_TIMEOUT, 0,
			       "domain %s agreed to "
			       "suspend, but did not stop within %d s",
			       d->name, GUEST_WAIT_S);
	if (d->log.no_space)
		return err_set(err, ERR_NOSPC, 0,
			       "no room for the memory of "
			       "domain %s",
			       d->name);
	lx_error(&d->log, d->save.rc, err, "save the memory");
	return err_add(err, "domain %s", d->name);
}

/*
 * Nobody let it go on, or ended it, while the disks were frozen; and what we
 * saved was not another one that got its number.
 */
static int
check_after(struct lx_domain *d, struct err *err)
{
	enum domain_state state;

	if (lx_look(d->ctx, &d->log, d->domid, d->uuid, &state, err))
		return -1;
	if (state != DOMAIN_SUSPENDED)
		return err_set(err, ERR_STATE, 0,
			       "domain %s is %s: somebody "
			       "else was at work on it while its memory was "
			       "being saved",
			       d->name, domain_state_name(state));
	return 0;
}

int
lx_save(struct domain *base, const struct domain_save_how *how,
	struct domain_times *times, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	struct saving s = { .d = d, .how = how, .times = times };

	if (start(d, how, err) || drive(&s, err))
		goto failed;
	if (s.instant_failed)
		goto failed;
	if (!d->save.running) {
		if (d->save.rc || s.cancelled) {
			explain(&s, err);
			goto failed;
		}
		if (!s.told)
			tell(&s, d->save.done_ns, err);
		if (s.instant_failed)
			goto failed;
	}
	if (check_after(d, err))
		goto failed;
	times->saved_ns = d->log.marks.end_ns ? d->log.marks.end_ns :
						d->save.done_ns;
	return 0;
failed:
	end_save(d);
	times->asked_ns = d->log.marks.asked_ns;
	if (d->is_hvm)
		lx_drop_device_model_state(d->domid);
	return -1;
}

static double
ms_between(uint64_t from, uint64_t to)
{
	return from && to > from ? (double)(to - from) / 1e6 : 0.0;
}

int
lx_finish(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	const struct lx_log *log = &d->log;
	int rc = 0;

	while (d->save.running)
		if (turn(d, TURN_MS, false, err))
			return -1;
	log_debug("save of %s: asked, %.1f ms, agreed, %.1f ms, stands still, "
		  "%.1f ms, written, %.1f ms, done",
		  d->name, ms_between(log->marks.asked_ns, log->marks.acked_ns),
		  ms_between(log->marks.acked_ns, log->marks.suspended_ns),
		  ms_between(log->marks.suspended_ns, log->marks.end_ns),
		  ms_between(log->marks.end_ns, d->save.done_ns));
	if (d->save.rc) {
		lx_error(log, d->save.rc, err, "end the save of the memory");
		rc = -1;
	}
	if (d->is_hvm)
		lx_drop_device_model_state(d->domid);
	return rc;
}
