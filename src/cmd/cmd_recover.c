/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_recover.c - xensnap recover [DOMAIN] */
#include <stdlib.h>

#include "cmd.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"

static int
tell_json(const struct recover_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *notes = json_object_new_array();
	struct json_object *n;
	int rc;

	if (!o || !notes) {
		json_object_put(o);
		json_object_put(notes);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	for (unsigned int i = 0; i < r->n_notes; i++) {
		n = json_object_new_object();
		json_object_object_add(
			n, "what", json_object_new_string(r->notes[i].what));
		json_object_object_add(n, "did",
				       json_object_new_string(r->notes[i].did));
		json_object_array_add(notes, n);
	}
	json_object_object_add(o, "dry_run", json_object_new_boolean(dry_run));
	json_object_object_add(o, "notes", notes);
	json_object_object_add(o, "more_notes",
			       json_object_new_int64((int64_t)r->n_more));
	json_object_object_add(o, "failed",
			       json_object_new_int64((int64_t)r->n_failed));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const struct recover_report *r)
{
	for (unsigned int i = 0; i < r->n_notes; i++)
		print_line("%s: %s", r->notes[i].what, r->notes[i].did);
	if (r->n_more > 0)
		print_line("and %u more", r->n_more);
	if (r->n_notes == 0 && r->n_failed == 0)
		print_line("Nothing to recover.");
}

int
cmd_recover(const struct cmd_args *args, struct err *err)
{
	bool dry_run = opts_has(args, "dry-run");
	const char *domain = NULL;
	struct recover_report *r;
	struct names n;
	int rc = -1;

	if (args->n_args > 0) {
		if (names_domain(args, 0, &n, err))
			return opts_usage(args->verb, err);
		domain = n.domain;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (job_recover(domain, dry_run, r, err))
		goto out;
	if (!opts_has(args, "json"))
		tell(r);
	else if (tell_json(r, dry_run, err))
		goto out;
	/* What is still wrong was warned of, thing by thing. */
	rc = r->n_failed > 0 ? CMD_FAILED : CMD_DONE;
out:
	free(r);
	return rc;
}
