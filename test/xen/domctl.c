/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domctl.c - what no command of xl's does to a domain, past the toolstack.
 *
 *	domctl uuid DOMID UUID	another uuid, so that whoever knows it by its
 *				number has to notice that the number is now
 *				another one's; prints the one that it had
 *	domctl crash DOMID	it crashes, as when its kernel says so
 */
#undef __STRICT_ANSI__

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

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

int
main(int argc, char **argv)
{
	xc_interface *xc;
	uint32_t domid;

	if (argc < 3 || argc > 4 ||
	    strcmp(argv[1], argc == 4 ? "uuid" : "crash") != 0)
		errx(2, "usage: domctl uuid DOMID UUID | crash DOMID");
	domid = (uint32_t)strtoul(argv[2], NULL, 10);
	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc)
		err(1, "open the hypervisor's interface");
	if (argc == 4)
		set_uuid(xc, domid, argv[3]);
	else
		crash(xc, domid);
	xc_interface_close(xc);
	return 0;
}
