/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clones.c - see clones.h. */
#include "clones.h"

#include "json_field.h"
#include "names.h"
#include "print.h"

struct listing {
	struct print_table table;
	struct json_object *all;
	unsigned int n;
};

static const char *
state_of(const struct clone_seen *c)
{
	return c->made ? "made" : "half";
}

static void
add_json(struct json_object *all, const struct clone_seen *c, const char *from)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return;
	json_add_str(o, "clone", c->domain);
	json_add_str(o, "from", from);
	json_add_str(o, "created", c->created);
	json_add_u64(o, "disks", c->n_disks);
	json_add_str(o, "state", state_of(c));
	json_object_object_add(o, "lost", json_object_new_boolean(c->lost));
	json_object_object_add(o, "used",
			       c->used < 0 ? NULL :
					     json_object_new_double(c->used));
	json_object_array_add(all, o);
}

static int
list_one(const struct clone_seen *c, void *ctx)
{
	struct listing *l = ctx;
	char from[NAMES_FULL_MAX], when[24];

	l->n++;
	names_full(c->from.domain, c->from.name, from);
	if (l->all) {
		add_json(l->all, c, from);
		return 0;
	}
	print_cell(&l->table, "%s", c->domain);
	print_cell(&l->table, "%s", from);
	print_cell(&l->table, "%.16s",
		   names_when(c->created, when, sizeof(when)));
	print_cell(&l->table, "%u", c->n_disks);
	if (c->lost)
		print_cell(&l->table, "lost");
	else if (c->used < 0)
		print_cell(&l->table, "-");
	else
		print_cell(&l->table, "%.0f %%", c->used * 100);
	print_cell(&l->table, "%s", state_of(c));
	return 0;
}

static int
print_all(struct json_object *all, struct err *err)
{
	struct json_object *o = json_object_new_object();
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_object_add(o, "clones", json_object_get(all));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

int
clones_list(bool json, struct err *err)
{
	static const char *const heads[] = { "CLONE", "FROM", "CREATED (UTC)",
					     "DISKS", "USED", "STATE" };
	struct listing l = { .all = json ? json_object_new_array() : NULL };
	int rc;

	l.table.n_columns = sizeof(heads) / sizeof(heads[0]);
	l.table.right = 1u << 3 | 1u << 4;
	for (unsigned int i = 0; i < l.table.n_columns; i++)
		print_cell(&l.table, "%s", heads[i]);
	rc = job_clones(NULL, list_one, &l, err);
	if (rc == 0 && json)
		rc = print_all(l.all, err);
	else if (rc == 0 && l.n == 0)
		log_notice("no clones");
	else if (rc == 0)
		rc = print_table(&l.table, err);
	print_table_done(&l.table);
	json_object_put(l.all);
	return rc;
}

static int
add_name(const struct clone_seen *c, void *ctx)
{
	json_object_array_add(ctx, json_object_new_string(c->domain));
	return 0;
}

struct json_object *
clones_names(const struct snapshot_id *from, struct err *err)
{
	struct json_object *all = json_object_new_array();

	if (!all) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (job_clones(from, add_name, all, err)) {
		json_object_put(all);
		return NULL;
	}
	return all;
}
