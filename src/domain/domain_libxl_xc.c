/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_xc.c - the one call below libxl that we need.
 *
 * In a file of its own because xenctrl.h cannot be read as strict C11.
 */
#undef __STRICT_ANSI__

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#include "domain_libxl.h"
#include "log.h"

int
lx_log_dirty_off(uint32_t domid, struct err *err)
{
	xc_interface *xc;

	xc = xc_interface_open(NULL, NULL, XC_OPENFLAG_NON_REENTRANT);
	if (!xc)
		return err_set(err, ERR_IO, errno,
			       "open the hypervisor's "
			       "interface");
	/* Refused for a domain that knows no such mode; nothing is lost. */
	if (xc_shadow_control(xc, domid, XEN_DOMCTL_SHADOW_OP_OFF, NULL, 0) < 0)
		log_debug("log-dirty mode of domain %u: %s", domid,
			  strerror(errno));
	xc_interface_close(xc);
	return 0;
}
