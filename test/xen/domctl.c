/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domctl.c - what no command of xl's does to a domain, past the toolstack.
 *
 *	domctl uuid DOMID UUID	another uuid, so that whoever knows it by its
 *				number has to notice that the number is now
 *				another one's; prints the one that it had
 *	domctl crash DOMID	it crashes, as when its kernel says so
 *	domctl stood DOMID	waits until it is suspended and runs again, two
 *				minutes at most; prints for how many ms it was,
 *				which is looked at every millisecond
 */
#undef __STRICT_ANSI__

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#define PATIENCE_MS 120000

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
read_uuid(const char *text, xen_domain_handle_t ret)
{
	unsigned int i = 0, byte;
	int used;

	for (; *text && i < 16; text += used) {
		if (*text == '-')
			text++;
		if (sscanf(text, "%2x%n", &byte, &used) != 1)
			break;
		ret[i++] = (uint8_t)byte;
	}
	if (i != 16 || *text)
		errx(2, "no uuid: %s", text);
}

static void
set_uuid(xc_interface *xc, uint32_t domid, const char *uuid)
{
	xen_domain_handle_t handle = { 0 };
	xc_dominfo_t now;

	read_uuid(uuid, handle);
	if (xc_domain_getinfo(xc, domid, 1, &now) != 1 || now.domid != domid)
		err(1, "look at domain %u", domid);
	if (xc_domain_sethandle(xc, domid, handle))
		err(1, "set the uuid of domain %u", domid);
	for (unsigned int i = 0; i < 16; i++)
		printf("%02x", now.handle[i]);
	printf("\n");
}

static void
crash(xc_interface *xc, uint32_t domid)
{
	if (xc_domain_shutdown(xc, domid, SHUTDOWN_crash))
		err(1, "let domain %u crash", domid);
}

static bool
is_suspended(xc_interface *xc, uint32_t domid)
{
	xc_dominfo_t now;

	if (xc_domain_getinfo(xc, domid, 1, &now) != 1 || now.domid != domid)
		err(1, "look at domain %u", domid);
	return now.shutdown && now.shutdown_reason == SHUTDOWN_suspend;
}

/* When it was so, or was not any more. */
static double
when(xc_interface *xc, uint32_t domid, bool suspended)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };
	double begin = now_ms();

	while (is_suspended(xc, domid) != suspended) {
		if (now_ms() - begin > PATIENCE_MS)
			errx(1, "domain %u %s", domid,
			     suspended ? "is not suspended" : "stands still");
		nanosleep(&ms, NULL);
	}
	return now_ms();
}

static void
tell_stood(xc_interface *xc, uint32_t domid)
{
	double begin = when(xc, domid, true);

	printf("%.1f\n", when(xc, domid, false) - begin);
}

int
main(int argc, char **argv)
{
	xc_interface *xc;
	uint32_t domid;

	if (argc < 3)
		errx(2, "usage: domctl uuid|crash|stood DOMID [UUID]");
	domid = (uint32_t)strtoul(argv[2], NULL, 10);
	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc)
		err(1, "open the hypervisor's interface");
	if (strcmp(argv[1], "uuid") == 0 && argc == 4)
		set_uuid(xc, domid, argv[3]);
	else if (strcmp(argv[1], "crash") == 0)
		crash(xc, domid);
	else if (strcmp(argv[1], "stood") == 0)
		tell_stood(xc, domid);
	else
		errx(2, "no verb is called '%s'", argv[1]);
	xc_interface_close(xc);
	return 0;
}
