/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_verify.c - xensnap verify REPO */
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo.h"
#include "repo_key.h"
#include "repo_verify.h"
#include "units.h"

struct telling {
	bool json;
	struct json_object *problems;
};

static void
tell_problem(const char *text, void *ctx)
{
	struct telling *t = ctx;

	if (t->json)
		json_object_array_add(t->problems,
				      json_object_new_string(text));
	else
		print_line("%s", text);
}

static int
tell_json(struct telling *t, const struct verify_report *r, struct err *err)
{
	struct json_object *o = json_object_new_object();
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_add_u64(o, "backups", r->n_backups);
	json_add_u64(o, "hurt_backups", r->n_hurt);
	json_add_u64(o, "packs", r->n_packs);
	json_add_u64(o, "bad_packs", r->n_bad);
	json_add_u64(o, "bad_objects", r->n_bad_objects);
	json_add_u64(o, "read_bytes", r->read_bytes);
	json_object_object_add(o, "problems", json_object_get(t->problems));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const struct verify_report *r, bool data)
{
	char size[24];

	if (r->n_hurt || r->n_bad || r->n_bad_objects)
		print_line("damaged: %u of %u packs, other objects: %u; "
			   "hurt: %u of %u backups",
			   r->n_bad, r->n_packs, r->n_bad_objects, r->n_hurt,
			   r->n_backups);
	else if (data)
		print_line("%u backup%s and %u pack%s are whole, %s read",
			   r->n_backups, units_s(r->n_backups), r->n_packs,
			   units_s(r->n_packs),
			   units_size(r->read_bytes, size, sizeof(size)));
	else
		print_line("%u backup%s and %u pack%s are there, and the maps "
			   "are whole; --data reads all",
			   r->n_backups, units_s(r->n_backups), r->n_packs,
			   units_s(r->n_packs));
}

static int
verify(const struct cmd_args *a, struct repo *r, struct err *err)
{
	struct telling t = { .json = opts_has(a, "json"),
			     .problems = json_object_new_array() };
	struct verify_how how = { .data = opts_has(a, "data"),
				  .problem = tell_problem,
				  .problem_ctx = &t,
				  .progress = progress_tell };
	struct verify_report report;
	int rc = -1;

	if (!t.problems)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (repo_load(r, err) || repo_verify(r, &how, &report, err))
		goto out;
	progress_end();
	rc = 0;
	if (t.json)
		rc = tell_json(&t, &report, err);
	else
		tell(&report, how.data);
	if (rc == 0 && (report.n_hurt || report.n_bad || report.n_bad_objects))
		rc = CMD_FAILED;
out:
	json_object_put(t.problems);
	return rc;
}

int
cmd_verify(const struct cmd_args *args, struct err *err)
{
	static const char *const with_boot[] = {
		"create-lv", "to",      "disks-only",   "console",
		"xenstore",  "seconds", "trust-config",
	};
	struct repo_how how = { .address = args->args[0],
				.accept_head = opts_has(args, "accept-head"),
				.salvage = true };
	struct repo *r = NULL;
	struct repo_key k;
	int rc;

	if (opts_has(args, "boot"))
		return cmd_trial(args, err);
	for (size_t i = 0; i < sizeof(with_boot) / sizeof(with_boot[0]); i++)
		if (opts_has(args, with_boot[i])) {
			err_set(err, ERR_INVALID, 0, "--%s is for --boot",
				with_boot[i]);
			return opts_usage(args->verb, err);
		}
	if (opts_has(args, "against"))
		return cmd_compare(args, err);
	if (args->n_args > 1) {
		err_set(err, ERR_INVALID, 0,
			"'%s': all backups are verified, or one --against its "
			"source",
			args->args[1]);
		return opts_usage(args->verb, err);
	}
	rc = repo_key_read(args, false, &k, err);
	how.opener = k.opener;
	if (rc == 0)
		rc = repo_open(&how, &r, err);
	repo_key_done(&k);
	if (rc == 0)
		rc = verify(args, r, err);
	repo_close(r);
	return rc;
}
