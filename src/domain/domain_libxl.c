/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl.c - the driver for a real Xen: libxl in this process.
 *
 * Here: opening libxl, finding a domain, letting it go on.  Saving, describing
 * and rescuing have files of their own.
 */
#include "domain_libxl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain_host.h"
#include "log.h"

#define XENSTORED_WAIT_MS 5000
#define DEVICE_MODEL_STATE "/var/lib/xen/qemu-save.%u"

/*
 * libxl's children must not get the Ctrl-C that a terminal sends to its whole
 * foreground group: a save helper that dies of it would leave the domain
 * without what its error path puts right.  So each gets a session of its own.
 */
static pid_t
fork_apart(void *user)
{
	pid_t pid = fork();

	(void)user;
	if (pid == 0)
		setsid();
	return pid;
}

/* We wait for our own children by pid; libxl must take none but its own. */
static const libxl_childproc_hooks child_hooks = {
	.chldowner = libxl_sigchld_owner_libxl_always_selective_reap,
	.fork_replacement = fork_apart,
};

int
lx_open(struct lx_log *log, libxl_ctx **ret, struct err *err)
{
	int rc;

	*ret = NULL;
	lx_log_init(log);
	if (geteuid() != 0)
		return err_set(err, ERR_DENIED, 0, "talking to Xen needs root");
	if (domain_host_check("", XENSTORED_WAIT_MS, err))
		return -1;
	/* libxl would run, as root, whatever this names. */
	unsetenv("LIBXL_SAVE_HELPER");
	rc = libxl_ctx_alloc(ret, LIBXL_VERSION, 0, &log->vtable);
	if (rc)
		return lx_error(log, rc, err, "open libxl");
	libxl_childproc_setmode(*ret, &child_hooks, NULL);
	return 0;
}

void
lx_uuid(const libxl_uuid *uuid, char *ret)
{
	const uint8_t *b = libxl_uuid_bytearray_const(uuid);
	unsigned int i, n = 0;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[n++] = '-';
		snprintf(ret + n, 3, "%02x", b[i]);
		n += 2;
	}
}

enum domain_state
lx_state(const libxl_dominfo *info)
{
	if (info->dying)
		return DOMAIN_DYING;
	if (!info->shutdown)
		return info->paused ? DOMAIN_PAUSED : DOMAIN_RUNNING;
	switch (info->shutdown_reason) {
	case LIBXL_SHUTDOWN_REASON_SUSPEND:
		return DOMAIN_SUSPENDED;
	case LIBXL_SHUTDOWN_REASON_CRASH:
		return DOMAIN_CRASHED;
	default:
		return DOMAIN_SHUT_DOWN;
	}
}

int
lx_error(const struct lx_log *log, int rc, struct err *err, const char *what)
{
	enum err_code code = ERR_IO;

	if (log->no_space)
		code = ERR_NOSPC;
	else if (rc == ERROR_NOMEM)
		code = ERR_NOMEM;
	else if (rc == ERROR_DOMAIN_NOTFOUND)
		code = ERR_NOTFOUND;
	if (log->error[0])
		return err_set(err, code, log->error_sys, "%s: %s", what,
			       log->error);
	return err_set(err, code, 0, "%s: libxl failed with %d", what, rc);
}

static int
find(const char *name, struct domain **ret, struct err *err)
{
	struct lx_domain *d;
	libxl_dominfo info;
	int r;

	libxl_dominfo_init(&info);
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_set(err, ERR_NOMEM, 0, "find domain %s", name);
		goto out;
	}
	d->base.ops = &domain_libxl_ops;
	if (lx_open(&d->log, &d->ctx, err))
		goto out;
	if (strlen(name) > DOMAIN_NAME_MAX ||
	    libxl_name_to_domid(d->ctx, name, &d->domid)) {
		err_set(err, ERR_NOTFOUND, 0, "no domain is called %s", name);
		goto out;
	}
	if (d->domid == 0) {
		err_set(err, ERR_STATE, 0, "%s is this host itself", name);
		goto out;
	}
	r = libxl_domain_info(d->ctx, &info, d->domid);
	if (r) {
		lx_error(&d->log, r, err, "look at the domain");
		goto out;
	}
	snprintf(d->name, sizeof(d->name), "%s", name);
	lx_uuid(&info.uuid, d->uuid);
	*ret = &d->base;
	d = NULL;
