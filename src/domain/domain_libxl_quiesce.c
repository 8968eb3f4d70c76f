/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_quiesce.c - the nodes of xenstore by which we talk with the
 * agent in a guest (quiesce.h), and with its kernel.
 *
 * A guest may write below its data/; control/ is ours, and it may read there
 * what we let it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "domain_libxl.h"
#include "quiesce.h"

#define TRIES 20 /* of a transaction that others come between */

int
lx_guest_says(struct domain *base, const char *node, char ret[DOMAIN_NODE_MAX],
	      struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	unsigned int len;
	char path[128];
	char *value;

	ret[0] = '\0';
	if (!d->xs)
		d->xs = xs_open(0);
	if (!d->xs)
		return err_set(err, ERR_IO, errno, "open xenstore");
	snprintf(path, sizeof(path), "/local/domain/%u/%s", d->domid, node);
	value = xs_read(d->xs, XBT_NULL, path, &len);
	if (value)
		snprintf(ret, DOMAIN_NODE_MAX, "%s", value);
	else if (errno != ENOENT)
		return err_set(err, ERR_IO, errno, "read %s", path);
	free(value);
	return 0;
}

void
lx_quiesce_done(struct lx_domain *d)
{
	if (d->xs)
		xs_close(d->xs);
	d->xs = NULL;
}

/* ---- what we say ---- */

/* @domid may read it, and nobody else but us. */
static bool
put(struct xs_handle *xs, xs_transaction_t t, uint32_t domid, const char *node,
    const char *text)
{
	struct xs_permissions who[2] = {
		{ .id = 0, .perms = XS_PERM_NONE },
		{ .id = domid, .perms = XS_PERM_READ },
	};
	char path[128];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	return xs_write(xs, t, path, text, (unsigned int)strlen(text)) &&
	       xs_set_permissions(xs, t, path, who, 2);
}

static bool
take(struct xs_handle *xs, xs_transaction_t t, uint32_t domid, const char *node)
{
	char path[128];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	return xs_rm(xs, t, path) || errno == ENOENT;
}

/* Is domain @domid still the one with @uuid? */
static bool
is_it(struct xs_handle *xs, xs_transaction_t t, uint32_t domid,
      const char *uuid)
{
	char path[64], *vm;
	unsigned int len;
	bool same;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	vm = xs_read(xs, t, path, &len);
	same = vm && strncmp(vm, "/vm/", 4) == 0 && strcmp(vm + 4, uuid) == 0;
	free(vm);
	return same;
}

/* All at once: 1 done, 0 the domain is gone, -1 with errno. */
static int
say(struct xs_handle *xs, uint32_t domid, const char *uuid, const char *request)
{
	xs_transaction_t t;
	unsigned int i;
	bool done;
	int saved;

	for (i = 0; i < TRIES; i++) {
		t = xs_transaction_start(xs);
		if (t == XBT_NULL)
			return -1;
		if (!is_it(xs, t, domid, uuid)) {
			xs_transaction_end(xs, t, true);
			return 0;
		}
		done = request ? put(xs, t, domid, QUIESCE_FOLDER, "") &&
					 put(xs, t, domid, QUIESCE_REQUEST,
					     request) :
				 take(xs, t, domid, QUIESCE_REQUEST) &&
					 take(xs, t, domid, QUIESCE_FOLDER);
		saved = errno;
		if (xs_transaction_end(xs, t, !done) && done)
			return 1;
		if (!done) {
			errno = saved;
			return -1;
		}
		if (errno != EAGAIN)
			return -1;
	}
	return -1;
}

int
lx_ask_agent(uint32_t domid, const char *uuid, const char *request,
	     struct err *err)
{
	struct xs_handle *xs = xs_open(0);
	int r, sys;

	if (!xs)
		return err_set(err, ERR_IO, errno, "open xenstore");
	r = say(xs, domid, uuid, request);
	sys = errno;
	xs_close(xs);
	if (r < 0)
		return err_set(err, ERR_IO, sys, "ask the guest's agent");
	if (r == 0 && request)
		return err_set(err, ERR_NOTFOUND, 0, "domain %u is gone",
			       domid);
	return 0;
}

int
lx_sysrq(struct domain *base, char key, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	int rc;

	lx_log_clear(&d->log);
	rc = libxl_send_sysrq(d->ctx, d->domid, key);
	return rc ? lx_error(&d->log, rc, err, "tell its kernel to sync") : 0;
}
