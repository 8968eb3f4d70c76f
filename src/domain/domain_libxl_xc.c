/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_xc.c - the calls below libxl that we need.
 *
 * In a file of its own because xenctrl.h cannot be read as strict C11.
 */
#undef __STRICT_ANSI__

#include <errno.h>
#include <string.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "cpu.h"
#include "domain_libxl.h"
#include "log.h"

static xc_interface *
open_xc(struct err *err)
{
	xc_interface *xc;

	xc = xc_interface_open(NULL, NULL, XC_OPENFLAG_NON_REENTRANT);
	if (!xc)
		err_set(err, ERR_IO, errno, "open the hypervisor's interface");
	return xc;
}

int
lx_log_dirty_off(uint32_t domid, struct err *err)
{
	xc_interface *xc = open_xc(err);

	if (!xc)
		return -1;
	/* Refused for a domain that knows no such mode; nothing is lost. */
	if (xc_shadow_control(xc, domid, XEN_DOMCTL_SHADOW_OP_OFF, NULL, 0) < 0)
		log_debug("log-dirty mode of domain %u: %s", domid,
			  strerror(errno));
	xc_interface_close(xc);
	return 0;
}

int
lx_pod_bytes(uint32_t domid, uint64_t *ret, struct err *err)
{
	xc_interface *xc = open_xc(err);
	uint64_t all = 0, ready = 0, promised = 0;

	*ret = 0;
	if (!xc)
		return -1;
	if (xc_domain_get_pod_target(xc, domid, &all, &ready, &promised))
		log_debug("populate on demand of domain %u: %s", domid,
			  strerror(errno));
	else if (promised > ready)
		*ret = (promised - ready) * XC_PAGE_SIZE;
	xc_interface_close(xc);
	return 0;
}

/* What Xen could give to a guest if it were told to: a guest of another host
 * may have been told that it has it. */
int
lx_cpu(bool pv, struct cpu_features *ret, struct err *err)
{
	uint32_t word[64], n = sizeof(word) / sizeof(word[0]);
	xc_interface *xc = open_xc(err);
	int r = 0;

	if (!xc)
		return -1;
	if (xc_get_cpu_featureset(xc,
				  pv ? XEN_SYSCTL_cpu_featureset_pv_max :
				       XEN_SYSCTL_cpu_featureset_hvm_max,
				  &n, word))
		log_debug("features of the processor: %s", strerror(errno));
	else
		r = n >= CPU_WORDS;
	if (r)
		memcpy(ret->word, word, sizeof(ret->word));
	xc_interface_close(xc);
	return r;
}
