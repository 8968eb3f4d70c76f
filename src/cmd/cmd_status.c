/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_status.c - xensnap status */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "jobs_status.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "span.h"

/* ---- JSON ---- */

static void
add_time(struct json_object *o, const char *key, uint64_t at)
{
	char when[32];

	if (at == 0)
		return;
	clock_utc_at(at, when, sizeof(when));
	json_add_str(o, key, when);
}

static struct json_object *
row_to_json(const struct status_row *r)
{
	struct json_object *o = json_object_new_object();

	json_add_str(o, "domain", r->domain);
	json_add_str(o, "state", r->state);
	json_add_u64(o, "snapshots", r->n_snapshots);
	add_time(o, "newest_snapshot", r->newest);
	json_object_object_add(o, "lost", json_object_new_boolean(r->lost));
	if (r->used >= 0)
		json_object_object_add(o, "used",
				       json_object_new_double(r->used));
	if (r->job[0])
		json_add_str(o, "job", r->job);
	add_time(o, "newest_backup", r->good);
	if (r->wrong[0])
		json_add_str(o, "wrong", r->wrong);
	return o;
}

static int
tell_json(const struct status_report *r, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	struct json_object *notes = json_object_new_array();
	int rc;

	for (unsigned int i = 0; i < r->n; i++)
		json_object_array_add(rows, row_to_json(&r->rows[i]));
	for (unsigned int i = 0; i < r->n_notes; i++)
		json_object_array_add(notes,
				      json_object_new_string(r->notes[i]));
	json_object_object_add(o, "domains", rows);
	json_object_object_add(o, "wrong", notes);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* ---- a table ---- */

static void
put_age(struct print_table *t, uint64_t at, uint64_t now, const char *never)
{
	char age[24];

	if (at == 0)
		print_cell(t, "%s", never);
	else
		print_cell(t, "%s",
			   span_text(now > at ? now - at : 0, age,
				     sizeof(age)));
}

static void
put_views(struct print_table *t, const struct status_row *r)
{
	if (r->lost)
		print_cell(t, "lost");
	else if (r->used >= 0)
		print_cell(t, "%.0f%%", r->used * 100);
	else
		print_cell(t, "-");
}

static int
tell_table(const struct status_report *r, struct err *err)
{
	static const char *const heads[] = { "DOMAIN", "STATE", "SNAPSHOTS",
					     "NEWEST", "VIEWS", "JOB",
					     "BACKUP", "" };
	struct print_table t = {
		.n_columns = 8, .right = 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6
	};

	for (unsigned int i = 0; i < t.n_columns; i++)
		print_cell(&t, "%s", heads[i]);
	for (unsigned int i = 0; i < r->n; i++) {
		const struct status_row *x = &r->rows[i];

		print_cell(&t, "%s", x->domain);
		print_cell(&t, "%s", x->state);
		print_cell(&t, "%u", x->n_snapshots);
		put_age(&t, x->newest, r->now, "-");
		put_views(&t, x);
		print_cell(&t, "%s", x->job[0] ? x->job : "-");
		put_age(&t, x->good, r->now, x->job[0] ? "never" : "-");
		print_cell(&t, "%s", x->wrong[0] ? "!" : "");
	}
	return print_table(&t, err);
}

/* What the table has no room for, below it. */
static int
tell(const struct status_report *r, struct err *err)
{
	char label[2 * SNAPSHOT_NAME_MAX + 16];

	if (r->n == 0)
		log_notice("no domain runs, and nothing is kept");
	else if (tell_table(r, err))
		return -1;
	if (r->n_wrong)
		print_line("%s", "");
	for (unsigned int i = 0; i < r->n; i++) {
		const struct status_row *x = &r->rows[i];

		snprintf(label, sizeof(label), "%s%s%s: ", x->domain,
			 x->job[0] ? ", job " : "", x->job);
		if (x->wrong[0])
			print_labelled(label, 4, x->wrong);
	}
	for (unsigned int i = 0; i < r->n_notes; i++)
		print_labelled("", 4, r->notes[i]);
	return 0;
}

/* No folder is no job, unless it was asked for. */
static int
list(const struct cmd_args *a, struct jobs_list *ret, struct err *err)
{
	const char *dir = opts_value(a, "jobs");
	int rc = jobs_list(dir ? dir : JOBS_FOLDER, NULL, ret, err);

	if (rc && !dir && err->code == ERR_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	return rc;
}

int
cmd_status(const struct cmd_args *args, struct err *err)
{
	struct status_report r = { .n = 0 };
	struct jobs_running running;
	struct jobs_list l;
	int rc;

	if (list(args, &l, err))
		return -1;
	jobs_running(&running);
	if (!running.known)
		log_notice("which domains run is not known: %s",
			   running.why.text);
	rc = jobs_status(&l, &running, &r, err);
	if (rc == 0)
		rc = opts_has(args, "json") ? tell_json(&r, err) :
					      tell(&r, err);
	if (rc == 0 && r.n_wrong)
		rc = CMD_WARNINGS;
	status_report_done(&r);
	jobs_running_done(&running);
	jobs_list_done(&l);
	return rc;
}
