/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_domains.c - the domains that run, or should: who stands still, who has
 * no monitor, of whom no memory can be kept. */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "proc.h"
#include "xl_monitor.h"

static int
collect(const struct domain_seen *seen, void *ctx, struct err *err)
{
	struct doctor *x = ctx;
	struct domain_seen *more;

	more = reallocarray(x->seen, x->n_seen + 1, sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	x->seen = more;
	x->seen[x->n_seen++] = *seen;
	return 0;
}

/* ---- who stands still ---- */

static void
tell_suspended(struct doctor *x, const char *name)
{
	struct doctor_finding *f;

	f = doctor_found(x, "domain-suspended", DOCTOR_WARNING, name,
			 "stands still after a suspend, and not for us");
	doctor_why(f, "somebody saves it at this moment, or died of it; "
		      "xensnap wakes none that it did not suspend");
	if (x->host.major > 4 || x->host.minor >= 20)
		doctor_mend(f, "xl resume %s", name);
	else
		doctor_mend(f,
			    "xl destroy %s, then xl create: this xl has no "
			    "resume",
			    name);
}

static void
tell_still(struct doctor *x, const struct domain_seen *d, bool left)
{
	struct doctor_finding *f;

	if (left) {
		f = doctor_found(x, "domain-left", DOCTOR_ERROR, d->name,
				 "is %s: a process died that was at work on "
				 "it",
				 domain_state_name(d->state));
		doctor_why(f, "it does not run, and nobody else will let it");
		doctor_mend(f, "xensnap recover %s", d->name);
		f->harmless = true;
	} else if (d->state == DOMAIN_SUSPENDED) {
		tell_suspended(x, d->name);
	} else {
		f = doctor_found(x, "domain-paused", DOCTOR_NOTE, d->name,
				 "is paused, and not by us");
		doctor_why(f, "a paused domain cannot be frozen with its "
			      "memory");
		doctor_mend(f, "xl unpause %s", d->name);
	}
}

static void
tell_crashed(struct doctor *x, const char *name)
{
	struct doctor_finding *f = doctor_found(
		x, "domain-crashed", DOCTOR_NOTE, name,
		"has crashed, and is kept for whoever looks into it");

	doctor_why(f, "it keeps its memory, and only its disks can be frozen");
	doctor_mend(f, "xl destroy %s, then xl create", name);
}

int
doctor_cure_domain(struct doctor *x, struct doctor_finding *f, struct err *err)
{
	enum domain_state now = DOMAIN_GONE;

	if (doctor_cure_left(x, NULL, err))
		return -1;
	for (unsigned int i = 0; i < x->n_seen; i++)
		if (strcmp(x->seen[i].name, f->about) == 0 &&
		    domain_state(x->seen[i].domid, x->seen[i].uuid, &now, err))
			return -1;
	if (now == DOMAIN_SUSPENDED || now == DOMAIN_PAUSED)
		return err_set(err, ERR_STATE, 0, "it is %s still",
			       domain_state_name(now));
	doctor_did(f, "recovered: it does not stand still any more");
	return 0;
}

/* ---- who watches over it ---- */

static void
check_monitor(struct doctor *x, const struct domain_seen *d)
{
	bool fault = x->host.major == 4 && x->host.minor >= 17 &&
		     x->host.minor <= 19;
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	struct xl_monitor m;
	struct proc_stat st;

	if (xl_monitor_find(d->name, d->domid, &m, &err)) {
		/* Who is not root was told already that much is not seen. */
		if (!x->root)
			return;
		f = doctor_found(x, "domain-monitor-unknown", DOCTOR_WARNING,
				 d->name,
				 "whether a monitor of xl's watches over it "
				 "cannot be told: %s",
				 err.text);
		doctor_why(f, "a snapshot with memory stops it for the "
			      "instant, and is refused when it is not found");
		return;
	}
	if (m.pid == 0) {
		f = doctor_found(x, "domain-monitor",
				 fault ? DOCTOR_WARNING : DOCTOR_NOTE, d->name,
				 "has no monitor of xl's");
		doctor_why(f, "when it reboots or powers off, nobody acts on "
			      "it; so it is after `xl save -c` of Xen 4.17 "
			      "to 4.19, and of `xl create -e`");
		doctor_mend(f,
			    "xensnap create --rebuild %s gives it one, or "
			    "xl destroy and xl create",
			    d->name);
	} else if (proc_stat(m.pid, &st) && st.state == 'T') {
		f = doctor_found(x, "domain-monitor-stopped", DOCTOR_WARNING,
				 d->name, "its monitor of xl's is stopped");
		doctor_why(f, "when it reboots or powers off, nobody acts on "
			      "it");
		doctor_mend(f, "kill -CONT %ld", (long)m.pid);
	}
}

/* ---- what of it can be kept ---- */

static void
check_ways(struct doctor *x, const struct domain_seen *d)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	struct domain *domain = NULL;
	struct err err = ERR_INIT;
	struct doctor_finding *f;

	if (!info || domain_find(d->name, &domain, &err) ||
	    domain_describe(domain, info, &err)) {
		f = doctor_found(x, "domain-unknown", DOCTOR_WARNING, d->name,
				 "could not be looked at: %s", err.text);
		doctor_why(f, "no snapshot of it could be made either");
	} else if (!info->save_ok) {
		f = doctor_found(x, "domain-memory", DOCTOR_NOTE, d->name,
				 "its memory cannot be kept: %s",
				 info->save_why);
		doctor_why(f, "a snapshot can have its disks alone");
		doctor_mend(f, "xensnap create --disks-only %s", d->name);
	}
	domain_close(domain);
	free(info);
}

void
doctor_domains(struct doctor *x)
{
	struct err err = ERR_INIT;
	bool busy;

	if (!x->xen)
		return;
	if (domain_each(collect, x, &err)) {
		doctor_found(x, "domains", DOCTOR_ERROR, NULL, "%s", err.text);
		return;
	}
	doctor_found(x, "domains", DOCTOR_OK, NULL, "%u run here", x->n_seen);
	for (unsigned int i = 0; i < x->n_seen; i++) {
		const struct domain_seen *d = &x->seen[i];
		bool left = doctor_is_left(x, d->name, &busy);

		/* Whoever is at work on it lets it stand still on purpose. */
		if (busy)
			continue;
		if (d->state == DOMAIN_PAUSED || d->state == DOMAIN_SUSPENDED)
			tell_still(x, d, left);
		else if (d->state == DOMAIN_CRASHED)
			tell_crashed(x, d->name);
		else if (d->state == DOMAIN_RUNNING)
			check_ways(x, d);
		if (!left && d->state == DOMAIN_RUNNING)
			check_monitor(x, d);
	}
}
