/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_doctor.c - is this host fit?  Every check there is, one after another,
 * and then, if that is wanted, what does no harm is mended.
 */
#include "job_doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "text.h"

/* What dead processes left comes before the domains: it tells why one of them
 * stands still. */
static const struct {
	const char *area;
	void (*look)(struct doctor *x);
} checks[] = {
	{ "host", doctor_root },
	{ "host", doctor_folder },
	{ "host", doctor_clock },
	{ "xen", doctor_xen },
	{ "lvm", doctor_lvm },
	{ "lvm", doctor_groups },
	{ "lvm", doctor_pools },
	{ "lvm", doctor_settings },
	{ "device-mapper", doctor_targets },
	{ "programs", doctor_programs },
	{ "snapshots", doctor_left },
	{ "snapshots", doctor_views },
	{ "domains", doctor_domains },
	{ "room", doctor_room },
};

/* Harmless: it can be repeated, and takes nothing away that anybody wants. */
static const struct {
	const char *id;
	int (*cure)(struct doctor *x, struct doctor_finding *f,
		    struct err *err);
} cures[] = {
	{ "folder-mode", doctor_cure_folder },
	{ "target-snapshot", doctor_cure_target },
	{ "target-thin-pool", doctor_cure_target },
	{ "leftover", doctor_cure_left },
	{ "domain-left", doctor_cure_domain },
};

/* ---- findings ---- */

static void __attribute__((format(printf, 3, 0)))
fill(char *ret, size_t len, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	text_clean(text);
	snprintf(ret, len, "%.*s", (int)text_cut(text, len - 1), text);
}

struct doctor_finding *
doctor_found(struct doctor *x, const char *id, enum doctor_level level,
	     const char *about, const char *fmt, ...)
{
	struct doctor_report *r = x->report;
	struct doctor_finding *f;
	va_list ap;

	/* Of too many the last one gives way. */
	if (r->n_findings == DOCTOR_FINDINGS_MAX) {
		r->n_more++;
		r->n_findings--;
	}
	f = &r->findings[r->n_findings++];
	memset(f, 0, sizeof(*f));
	f->id = id;
	f->area = x->area;
	f->level = level;
	snprintf(f->about, sizeof(f->about), "%s", about ? about : "");
	va_start(ap, fmt);
	fill(f->is, sizeof(f->is), fmt, ap);
	va_end(ap);
	return f;
}

void
doctor_why(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
}

void
doctor_mend(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(f->mend, sizeof(f->mend), fmt, ap);
	va_end(ap);
}

void
doctor_did(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(f->did, sizeof(f->did), fmt, ap);
	va_end(ap);
}

const char *
doctor_level_name(enum doctor_level level)
{
	static const char *const names[DOCTOR_LEVELS] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_NOTE] = "note",
		[DOCTOR_WARNING] = "warning",
		[DOCTOR_ERROR] = "error",
	};

	return names[level];
}

/* ---- mending ---- */

static void
mend_all(struct doctor *x, bool dry_run)
{
	struct doctor_report *r = x->report;
	struct err err;
	size_t k;

	for (unsigned int i = 0; i < r->n_findings; i++) {
		struct doctor_finding *f = &r->findings[i];

		if (!f->harmless)
			continue;
		if (dry_run) {
			doctor_did(f, "would be mended: %s", f->mend);
			continue;
		}
		for (k = 0; strcmp(cures[k].id, f->id) != 0; k++)
			;
		err_clear(&err);
		if (cures[k].cure(x, f, &err) == 0) {
			f->mended = true;
		} else {
			doctor_did(f, "could not be mended: %s", err.text);
			r->n_failed++;
		}
	}
}

static void
sum_up(struct doctor_report *r)
{
	for (unsigned int i = 0; i < r->n_findings; i++) {
		const struct doctor_finding *f = &r->findings[i];

		r->n_mended += f->mended;
		r->n_harmless += f->harmless && !f->mended;
		if (f->mended)
			continue;
		r->count[f->level]++;
		if (f->level > r->worst)
			r->worst = f->level;
	}
}

int
job_doctor(const struct doctor_opts *o, struct doctor_report *ret,
	   struct err *err)
{
	struct doctor x = { .report = ret, .root = geteuid() == 0 };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	ret->root = x.root;
	x.left = calloc(1, sizeof(*x.left));
	if (!x.left) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		x.area = checks[i].area;
		checks[i].look(&x);
	}
	if (o->mend)
		mend_all(&x, o->dry_run);
	sum_up(ret);
	rc = 0;
out:
	free(x.seen);
	free(x.left);
	free(x.mended);
	return rc;
}
