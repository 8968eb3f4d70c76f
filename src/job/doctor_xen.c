/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_xen.c - the hypervisor: is it there, what can it do, what is known of
 * its version. */
#include <string.h>

#include "doctor.h"

/* ---- what it can do ---- */

static void
tell_guests(struct doctor *x)
{
	const struct domain_hypervisor *h = &x->host;
	struct doctor_finding *f;

	if (h->pv && h->hvm) {
		doctor_found(x, "xen-guests", DOCTOR_OK, NULL,
			     "PV, PVH and HVM domains can run");
		return;
	}
	f = doctor_found(x, "xen-guests", DOCTOR_NOTE, NULL,
			 "only %s domains can run",
			 h->pv  ? "PV" :
			 h->hvm ? "PVH and HVM" :
				  "no");
	doctor_why(f, "a snapshot of another kind of domain cannot go on here");
	if (!h->hvm)
		doctor_mend(f, "turn hardware virtualisation on in the "
			       "firmware (VT-x, AMD-V)");
}

static void
tell_live(struct doctor *x)
{
	const struct domain_hypervisor *h = &x->host;
	bool hvm = h->hvm && (h->hap || h->shadow), pv = h->pv && h->shadow;
	struct doctor_finding *f;

	if (hvm == h->hvm && pv == h->pv) {
		doctor_found(x, "xen-live", DOCTOR_OK, NULL,
			     "memory can be copied while domains run "
			     "(log-dirty)");
		return;
	}
	f = doctor_found(x, "xen-live", DOCTOR_NOTE, NULL,
			 "the memory of %s domains cannot be copied while they "
			 "run: %s",
			 hvm == h->hvm ? "PV" :
			 pv == h->pv   ? "PVH and HVM" :
					 "all",
			 hvm ? "no shadow paging" :
			       "neither hardware-assisted nor shadow paging");
	doctor_why(f, "they stand still while it is copied (--stop)");
	doctor_mend(f, "run PVH domains, or a hypervisor that was built with "
		       "CONFIG_SHADOW_PAGING");
}

/* ---- what is known of versions ---- */

static bool
between(const struct domain_hypervisor *h, unsigned int from, unsigned int to)
{
	return h->major == 4 && h->minor >= from && h->minor <= to;
}

/*
 * xl takes a suspend for the domain's end: handle_domain_death() in xen.git,
 * tools/xl/xl_vmcontrol.c; mended by 6b8c85872e, in 4.20.  And from 50baf2d9f7
 * on, in 4.21, a restore gives a domain large pages again.
 */
static void
tell_faults(struct doctor *x)
{
	struct doctor_finding *f;

	if (between(&x->host, 17, 19)) {
		f = doctor_found(x, "xen-monitor-fault", DOCTOR_NOTE, NULL,
				 "xl of Xen 4.17 to 4.19 stops watching over a "
				 "domain that is suspended and goes on");
		doctor_why(f, "xensnap keeps it from that; after `xl save -c` "
			      "nobody obeys the domain's reboot any more");
		doctor_mend(f, "use xensnap create in place of xl save -c, or "
			       "go to Xen 4.20");
	}
	if (between(&x->host, 0, 20)) {
		f = doctor_found(x, "xen-small-pages", DOCTOR_NOTE, NULL,
				 "Xen before 4.21 gives a restored domain "
				 "small pages only");
		doctor_why(f, "after revert, clone or --rebuild a PVH or HVM "
			      "domain may be slower until it is booted anew");
		doctor_mend(f, "xl reboot DOMAIN, where that matters; or go to "
			       "Xen 4.21");
	}
}

/* ---- is it there ---- */

static void
tell_absent(struct doctor *x, const struct err *why)
{
	bool denied = why->code == ERR_DENIED;
	bool none = why->code == ERR_UNSUPPORTED;
	struct doctor_finding *f;

	f = doctor_found(x, "xen", denied || none ? DOCTOR_NOTE : DOCTOR_ERROR,
			 NULL, "%s", why->text);
	if (denied)
		doctor_mend(f, "sudo xensnap doctor");
	else if (none)
		doctor_why(f, "domains that do not run can be frozen "
			      "(--config), and backups work");
	else
		doctor_why(f, "domains run here, perhaps, and cannot be seen");
	if (!denied && !none)
		doctor_mend(f, "service xen start (Debian's), or systemctl "
			       "start proc-xen.mount xenstored");
}

void
doctor_xen(struct doctor *x)
{
	struct err err = ERR_INIT;

	if (domain_hypervisor(&x->host, &err)) {
		tell_absent(x, &err);
		return;
	}
	x->xen = true;
	doctor_found(x, "xen", DOCTOR_OK, NULL, "Xen %s answers",
		     x->host.version);
	tell_guests(x);
	tell_live(x);
	tell_faults(x);
}
