/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backup.c - xensnap backup --disk PATH REPO */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "press.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

static int
read_opts(const struct cmd_args *a, struct backup_opts *o, struct err *err)
{
	const char *level = opts_value(a, "level");
	char *end;

	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->disk = opts_value(a, "disk");
	o->name = opts_value(a, "name");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (!o->disk) {
		err_set(err, ERR_INVALID, 0, "--disk is missing");
		return opts_usage(a->verb, err);
	}
	if (!level)
		return 0;
	o->level = (int)strtol(level, &end, 10);
	if (*end == '\0' && end != level && o->level >= 1 &&
	    o->level <= PRESS_LEVEL_MAX)
		return 0;
	err_set(err, ERR_INVALID, 0, "--level is 1 to %d, not '%s'",
		PRESS_LEVEL_MAX, level);
	return opts_usage(a->verb, err);
}

static int
tell_json(const struct backup_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * SESSION_ID + 1];
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	hex_text(r->session, SESSION_ID, hex);
	json_add_str(o, "backup", r->name);
	if (dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	else
		json_add_str(o, "session", hex);
	json_add_u64(o, "bytes", r->bytes);
	json_add_u64(o, "read_bytes", r->read_bytes);
	json_add_u64(o, "new_bytes", r->new_bytes);
	json_add_u64(o, "stored_bytes", r->stored_bytes);
	json_object_object_add(o, "seconds",
			       json_object_new_double(r->seconds));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const struct backup_report *r)
{
	char hex[2 * SESSION_ID + 1], a[24], b[24], c[24], d[24];

	hex_text(r->session, SESSION_ID, hex);
	print_line("%s backed up, session %.8s", r->name, hex);
	print_line("  %s, %s read, %s new, %s stored, %.1f s",
		   units_size(r->bytes, a, sizeof(a)),
		   units_size(r->read_bytes, b, sizeof(b)),
		   units_size(r->new_bytes, c, sizeof(c)),
		   units_size(r->stored_bytes, d, sizeof(d)), r->seconds);
}

int
cmd_backup(const struct cmd_args *args, struct err *err)
{
	struct backup_report r;
	struct backup_opts o;
	struct repo_key k;
	int rc;

	if (read_opts(args, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_backup(&o, &r, err);
	repo_key_done(&k);
	if (rc)
		return -1;
	progress_end();
	if (opts_has(args, "json"))
		return tell_json(&r, o.dry_run, err);
	if (o.dry_run)
		print_line("Would back up %s to %s", o.disk, o.how.address);
	else
		tell(&r);
	return 0;
}
