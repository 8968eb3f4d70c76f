/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_list.c - xensnap list [DOMAIN] */
#include <stdio.h>
#include <stdlib.h>

#include "clones.h"
#include "cmd.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "units.h"
#include "views.h"

struct list {
	bool json, names;
	unsigned int n;
	bool bad; /* a record cannot be read, or a view is not good */
	struct print_table table;
	struct print_table details; /* below it: whose, what is wrong */
	struct json_object *all;
	struct err *err;
};

static int
add_json(struct list *l, struct json_object *o)
{
	if (!o)
		return -1;
	if (json_object_array_add(l->all, o)) {
		json_object_put(o);
		return err_set(l->err, ERR_NOMEM, 0, "out of memory");
	}
	return 0;
}

static int
list_unreadable(struct list *l, const char *domain, const char *name,
		const struct err *bad)
{
	char full[NAMES_FULL_MAX];
	struct json_object *o;

	names_full(domain, name, full);
	l->bad = true;
	if (l->names) {
		print_line("%s", full);
		return 0;
	}
	if (l->json) {
		o = json_object_new_object();
		if (!o)
			return err_set(l->err, ERR_NOMEM, 0, "out of memory");
		json_object_object_add(o, "snapshot",
				       json_object_new_string(full));
		json_object_object_add(o, "error",
				       json_object_new_string(bad->text));
		return add_json(l, o);
	}
	print_cell(&l->table, "%s", full);
	for (unsigned int i = 0; i < 4; i++)
		print_cell(&l->table, "-");
	print_cell(&l->table, "unreadable");
	print_cell(&l->details, "%s: ", full);
	print_cell(&l->details, "%s", bad->text);
	return 0;
}

/* One word into the table; what is wrong, and where, below it. */
static void
add_state(struct list *l, const struct snapshot *s, const char *full,
	  const struct view_report *r)
{
	char text[VIEWS_WORD_MAX];

	for (unsigned int i = 0; i < s->n_disks; i++) {
		if (!views_bad(&r[i]))
			continue;
		print_cell(&l->details, "%s: ", full);
		print_cell(&l->details, "%s is %s", s->disks[i].vdev,
			   views_word(&r[i], text, sizeof(text)));
	}
	print_cell(&l->table, "%s", views_worst(s, r));
}

static void
add_row(struct list *l, const struct snapshot *s, const struct view_report *r)
{
	bool memory = snapshot_has_memory(s->mode);
	char full[NAMES_FULL_MAX], text[24];
	struct print_table *t = &l->table;

	print_cell(t, "%s", names_full(s->domain, s->name, full));
	print_cell(t, "%.16s", names_when(s->created, text, sizeof(text)));
	print_cell(t, "%s",
		   s->n_phases ? units_ms(s->pause_ms, text, sizeof(text)) :
				 "none");
	print_cell(t, "%s",
		   memory ? units_size(s->memory_bytes, text, sizeof(text)) :
		   s->base_for[0] ? "base" :
				    "none");
	print_cell(t, "%u", s->n_disks);
	add_state(l, s, full, r);
}

static int
list_one(const struct snapshot *s, const char *domain, const char *name,
	 const struct err *bad, void *ctx)
{
	struct view_report r[DOMAIN_DISKS_MAX];
	struct list *l = ctx;
	char full[NAMES_FULL_MAX];

	l->n++;
	if (!s)
		return list_unreadable(l, domain, name, bad);
	if (l->names) {
		print_line("%s", names_full(domain, name, full));
		return 0;
	}
	if (job_check_views(s, r, l->err))
		return -1;
	for (unsigned int i = 0; i < s->n_disks; i++)
		l->bad = l->bad || views_bad(&r[i]);
	if (l->json)
		return add_json(l, views_json(s, r, l->err));
	add_row(l, s, r);
	return 0;
}

static void
begin_table(struct print_table *t)
{
	static const char *const heads[] = { "SNAPSHOT", "CREATED (UTC)",
					     "PAUSE",    "MEMORY",
					     "DISKS",    "STATE" };

	t->n_columns = sizeof(heads) / sizeof(heads[0]);
	t->right = 1u << 2 | 1u << 3 | 1u << 4;
	for (unsigned int i = 0; i < t->n_columns; i++)
		print_cell(t, "%s", heads[i]);
}

static int
finish_json(struct list *l, struct err *err)
{
	struct json_object *o = json_object_new_object();
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_object_add(o, "snapshots", json_object_get(l->all));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
finish(struct list *l, const char *domain, struct err *err)
{
	if (l->json)
		return finish_json(l, err);
	if (l->n == 0) {
		log_notice(domain ? "no snapshots of %s" : "no snapshots%s",
			   domain ? domain : "");
		return 0;
	}
	if (l->names)
		return 0;
	if (print_table(&l->table, err))
		return -1;
	if (l->details.n_cells > 0)
		print_line("%s", "");
	for (size_t i = 0; i + 1 < l->details.n_cells; i += 2)
		print_labelled(l->details.cells[i], 4, l->details.cells[i + 1]);
	return l->details.failed ? err_set(err, ERR_NOMEM, 0, "out of memory") :
				   0;
}

int
cmd_list(const struct cmd_args *args, struct err *err)
{
	struct list l = { .err = err, .details.n_columns = 2 };
	const char *domain = NULL;
	struct names n;
	int rc = -1;

	if (opts_has(args, "clones")) {
		if (args->n_args > 0 || opts_has(args, "names")) {
			err_set(err, ERR_INVALID, 0, "--clones is given alone");
			return opts_usage(args->verb, err);
		}
		return clones_list(opts_has(args, "json"), err);
	}
	if (args->n_args > 0) {
		if (names_domain(args, 0, &n, err))
			return opts_usage(args->verb, err);
		domain = n.domain;
	}
	l.json = opts_has(args, "json");
	l.names = opts_has(args, "names");
	l.all = json_object_new_array();
	if (!l.all)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	begin_table(&l.table);
	if (job_each_snapshot(domain, list_one, &l, err))
		goto out;
	if (finish(&l, domain, err))
		goto out;
	rc = l.bad ? CMD_WARNINGS : CMD_DONE;
out:
	json_object_put(l.all);
	print_table_done(&l.table);
	print_table_done(&l.details);
	return rc;
}
