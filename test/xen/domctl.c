/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * set_uuid.c - give a running domain another uuid, so that whoever knows it by
 * its number has to notice that the number is now another one's.
 *
 *	set_uuid DOMID UUID	prints the one that it had
 */
#undef __STRICT_ANSI__

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
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

int
main(int argc, char **argv)
{
	xen_domain_handle_t handle = { 0 };
	xc_dominfo_t now;
	xc_interface *xc;
	uint32_t domid;

	if (argc != 3)
		errx(2, "usage: set_uuid DOMID UUID");
	domid = (uint32_t)strtoul(argv[1], NULL, 10);
	read_uuid(argv[2], handle);
	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc)
		err(1, "open the hypervisor's interface");
	if (xc_domain_getinfo(xc, domid, 1, &now) != 1 || now.domid != domid)
		err(1, "look at domain %u", domid);
	if (xc_domain_sethandle(xc, domid, handle))
		err(1, "set the uuid of domain %u", domid);
	for (unsigned int i = 0; i < 16; i++)
		printf("%02x", now.handle[i]);
	printf("\n");
	xc_interface_close(xc);
	return 0;
}
