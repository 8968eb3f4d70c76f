/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_delete.c - xensnap delete SNAPSHOT|CLONE... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "cmd.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"

struct deletion {
	bool dry_run, json;
	unsigned int n_done, n_failed, n_busy;
	struct json_object *done, *failed;
};

static void
tell_done(struct deletion *d, const char *full)
{
	d->n_done++;
	if (d->json)
		json_object_array_add(d->done, json_object_new_string(full));
	else
		print_line("%s %s", d->dry_run ? "would delete" : "deleted",
			   full);
}

static void
tell_failed(struct deletion *d, const char *full, const struct err *why)
{
	char what[NAMES_FULL_MAX + 8];
	struct json_object *o;

	d->n_failed++;
	if (why->code == ERR_BUSY)
		d->n_busy++;
	snprintf(what, sizeof(what), "delete %s", full);
	print_failure(what, why);
	if (!d->json)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "snapshot", json_object_new_string(full));
	json_object_object_add(o, "error", json_object_new_string(why->text));
	json_object_array_add(d->failed, o);
}

/* Its arrays become part of what is printed. */
static int
tell_json(struct deletion *d, struct err *err)
{
	struct json_object *o = json_object_new_object();
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_object_add(o, "dry_run",
			       json_object_new_boolean(d->dry_run));
	json_object_object_add(o, "deleted", json_object_get(d->done));
	json_object_object_add(o, "failed", json_object_get(d->failed));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
status_of(const struct deletion *d, const struct cmd_args *args)
{
	if (d->n_failed == 0)
		return CMD_DONE;
	if (args->n_args > 1)
		log_notice("%u of %u snapshots %sdeleted, %u failed", d->n_done,
			   args->n_args, d->dry_run ? "would be " : "",
			   args->n_args - d->n_done);
	return d->n_busy == args->n_args ? CMD_BUSY : CMD_FAILED;
}

static int
is_it(const struct clone_seen *c, void *ctx)
{
	const char **name = ctx;

	if (*name && strcmp(c->domain, *name) == 0)
		*name = NULL;
	return 0;
}

static int
check_clone(const char *name, struct err *err)
{
	const char *looked_for = name;

	if (job_clones(NULL, is_it, &looked_for, err))
		return -1;
	if (!looked_for)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "'%s' names no snapshot (%s@NAME), and no clone", name,
		       name);
}

/* All names are read before the first is touched. */
static int
check_names(const struct cmd_args *args, struct names *all, struct err *err)
{
	for (unsigned int i = 0; i < args->n_args; i++) {
		bool clone = !strchr(args->args[i], '@');

		if (clone ? names_domain(args, i, &all[i], err) :
			    names_snapshot(args, i, &all[i], err))
			return opts_usage(args->verb, err);
		if (clone && check_clone(args->args[i], err))
			return err->code == ERR_INVALID ?
				       opts_usage(args->verb, err) :
				       -1;
	}
	return 0;
}

/* Without "@NAME" it is a clone. */
static int
delete_one(const struct deletion *d, const struct names *n, struct err *err)
{
	return n->name[0] ? job_delete(n->domain, n->name, d->dry_run, err) :
			    job_unclone(n->domain, d->dry_run, err);
}

static int
delete_all(struct deletion *d, const struct names *all, unsigned int n,
	   struct err *err)
{
	char full[NAMES_FULL_MAX];
	struct err why = ERR_INIT;

	for (unsigned int i = 0; i < n; i++) {
		if (cancel_check(err))
			return err_more(err, "%u of %u were deleted", d->n_done,
					n);
		err_clear(&why);
		if (all[i].name[0])
			names_full(all[i].domain, all[i].name, full);
		else
			strcpy(full, all[i].domain);
		if (delete_one(d, &all[i], &why))
			tell_failed(d, full, &why);
		else
			tell_done(d, full);
	}
	return 0;
}

int
cmd_delete(const struct cmd_args *args, struct err *err)
{
	struct deletion d = { .dry_run = opts_has(args, "dry-run"),
			      .json = opts_has(args, "json") };
	struct names *all = calloc(args->n_args, sizeof(*all));
	int rc = -1;

	d.done = json_object_new_array();
	d.failed = json_object_new_array();
	if (!all || !d.done || !d.failed) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (check_names(args, all, err) ||
	    delete_all(&d, all, args->n_args, err))
		goto out;
	if (d.json && tell_json(&d, err))
		goto out;
	rc = status_of(&d, args);
out:
	json_object_put(d.done);
	json_object_put(d.failed);
	free(all);
	return rc;
}
