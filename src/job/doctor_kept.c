/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_kept.c - what is kept: what dead processes left, and are the views of
 * snapshots whole, and have they room? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define FULL 0.8 /* of a copy-on-write area: dmeventd warns from there on too */

/* ---- leftovers ---- */

bool
doctor_is_left(const struct doctor *x, const char *domain, bool *ret_busy)
{
	size_t len = strlen(domain);
	bool left = false;

	*ret_busy = false;
	for (unsigned int i = 0; i < x->left->n_notes; i++) {
		const struct recover_note *n = &x->left->notes[i];

		/* "web1@before", or of revert and of who is at work "web1". */
		if (strncmp(n->what, domain, len) != 0 ||
		    (n->what[len] && n->what[len] != '@'))
			continue;
		*ret_busy |= n->busy;
		left |= n->touched;
	}
	return left;
}

static void
tell_left(struct doctor *x, const struct recover_note *n)
{
	struct doctor_finding *f;

	if (n->busy) {
		f = doctor_found(x, "busy", DOCTOR_NOTE, n->what,
				 "a process is at work on it");
		doctor_why(f, "what it leaves behind, if it dies, cannot be "
			      "told yet");
		return;
	}
	f = doctor_found(x, "leftover", DOCTOR_WARNING, n->what, "%s", n->did);
	doctor_why(f, "left by a process that died; it takes room, and its "
		      "name");
	doctor_mend(f, "xensnap recover");
	f->harmless = true;
}

void
doctor_left(struct doctor *x)
{
	struct recover_report *r = x->left;
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	int rc = job_recover(NULL, true, r, &err);

	for (unsigned int i = 0; i < r->n_notes; i++)
		tell_left(x, &r->notes[i]);
	if (rc && !x->root && err.code == ERR_DENIED)
		return;
	if (rc || r->n_failed) {
		f = doctor_found(x, "leftover-unknown", DOCTOR_ERROR, NULL,
				 "what dead processes left cannot be told: %s",
				 rc ? err.text : "see the warnings");
		doctor_why(f, "recover will stop at the same place");
	} else if (r->n_notes == 0) {
		doctor_found(x, "leftover", DOCTOR_OK, NULL,
			     "nothing is left of dead processes");
	}
}

/* All of it at once; what became of @f (NULL: any) is in the report. */
int
doctor_cure_left(struct doctor *x, struct doctor_finding *f, struct err *err)
{
	struct recover_report *r = x->mended;

	if (!r) {
		x->mended = r = calloc(1, sizeof(*r));
		if (!r)
			return err_set(err, ERR_NOMEM, 0, "out of memory");
		if (job_recover(NULL, false, r, err))
			return -1;
	}
	for (unsigned int i = 0; f && i < r->n_notes; i++) {
		if (strcmp(r->notes[i].what, f->about) != 0)
			continue;
		doctor_did(f, "%s", r->notes[i].did);
		return 0;
	}
	return f ? err_set(err, ERR_STATE, 0,
			   "recover did not come to it; see the warnings") :
		   0;
}

/* ---- views ---- */

struct views {
	struct doctor *x;
	unsigned int n, bad;
};

static void
tell_lost(struct doctor *x, const char *about, const struct view_report *r)
{
	bool impaired = r->health.state == DISK_VIEW_IMPAIRED;
	const char *snapshot_end = strchr(about, ' ');
	struct doctor_finding *f;

	f = doctor_found(x, impaired ? "view-impaired" : "view-lost",
			 DOCTOR_WARNING, about, "%s: %s",
			 impaired ? "impaired" : "lost", r->health.why);
	doctor_why(f, impaired ? "it can be read, but this is not how it was "
				 "left" :
				 "the snapshot cannot be gone back to");
	if (!impaired)
		doctor_mend(f, "xensnap delete %.*s",
			    (int)(snapshot_end - about), about);
}

static void
tell_full(struct doctor *x, const char *about, const struct view_report *r,
	  const struct disk_view_ref *view)
{
	struct doctor_finding *f;

	f = doctor_found(x, "view-full", DOCTOR_WARNING, about,
			 "%.0f %% of its copy-on-write area is used",
			 r->health.used * 100);
	doctor_why(f, "when it is full, LVM disables it and the snapshot is "
		      "lost");
	if (view->cow_bytes)
		doctor_mend(f, "lvextend -L +%" PRIu64 "b %s", view->cow_bytes,
			    view->view);
}

static void
check_view(struct views *v, const struct snapshot *s, unsigned int disk,
	   const struct view_report *r)
{
	char about[2 * SNAPSHOT_NAME_MAX + SNAPSHOT_VDEV_LEN + 4];
	struct doctor_finding *f;

	snprintf(about, sizeof(about), "%s@%s %s", s->domain, s->name,
		 s->disks[disk].vdev);
	v->bad++;
	if (!r->known) {
		f = doctor_found(v->x, "view-unknown", DOCTOR_WARNING, about,
				 "cannot be looked at: %s", r->health.why);
		doctor_why(f, "whether it is whole is not known");
	} else if (r->health.state != DISK_VIEW_GOOD) {
		tell_lost(v->x, about, r);
	} else if (r->health.used >= FULL) {
		tell_full(v->x, about, r, &s->disks[disk].view);
	} else {
		v->bad--;
	}
}

static int
check_snapshot(const struct snapshot *s, const char *domain, const char *name,
	       const struct err *bad, void *ctx)
{
	struct view_report *r;
	struct views *v = ctx;
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	char about[2 * SNAPSHOT_NAME_MAX + 2];

	v->n++;
	if (!s) {
		snprintf(about, sizeof(about), "%s@%s", domain, name);
		f = doctor_found(v->x, "record", DOCTOR_ERROR, about,
				 "its record cannot be read: %s", bad->text);
		doctor_why(f, "nothing of the snapshot is of use without it");
		v->bad++;
		return 0;
	}
	r = calloc(s->n_disks ? s->n_disks : 1, sizeof(*r));
	if (r && job_check_views(s, r, &err) == 0)
		for (unsigned int i = 0; i < s->n_disks; i++)
			check_view(v, s, i, &r[i]);
	free(r);
	return 0;
}

void
doctor_views(struct doctor *x)
{
	struct views v = { .x = x };
	struct err err = ERR_INIT;
	int rc = job_each_snapshot(NULL, check_snapshot, &v, &err);

	if (rc && !x->root && err.code == ERR_DENIED)
		return;
	if (rc)
		doctor_found(x, "snapshots", DOCTOR_ERROR, NULL, "%s",
			     err.text);
	else if (v.bad == 0)
		doctor_found(x, "snapshots", DOCTOR_OK, NULL, "%u kept here%s",
			     v.n, v.n ? ", and all views are whole" : "");
}
