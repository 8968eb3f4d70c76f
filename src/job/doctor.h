/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor.h - what the checks of `doctor` share.
 *
 * A check looks at one thing and tells what it found; that it could not look is
 * a finding too, so checks do not fail.  Each stands in the table in
 * job_doctor.c, in the order in which people read it; later ones may use what
 * earlier ones learnt.
 */
#ifndef XENSNAP_DOCTOR_H
#define XENSNAP_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "domain.h"
#include "domain_here.h"
#include "err.h"
#include "job.h"
#include "job_doctor.h"

struct doctor {
	struct doctor_report *report;
	const char *area; /* of the check that runs */
	bool root;

	/* What a check learnt, for later ones. */
	bool xen;                      /* it is there and answers */
	struct domain_hypervisor host; /* if so */
	bool lvm;
	unsigned int n_groups, n_pools;
	unsigned int n_seen;
	struct domain_seen *seen;      /* the domains that run */
	struct recover_report *left;   /* what dead processes left */
	struct recover_report *mended; /* what was done about that, or NULL */
};

/*
 * doctor_found() - a new finding of the area, to be gone on with; the text is
 * what is true.  Never NULL.  @about: NULL for the host.
 */
struct doctor_finding *doctor_found(struct doctor *x, const char *id,
				    enum doctor_level level, const char *about,
				    const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* doctor_why() - why @f matters. */
void doctor_why(struct doctor_finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor_mend() - the command that mends @f, or what else would. */
void doctor_mend(struct doctor_finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor_did() - what was done about @f. */
void doctor_did(struct doctor_finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor_is_left() - did a process die that may have let @domain stand still?
 * *@ret_busy: or is one at work on it? */
bool doctor_is_left(const struct doctor *x, const char *domain, bool *ret_busy);

/* The checks. */
void doctor_root(struct doctor *x);
/* see above */
void doctor_folder(struct doctor *x);
/* see above */
void doctor_clock(struct doctor *x);
/* see above */
void doctor_xen(struct doctor *x);
/* see above */
void doctor_domains(struct doctor *x);
/* see above */
void doctor_lvm(struct doctor *x);
/* see above */
void doctor_groups(struct doctor *x);
/* see above */
void doctor_pools(struct doctor *x);
/* see above */
void doctor_settings(struct doctor *x);
/* see above */
void doctor_targets(struct doctor *x);
/* see above */
void doctor_programs(struct doctor *x);
/* see above */
void doctor_room(struct doctor *x);
/* see above */
void doctor_left(struct doctor *x);
/* see above */
void doctor_views(struct doctor *x);

/*
 * The cures of harmless findings: mend @f, and tell it by doctor_did().  -1
 * with @err: it is as it was.
 */
int doctor_cure_folder(struct doctor *x, struct doctor_finding *f,
		       struct err *err);
/* see above */
int doctor_cure_target(struct doctor *x, struct doctor_finding *f,
		       struct err *err);
/* see above */
int doctor_cure_left(struct doctor *x, struct doctor_finding *f,
		     struct err *err);
/* see above */
int doctor_cure_domain(struct doctor *x, struct doctor_finding *f,
		       struct err *err);

#endif
