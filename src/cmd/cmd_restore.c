/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_restore.c - xensnap restore REPO BACKUP --to PATH */
#include <string.h>

#include "cmd.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

static int
read_opts(const struct cmd_args *a, struct restore_opts *o, struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->backup = a->args[1];
	o->vdev = opts_value(a, "disk");
	o->to = opts_value(a, "to");
	o->in_place = opts_has(a, "in-place");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (o->to)
		return 0;
	err_set(err, ERR_INVALID, 0, "--to is missing");
	return opts_usage(a->verb, err);
}

static int
tell_json(const struct restore_opts *opts, const struct restore_report *r,
	  struct err *err)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * SESSION_ID + 1];
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	hex_text(r->session, SESSION_ID, hex);
	json_add_str(o, "backup", r->name);
	json_add_str(o, "session", hex);
	json_add_str(o, "to", opts->to);
	if (opts->dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	json_add_u64(o, "bytes", r->bytes);
	json_add_u64(o, "written_bytes", r->written_bytes);
	json_add_u64(o, "kept_bytes", r->kept_bytes);
	json_object_object_add(o, "seconds",
			       json_object_new_double(r->seconds));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const struct restore_opts *o, const struct restore_report *r)
{
	char a[24], b[24];

	print_line("%s%s restored to %s", o->dry_run ? "would be: " : "",
		   r->name, o->to);
	if (!o->dry_run)
		print_line("  %s, %s written, %.1f s",
			   units_size(r->bytes, a, sizeof(a)),
			   units_size(r->written_bytes, b, sizeof(b)),
			   r->seconds);
}

int
cmd_restore(const struct cmd_args *args, struct err *err)
{
	struct restore_report r;
	struct restore_opts o;
	struct repo_key k;
	int rc;

	if (read_opts(args, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_restore(&o, &r, err);
	repo_key_done(&k);
	if (rc)
		return -1;
	progress_end();
	if (opts_has(args, "json"))
		return tell_json(&o, &r, err);
	tell(&o, &r);
	return 0;
}
