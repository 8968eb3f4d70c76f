/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_clone.c - xensnap clone SNAPSHOT NEW */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cow_size.h"
#include "job.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "network.h"
#include "opts.h"
#include "print.h"
#include "progress.h"

static int
parse_count(const char *text, unsigned int *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");

	*ret = digits >= 1 && digits <= 3 && !text[digits] ?
		       (unsigned int)atoi(text) :
		       0;
	if (*ret >= 1 && *ret <= CLONES_MAX)
		return 0;
	return err_set(err, ERR_INVALID, 0, "--count: '%s' is not 1 to %d",
		       text, CLONES_MAX);
}

static int
parse(const struct cmd_args *a, struct clone_opts *o, struct names *from,
      struct names *to, struct err *err)
{
	const char *count = opts_value(a, "count");
	const char *cow = opts_value(a, "cow-size");

	o->disks_only = opts_has(a, "disks-only");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	o->count = 1;
	network_parse(opts_value(a, "network"), &o->network);
	if (names_snapshot(a, 0, from, err) || names_domain(a, 1, to, err) ||
	    (count && parse_count(count, &o->count, err)) ||
	    (cow && cow_size_parse(cow, &o->cow, err)))
		return opts_usage(a->verb, err);
	return 0;
}

/* ---- tell ---- */

static struct json_object *
clone_json(const struct clone_made *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array();

	if (!o || !disks) {
		json_object_put(o);
		json_object_put(disks);
		return NULL;
	}
	json_add_str(o, "domain", c->domain);
	json_add_str(o, "uuid", c->uuid);
	json_add_str(o, "config", c->config);
	for (unsigned int i = 0; i < c->n_disks; i++) {
		struct json_object *d = json_object_new_object();

		json_add_str(d, "vdev", c->disks[i].vdev);
		json_add_str(d, "path", c->disks[i].path);
		json_object_array_add(disks, d);
	}
	json_object_object_add(o, "disks", disks);
	return o;
}

static int
tell_json(const struct clone_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_array();
	char full[NAMES_FULL_MAX];
	int rc;

	if (!o || !all) {
		json_object_put(o);
		json_object_put(all);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	json_add_str(o, "snapshot",
		     names_full(r->from.domain, r->from.name, full));
	json_object_object_add(o, "dry_run", json_object_new_boolean(dry_run));
	json_object_object_add(o, "memory", json_object_new_boolean(r->memory));
	for (unsigned int i = 0; i < r->n; i++)
		json_object_array_add(all, clone_json(&r->clones[i]));
	json_object_object_add(o, "clones", all);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell_one(const struct clone_made *c, const char *from, bool memory)
{
	print_line("%s, a domain of its own, %s %s", c->domain,
		   memory ? "goes on from" : "boots from the disks of", from);
	print_line("  uuid    %s", c->uuid);
	print_line("  config  %s", c->config);
	for (unsigned int i = 0; i < c->n_disks; i++)
		print_line("  %-6s  %s", c->disks[i].vdev, c->disks[i].path);
}

static void
tell(const struct clone_report *r, const struct clone_opts *o)
{
	char full[NAMES_FULL_MAX];

	names_full(r->from.domain, r->from.name, full);
	if (o->dry_run) {
		for (unsigned int i = 0; i < r->n; i++)
			print_line("Would clone %s as %s", full,
				   r->clones[i].domain);
		return;
	}
	for (unsigned int i = 0; i < r->n; i++)
		tell_one(&r->clones[i], full, r->memory);
	print_line("%s", "");
	if (o->network.kind == NETWORK_NONE)
		print_line("%s no network card: --network gives %s some.",
			   r->n == 1 ? "It has" : "They have",
			   r->n == 1 ? "it" : "them");
	print_line("Undo:   xl destroy %s && xensnap delete %s%s",
		   r->clones[0].domain, r->clones[0].domain,
		   r->n > 1 ? "   (and so on)" : "");
}

int
cmd_clone(const struct cmd_args *args, struct err *err)
{
	struct clone_opts o = { .count = 1 };
	struct clone_report *r = NULL;
	struct snapshot_id from;
	struct names n, to;
	int rc = -1;

	if (parse(args, &o, &n, &to, err))
		return -1;
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	from.domain = n.domain;
	from.name = n.name;
	if (job_clone(&from, to.domain, &o, r, err))
		goto out;
	progress_end();
	rc = 0;
	if (opts_has(args, "json"))
		rc = tell_json(r, o.dry_run, err);
	else
		tell(r, &o);
out:
	free(r);
	return rc;
}
