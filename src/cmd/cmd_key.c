/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_key.c - xensnap key list|add|remove|change|export REPO [ID] */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_key_tell.h"
#include "job_key.h"
#include "opts.h"
#include "print.h"
#include "repo_key.h"

enum action {
	LIST = 1,
	ADD = 2,
	REMOVE = 4,
	CHANGE = 8,
	EXPORT = 16,
};

static const struct {
	const char *name;
	enum action action;
	bool has_id; /* a third argument */
	const char *done, *would;
} actions[] = {
	{ "list", LIST, false, "", "" },
	{ "add", ADD, false, "added", "would add" },
	{ "remove", REMOVE, true, "removed", "would remove" },
	{ "change", CHANGE, false, "changed", "would change" },
	{ "export", EXPORT, true, "exported", "would export" },
};

/* Options that not all of them have. */
static const struct {
	const char *name;
	unsigned int of; /* enum action */
} only[] = {
	{ "put-only", ADD },
	{ "label", ADD | CHANGE },
	{ "new-key-file", ADD | CHANGE },
	{ "new-passphrase-file", ADD | CHANGE },
	{ "to", EXPORT },
	{ "paper", EXPORT },
	{ "dry-run", ADD | REMOVE | CHANGE | EXPORT },
};

#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* Which action it is, or -1. */
static int
find_action(const struct cmd_args *a, struct err *err)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, a->args[0]) == 0)
			return (int)i;
	err_set(err, ERR_INVALID, 0,
		"key list, add, remove, change or export, not '%s'",
		a->args[0]);
	return opts_usage(a->verb, err);
}

static int
check_usage(const struct cmd_args *a, int i, struct err *err)
{
	const char *name = actions[i].name;

	for (size_t k = 0; k < sizeof(only) / sizeof(only[0]); k++)
		if (opts_has(a, only[k].name) &&
		    !(only[k].of & actions[i].action)) {
			err_set(err, ERR_INVALID, 0,
				"key %s has no option --%s", name,
				only[k].name);
			return opts_usage(a->verb, err);
		}
	if (actions[i].has_id == (a->n_args == 3) &&
	    (actions[i].action != EXPORT || opts_has(a, "to") ||
	     opts_has(a, "paper")))
		return 0;
	if (a->n_args == 3 && !actions[i].has_id)
		err_set(err, ERR_INVALID, 0, "'%s' is one argument too many",
			a->args[2]);
	else if (a->n_args < 3)
		err_set(err, ERR_INVALID, 0,
			"ID is missing: the beginning of a key's id%s",
			actions[i].action == EXPORT ? ", or \"own\"" : "");
	else
		err_set(err, ERR_INVALID, 0, "--to FILE or --paper is missing");
	return opts_usage(a->verb, err);
}

/* The key that was given, as a file or on paper. */
static int
export_key(const struct cmd_args *a, const struct repo_key *own,
	   struct key_telling *t, const struct key_report *r, struct err *err)
{
	char text[SLOT_FILE_TEXT];
	int rc = 0;

	slot_file_text((const uint8_t *)own->secret, text);
	t->file = opts_value(a, "to");
	if (t->file && !t->dry_run)
		rc = repo_key_write(t->file, text, err);
	if (!t->file && !t->dry_run)
		t->text = text;
	if (rc == 0)
		rc = key_tell(t, r, err);
	t->text = NULL;
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int
list_keys(const struct key_opts *o, bool json, struct err *err)
{
	struct key_list l;
	int rc;

	if (job_key_list(o, &l, err))
		return -1;
	rc = key_tell_list(&l, json, err);
	key_list_done(&l);
	return rc;
}

/* A new secret, and what is done with it. */
static int
with_fresh(const struct cmd_args *a, struct key_opts *o, bool add,
	   struct key_telling *t, struct key_report *r, struct err *err)
{
	struct repo_key fresh = { .made = NULL };
	int rc;

	rc = o->dry_run ? 0 : repo_key_fresh(a, &fresh, err);
	o->fresh = fresh.opener;
	if (rc == 0)
		rc = add ? job_key_add(o, r, err) : job_key_change(o, r, err);
	t->made = fresh.made;
	if (rc && t->made)
		err_more(err, "the key file %s was made for it", t->made);
	repo_key_done(&fresh);
	return rc;
}

static int
run(const struct cmd_args *a, int i, const struct repo_key *own,
    struct key_opts *o, struct err *err)
{
	struct key_telling t = {
		.action = actions[i].name,
		.done = o->dry_run ? actions[i].would : actions[i].done,
		.json = opts_has(a, "json"),
		.dry_run = o->dry_run,
	};
	struct key_report r;
	int rc = -1;

	memset(&r, 0, sizeof(r));
	switch (actions[i].action) {
	case LIST:
		return list_keys(o, t.json, err);
	case ADD:
	case CHANGE:
		rc = with_fresh(a, o, actions[i].action == ADD, &t, &r, err);
		break;
	case REMOVE:
		rc = job_key_remove(o, &r, err);
		break;
	case EXPORT:
		rc = job_key_export(o, &r, err);
		return rc ? -1 : export_key(a, own, &t, &r, err);
	}
	return rc ? -1 : key_tell(&t, &r, err);
}

int
cmd_key(const struct cmd_args *args, struct err *err)
{
	int i = find_action(args, err), rc;
	struct key_opts o = { .label = opts_value(args, "label") };
	struct repo_key own;

	if (i < 0 || check_usage(args, i, err))
		return -1;
	o.how.address = args->args[1];
	o.how.accept_head = opts_has(args, "accept-head");
	o.put_only = opts_has(args, "put-only");
	o.dry_run = opts_has(args, "dry-run");
	o.which = args->n_args == 3 ? args->args[2] : NULL;
	rc = repo_key_read(args, false, &own, err);
	o.how.opener = own.opener;
	if (rc == 0)
		rc = run(args, i, &own, &o, err);
	repo_key_done(&own);
	return rc;
}