out:
	libxl_dominfo_dispose(&info);
	if (d)
		libxl_ctx_free(d->ctx);
	free(d);
	return *ret ? 0 : -1;
}

int
lx_look(libxl_ctx *ctx, struct lx_log *log, uint32_t domid, const char *uuid,
	enum domain_state *ret, struct err *err)
{
	char found[DOMAIN_UUID_LEN + 1];
	libxl_dominfo info;
	int rc;

	*ret = DOMAIN_GONE;
	libxl_dominfo_init(&info);
	rc = libxl_domain_info(ctx, &info, domid);
	if (!rc) {
		lx_uuid(&info.uuid, found);
		if (strcmp(found, uuid) == 0)
			*ret = lx_state(&info);
	}
	libxl_dominfo_dispose(&info);
	if (rc && rc != ERROR_DOMAIN_NOTFOUND)
		return lx_error(log, rc, err, "look at the domain");
	return 0;
}

static int
state(uint32_t domid, const char *uuid, enum domain_state *ret, struct err *err)
{
	struct lx_host host = { .ctx = NULL };
	int rc = -1;

	if (lx_open(&host.log, &host.ctx, err) == 0)
		rc = lx_look(host.ctx, &host.log, domid, uuid, ret, err);
	libxl_ctx_free(host.ctx);
	return rc;
}

int
lx_resume(libxl_ctx *ctx, struct lx_log *log, uint32_t domid, struct err *err)
{
	libxl_dominfo info;
	bool stands;
	int r;

	lx_log_clear(log);
	/* 1: cancel the suspend where it stood, so that the guest's drivers
	 * keep their connections.  Anything else would cut off its disks. */
	r = libxl_domain_resume(ctx, domid, 1, NULL);
	if (!r)
		return 0;
	libxl_dominfo_init(&info);
	stands = !libxl_domain_info(ctx, &info, domid) &&
		 lx_state(&info) == DOMAIN_SUSPENDED;
	libxl_dominfo_dispose(&info);
	lx_error(log, r, err, "let the domain go on");
	if (!stands)
		err->code = ERR_STATE;
	return -1;
}

static int
resume(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;

	return lx_resume(d->ctx, &d->log, d->domid, err);
}

void
lx_drop_device_model_state(uint32_t domid)
{
	char path[64];

	snprintf(path, sizeof(path), DEVICE_MODEL_STATE, domid);
	if (unlink(path) && errno != ENOENT)
		log_warning("cannot remove %s, which holds the state of the "
			    "domain's devices: %s, continuing",
			    path, strerror(errno));
}

static void
close_domain(struct domain *base)
{
	struct lx_domain *d = (struct lx_domain *)base;
	struct err ignored = ERR_INIT;

	if (d->save.running && lx_finish(base, &ignored))
		log_debug("unfinished save of %s: %s", d->name, ignored.text);
	lx_quiesce_done(d);
	/* libxl ends the whole program when it is to free a context in which
	 * something is at work, and its event loop was broken for good. */
	if (d->save.running)
		return;
	libxl_ctx_free(d->ctx);
	free(d);
}

const struct domain_ops domain_libxl_ops = {
	.name = "libxl",
	.find = find,
	.describe = lx_describe,
	.sharers = lx_sharers,
	.config = lx_config,
	.save = lx_save,
	.resume = resume,
	.finish = lx_finish,
	.rescue = lx_rescue,
	.pause = lx_pause,
	.unpause = lx_unpause,
	.rescue_paused = lx_rescue_paused,
	.check_device_model = lx_check_device_model,
	.flush_disks = lx_flush_disks,
	.rebuild = lx_rebuild,
	.end = lx_end,
	.boot = lx_boot,
	.state = state,
	.close = close_domain,
	.hypervisor = lx_hypervisor,
	.cpu = lx_cpu,
	.each = lx_each,
	.guest_says = lx_guest_says,
	.console_log = lx_console_log,
	.ask_agent = lx_ask_agent,
	.sysrq = lx_sysrq,
};
