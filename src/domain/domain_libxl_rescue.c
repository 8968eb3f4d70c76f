/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_rescue.c - a domain whose saver died goes on.
 *
 * A suspend passes through these, and the saver may have died in any:
 *
 *	asked		control/shutdown is "suspend", unseen by the guest
 *	acknowledged	the guest emptied it, and is freezing its tasks
 *	suspended	the domain stands still
 *
 * The first is undone in xenstore, as libxl does after its own time limit; the
 * last by libxl's fast resume.  The one between looks like normal life and can
 * only be waited out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "clock.h"
#include "domain_libxl.h"
#include "log.h"
#include "save_helper.h"

#define POLL_MS 10
#define HELPER_END_MS 2000
#define TRANSACTION_TRIES 20

struct rescue {
	struct lx_host host;
	uint32_t domid;
	const char *uuid;
};

static int
look(struct rescue *r, enum domain_state *ret, struct err *err)
{
	return lx_look(r->host.ctx, &r->host.log, r->domid, r->uuid, ret, err);
}

static int
refuse_if_others_save(const struct rescue *r, struct err *err)
{
	struct save_helper found;

	if (save_helper_find(r->domid, &found, err))
		return -1;
	/* Our own save, whose resume failed, is nobody else's. */
	if (found.owner && found.owner != getpid())
		return err_set(err, ERR_BUSY, 0,
			       "process %ld is saving domain "
			       "%u",
			       (long)found.owner, r->domid);
	return 0;
}

/*
 * One try to empty control/shutdown if it still says "suspend"; the guest
 * empties it to acknowledge, so it must not change under our hands.  1: it was
 * withdrawn; 0: there was nothing to withdraw; -1 with errno, EAGAIN to try
 * again.
 */
static int
try_withdraw(struct xs_handle *xs, const char *path)
{
	unsigned int len = 0;
	xs_transaction_t t;
	bool asked;
	char *text;

	t = xs_transaction_start(xs);
	if (!t)
		return -1;
	text = xs_read(xs, t, path, &len);
	asked = text && strcmp(text, "suspend") == 0;
	free(text);
	if (asked && !xs_write(xs, t, path, "", 0)) {
		xs_transaction_end(xs, t, true);
		errno = EIO;
		return -1;
	}
	if (!xs_transaction_end(xs, t, !asked))
		return -1;
	return asked ? 1 : 0;
}

static int
withdraw(const struct rescue *r, struct err *err)
{
	struct xs_handle *xs;
	char path[80];
	int did = -1, tries;

	xs = xs_open(0);
	if (!xs)
		return err_set(err, ERR_IO, errno, "open xenstore");
	snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown",
		 r->domid);
	for (tries = 0; tries < TRANSACTION_TRIES; tries++) {
		did = try_withdraw(xs, path);
		if (did >= 0 || errno != EAGAIN)
			break;
	}
	if (did < 0)
		err_set(err, ERR_IO, errno,
			"withdraw the request to suspend "
			"from domain %u",
			r->domid);
	else if (did > 0)
		log_notice("withdrew the request to suspend from domain %u",
			   r->domid);
	xs_close(xs);
	return did < 0 ? -1 : 0;
}

/* What the helper would have done at its end. */
static int
tidy(const struct rescue *r, struct err *err)
{
	if (save_helper_end_orphan(r->domid, HELPER_END_MS, err) ||
	    lx_log_dirty_off(r->domid, err))
		return -1;
	lx_drop_device_model_state(r->domid);
	return 0;
}

/*
 * Wait for the domain to stop, until @wait_ms are over since @start; *@ret is
 * its state then.
 */
static int
watch(struct rescue *r, uint64_t start, unsigned int wait_ms,
      enum domain_state *ret, struct err *err)
{
	for (;;) {
		if (look(r, ret, err))
			return -1;
		if (*ret != DOMAIN_RUNNING && *ret != DOMAIN_PAUSED)
			return 0;
		if (clock_ms_since(start) >= wait_ms)
			return 0;
		if (refuse_if_others_save(r, err))
			return -1;
		clock_sleep_ms(POLL_MS);
	}
}

int
lx_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
	  bool *ret_resumed, struct err *err)
{
	struct rescue r = { .domid = domid, .uuid = uuid };
	uint64_t start = clock_ns();
	enum domain_state state;
	int rc = -1;

	*ret_resumed = false;
	if (lx_open(&r.host.log, &r.host.ctx, err) || look(&r, &state, err) ||
	    refuse_if_others_save(&r, err))
		goto out;
	if (state == DOMAIN_RUNNING || state == DOMAIN_PAUSED) {
		if (withdraw(&r, err) || watch(&r, start, wait_ms, &state, err))
			goto out;
	}
	if (state == DOMAIN_SUSPENDED) {
		if (refuse_if_others_save(&r, err) ||
		    lx_resume(r.host.ctx, &r.host.log, domid, err))
			goto out;
		*ret_resumed = true;
		log_notice("resumed domain %u", domid);
	}
	rc = 0;
	if (state != DOMAIN_GONE && state != DOMAIN_DYING)
		rc = tidy(&r, err);
out:
	libxl_ctx_free(r.host.ctx);
	return rc;
}
