/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_doctor.c - xensnap doctor */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "job_doctor.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "units.h"

#define INDENT 11 /* of a finding's text */

/* ---- JSON ---- */

static struct json_object *
finding_json(const struct doctor_finding *f)
{
	struct json_object *o = json_object_new_object();

	json_add_str(o, "id", f->id);
	json_add_str(o, "area", f->area);
	json_add_str(o, "level", doctor_level_name(f->level));
	json_add_str(o, "about", f->about);
	json_add_str(o, "is", f->is);
	json_add_str(o, "why", f->why);
	json_add_str(o, "mend", f->mend);
	json_object_object_add(o, "harmless",
			       json_object_new_boolean(f->harmless));
	json_object_object_add(o, "mended", json_object_new_boolean(f->mended));
	json_add_str(o, "did", f->did);
	return o;
}

static int
tell_json(const struct doctor_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	int rc;

	if (!o || !list) {
		json_object_put(o);
		json_object_put(list);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	for (unsigned int i = 0; i < r->n_findings; i++)
		json_object_array_add(list, finding_json(&r->findings[i]));
	json_object_object_add(o, "root", json_object_new_boolean(r->root));
	json_object_object_add(o, "dry_run", json_object_new_boolean(dry_run));
	json_add_str(o, "worst", doctor_level_name(r->worst));
	json_add_u64(o, "mended", r->n_mended);
	json_add_u64(o, "failed", r->n_failed);
	json_add_u64(o, "more_findings", r->n_more);
	json_object_object_add(o, "findings", list);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* ---- text ---- */

static void
tell_finding(const struct doctor_finding *f)
{
	char label[INDENT + 1], text[700];

	snprintf(label, sizeof(label), "  %-*s", INDENT - 2,
		 f->mended ? "mended" : doctor_level_name(f->level));
	snprintf(text, sizeof(text), "%s%s%s", f->about, *f->about ? ": " : "",
		 f->is);
	print_labelled(label, INDENT, text);
	if (f->level == DOCTOR_OK)
		return;
	if (*f->why)
		print_labelled("", INDENT, f->why);
	/* Not broken into lines: it is to be copied. */
	if (*f->did)
		print_line("%*s%s", INDENT, "", f->did);
	else if (*f->mend)
		print_line("%*smend: %s", INDENT, "", f->mend);
}

static void
tell_sum(const struct doctor_report *r)
{
	const unsigned int *n = r->count;

	if (r->n_more)
		print_line("and %u finding%s more", r->n_more,
			   units_s(r->n_more));
	print_line("%u error%s, %u warning%s, %u note%s", n[DOCTOR_ERROR],
		   units_s(n[DOCTOR_ERROR]), n[DOCTOR_WARNING],
		   units_s(n[DOCTOR_WARNING]), n[DOCTOR_NOTE],
		   units_s(n[DOCTOR_NOTE]));
	if (r->n_mended)
		print_line("%u mended", r->n_mended);
	if (r->n_harmless > r->n_failed)
		print_line("%u of them `xensnap doctor --mend` mends",
			   r->n_harmless - r->n_failed);
}

static void
tell(const struct doctor_report *r)
{
	const char *area = "";

	for (unsigned int i = 0; i < r->n_findings; i++) {
		const struct doctor_finding *f = &r->findings[i];

		if (strcmp(f->area, area) != 0)
			print_line("%s", f->area);
		area = f->area;
		tell_finding(f);
	}
	tell_sum(r);
}

/*
 * That something is wrong is what was asked, and no failure: 3, however bad it
 * is.  1 is left for what was to be mended and could not be.
 */
static int
exit_of(const struct doctor_report *r)
{
	if (r->n_failed)
		return CMD_FAILED;
	return r->worst >= DOCTOR_WARNING ? CMD_WARNINGS : CMD_DONE;
}

int
cmd_doctor(const struct cmd_args *args, struct err *err)
{
	struct doctor_opts o = {
		.mend = opts_has(args, "mend"),
		.dry_run = opts_has(args, "dry-run"),
	};
	struct doctor_report *r = calloc(1, sizeof(*r));
	int rc = -1;

	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (job_doctor(&o, r, err))
		goto out;
	if (!opts_has(args, "json"))
		tell(r);
	else if (tell_json(r, o.dry_run, err))
		goto out;
	rc = exit_of(r);
out:
	free(r);
	return rc;
}
