/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_rebuild.c - a domain goes on as another one, from its save
 * file: the 2010 recipe's way.
 *
 * The new one is made by `xl restore`, whose monitor then watches over it, as
 * over one that the admin had made.
 */
#include <stdio.h>
#include <string.h>

#include "domain_libxl.h"
#include "fail.h"
#include "log.h"
#include "run.h"

/* Reading a large memory from a slow disk. */
#define RESTORE_MS (6u * 3600 * 1000)

/* libxl gives a disk's script 40 s, which a busy host may miss. */
#define TRIES 3

static bool
name_is_taken(struct lx_host *host, const char *name)
{
	uint32_t domid;

	return libxl_name_to_domid(host->ctx, name, &domid) == 0;
}

static int
destroy(struct lx_host *host, uint32_t domid, struct err *err)
{
	int rc;

	lx_log_clear(&host->log);
	rc = libxl_domain_destroy(host->ctx, domid, NULL);
	if (rc)
		return lx_error(&host->log, rc, err, "end the domain");
	lx_drop_device_model_state(domid);
	fail_here("rebuild.destroyed");
	return 0;
}

/* `xl restore [CONFIG] MEMORY`, or `xl create CONFIG`. */
static int
xl_once(const struct domain_start *s, struct err *err)
{
	const char *memory = s->feed ? "/dev/fd/0" : s->memory;
	const char *config = s->feed ? NULL : s->config;
	const char *const argv[] = {
		"xl",
		memory ? "restore" : "create",
		config ? config : memory,
		config ? memory : NULL,
		NULL,
	};
	struct run_opts how = RUN_OPTS_INIT;
	struct run_result res;
	int rc;

	how.timeout_ms = RESTORE_MS;
	if (s->feed)
		return run_fed(argv, &how, s->feed, s->feed_ctx, err);
	rc = run_ok(argv, &how, &res, err);
	run_done(&res);
	return rc;
}

/* A domain that was not restored is gone: it is worth more than one try. */
static int
xl(const struct domain_start *s, struct err *err)
{
	int tries;

	for (tries = 1; xl_once(s, err); tries++) {
		if (tries == TRIES || err->code != ERR_IO)
			return -1;
		log_warning("%s; trying again", err->text);
		err_clear(err);
	}
	return 0;
}

int
lx_rebuild(const struct domain_saved *saved, bool *ret_restored,
	   struct err *err)
{
	const struct domain_start how = { .memory = saved->memory };
	struct lx_host host = { .ctx = NULL };
	enum domain_state state;
	int rc = -1;

	if (lx_open(&host.log, &host.ctx, err) ||
	    lx_look(host.ctx, &host.log, saved->domid, saved->uuid, &state,
		    err))
		goto out;
	if (state == DOMAIN_SUSPENDED && destroy(&host, saved->domid, err))
		goto out;
	rc = 0;
	if (name_is_taken(&host, saved->name))
		goto out;
	rc = xl(&how, err);
	*ret_restored = rc == 0;
	if (rc == 0) {
		fail_here("rebuild.restored");
		log_notice("restored domain %s", saved->name);
	}
out:
	libxl_ctx_free(host.ctx);
	return rc;
}

int
lx_end(uint32_t domid, const char *uuid, struct err *err)
{
	struct lx_host host = { .ctx = NULL };
	enum domain_state state;
	int rc = -1;

	if (lx_open(&host.log, &host.ctx, err) == 0 &&
	    lx_look(host.ctx, &host.log, domid, uuid, &state, err) == 0)
		rc = state == DOMAIN_GONE ? 0 : destroy(&host, domid, err);
	libxl_ctx_free(host.ctx);
	return rc;
}

int
lx_boot(const struct domain_start *how, bool *ret_started, struct err *err)
{
	struct lx_host host = { .ctx = NULL };
	int rc = -1;

	if (lx_open(&host.log, &host.ctx, err) == 0)
		rc = name_is_taken(&host, how->name) ? 0 : 1;
	libxl_ctx_free(host.ctx);
	if (rc <= 0)
		return rc;
	rc = xl(how, err);
	*ret_started = rc == 0;
	return rc;
}
