/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_qemu.c - what the device model of a domain keeps of its disks.
 *
 * QEMU answers a guest's write when its file system has it; where the write is
 * in a qcow2 image, tables say that QEMU writes later.  Its monitor knows no
 * flush, but "stop" is one: it ends the requests under way and flushes all
 * images (vm_stop(), also when it is stopped already); "cont" undoes the rest.
 *
 * The guest stands still meanwhile, so nothing is acknowledged after it.  What
 * was still waiting in a ring may be carried out at any time: it may be in the
 * view, or not (inv. 1), and the tables are never ahead of what they name.
 *
 * During a save libxl itself stops the QEMU of an HVM domain, before it tells
 * of the instant, and lets it go on with the domain; that of a PV or PVH domain
 * is left running.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "domain_libxl.h"
#include "log.h"

#define GREETING_MS 10000

static int
no_answer(int sys, struct err *err)
{
	return err_set(err, sys ? ERR_IO : ERR_TIMEOUT, sys,
		       "its device model (QEMU) does not answer");
}

static int
wait_readable(struct pollfd *p)
{
	int r;

	do
		r = poll(p, 1, GREETING_MS);
	while (r < 0 && errno == EINTR);
	return r;
}

/*
 * libxl waits without end for a QEMU that hangs.  So it is asked only when
 * QEMU has greeted us on another of its monitors, which xentop uses; without
 * that monitor (ENOENT) only libxl can tell.
 */
static int
wait_for_greeting(uint32_t domid, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct pollfd p = { .events = POLLIN };
	char byte;
	int sys = 0;

	snprintf(to.sun_path, sizeof(to.sun_path),
		 "/var/run/xen/qmp-libxenstat-%u", domid);
	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p.fd < 0)
		return err_set(err, ERR_IO, errno, "make a socket");
	if (connect(p.fd, (const struct sockaddr *)&to, sizeof(to)))
		sys = errno;
	else if (wait_readable(&p) <= 0 || read(p.fd, &byte, 1) <= 0)
		sys = ETIMEDOUT;
	close(p.fd);
	if (sys == 0 || sys == ENOENT)
		return 0;
	return no_answer(sys == ETIMEDOUT ? 0 : sys, err);
}

static int
monitor(libxl_ctx *ctx, struct lx_log *log, uint32_t domid, const char *line,
	struct err *err)
{
	char *answer = NULL;
	int rc;

	if (wait_for_greeting(domid, err))
		return -1;
	lx_log_clear(log);
	rc = libxl_qemu_monitor_command(ctx, domid, line, &answer, NULL);
	if (rc)
		rc = lx_error(log, rc, err, "ask the device model");
	else if (answer && answer[strspn(answer, " \r\n")])
		/* These commands answer nothing but what is wrong. */
		rc = err_set(err, ERR_IO, 0,
			     "the device model answers \"%s\" with: %s", line,
			     answer);
	free(answer);
	return rc;
}

int
lx_check_device_model(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	char *answer = NULL;
	int rc;

	if (wait_for_greeting(d->domid, err))
		return -1;
	lx_log_clear(&d->log);
	rc = libxl_qemu_monitor_command(d->ctx, d->domid, "info status",
					&answer, NULL);
	free(answer);
	if (rc)
		return lx_error(&d->log, rc, err,
				"its device model (QEMU) does not answer");
	return 0;
}

int
lx_flush_disks(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;

	/* Also when the save has ended: it waits for the resume. */
	if (d->is_hvm && (d->save.running || d->save.done_ns))
		return 0;
	if (monitor(d->ctx, &d->log, d->domid, "stop", err) ||
	    monitor(d->ctx, &d->log, d->domid, "cont", err))
		return err_add(err, "flush the images of domain %s", d->name);
	return 0;
}

bool
lx_has_device_model(uint32_t domid)
{
	char path[64];

	snprintf(path, sizeof(path), "/var/run/xen/qmp-libxl-%u", domid);
	return access(path, F_OK) == 0;
}

/* Without a device model there is nobody to ask, and libxl would wait. */
void
lx_device_model_goes_on(libxl_ctx *ctx, struct lx_log *log, uint32_t domid)
{
	struct err e = ERR_INIT;

	if (lx_has_device_model(domid) && monitor(ctx, log, domid, "cont", &e))
		log_debug("domain %u: %s", domid, e.text);
}
