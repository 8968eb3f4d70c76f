/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_doctor.h - the story of `doctor`: is this host fit?  What job.h says of
 * jobs holds here too.
 */
#ifndef XENSNAP_JOB_DOCTOR_H
#define XENSNAP_JOB_DOCTOR_H

#include <stdbool.h>

#include "err.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing; nothing is wrong */
	DOCTOR_WARNING, /* something is missing, or will go wrong */
	DOCTOR_ERROR,   /* something is wrong now */
	DOCTOR_LEVELS,
};

struct doctor_finding {
	const char *id;   /* what was looked at; never changes, for scripts */
	const char *area; /* "xen", "lvm", ... */
	enum doctor_level level;
	char about[280]; /* which of them: "vg/pool", "web1@a"; "": the host */
	char is[320];    /* what is true */
	char why[320];   /* why it matters; "" of what is as it should be */
	char mend[400];  /* the command that mends it, or what else would */
	bool harmless;   /* opts.mend does it */
	bool mended;     /* it did */
	char did[240];   /* what it did, or why it could not */
};

#define DOCTOR_FINDINGS_MAX 400

struct doctor_report {
	bool root;                         /* if not, much was not looked at */
	enum doctor_level worst;           /* of those that are not mended */
	unsigned int count[DOCTOR_LEVELS]; /* likewise */
	unsigned int n_harmless;           /* of these opts.mend would mend */
	unsigned int n_mended;
	unsigned int n_failed; /* could not be mended, though harmless */
	unsigned int n_more;   /* findings that had no room */
	unsigned int n_findings;
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
};

struct doctor_opts {
	bool mend;    /* mend what does no harm */
	bool dry_run; /* say what would be done for that */
};

/*
 * job_doctor() - look at all that xensnap relies on.  Changes nothing but, with
 * opts->mend, what is harmless: a finding that could not be mended is no
 * failure of this.  Without root it looks at what it may.  -1 with ERR_NOMEM.
 */
int job_doctor(const struct doctor_opts *o, struct doctor_report *ret,
	       struct err *err);

/* doctor_level_name() - "ok", "note", "warning", "error". */
const char *doctor_level_name(enum doctor_level level);

#endif
