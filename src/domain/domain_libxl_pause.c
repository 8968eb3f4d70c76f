/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_pause.c - take the processor from a domain, and give it back.
 *
 * The hypervisor counts: a domain that an admin paused meanwhile as well stays
 * paused until the admin's own unpause.
 */
#include "domain_libxl.h"

int
lx_pause(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	enum domain_state state;
	int rc;

	lx_log_clear(&d->log);
	if (lx_look(d->ctx, &d->log, d->domid, d->uuid, &state, err))
		return -1;
	if (state == DOMAIN_GONE)
		return err_set(err, ERR_STATE, 0, "domain %s is gone", d->name);
	rc = libxl_domain_pause(d->ctx, d->domid, NULL);
	return rc ? lx_error(&d->log, rc, err, "pause the domain") : 0;
}

static int
unpause(libxl_ctx *ctx, struct lx_log *log, uint32_t domid, struct err *err)
{
	int rc;

	lx_log_clear(log);
	rc = libxl_domain_unpause(ctx, domid, NULL);
	return rc ? lx_error(log, rc, err, "unpause the domain") : 0;
}

int
lx_unpause(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;

	return unpause(d->ctx, &d->log, d->domid, err);
}

int
lx_rescue_paused(uint32_t domid, const char *uuid, bool *ret_did,
		 struct err *err)
{
	struct lx_host host = { .ctx = NULL };
	enum domain_state state;
	int rc = -1;

	if (lx_open(&host.log, &host.ctx, err) ||
	    lx_look(host.ctx, &host.log, domid, uuid, &state, err))
		goto out;
	rc = 0;
	if (state != DOMAIN_PAUSED)
		goto out;
	/* The dead one may have been flushing its disks. */
	lx_device_model_goes_on(host.ctx, &host.log, domid);
	rc = unpause(host.ctx, &host.log, domid, err);
	*ret_did = rc == 0;
out:
	libxl_ctx_free(host.ctx);
	return rc;
}
