/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backup_domain.c - xensnap backup DOMAIN REPO */
#include <stdlib.h>
#include <string.h>

#include "cmd_backup.h"
#include "cow_size.h"
#include "job_protect.h"
#include "json_field.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

static int
read_opts(const struct cmd_args *a, struct names *n, struct protect_opts *o,
	  struct err *err)
{
	const char *cow = opts_value(a, "cow-size");

	memset(o, 0, sizeof(*o));
	if (names_domain(a, 0, n, err) || backup_read_opts(a, &o->backup, err))
		return opts_usage(a->verb, err);
	o->domain = n->domain;
	o->name = o->backup.name;
	o->keep = opts_has(a, "keep");
	o->create.mode = opts_has(a, "live")       ? CREATE_LIVE :
			 opts_has(a, "stop")       ? CREATE_STOP :
			 opts_has(a, "disks-only") ? CREATE_DISKS :
						     CREATE_AUTO;
	o->create.copy = opts_has(a, "copy");
	o->create.cow.percent = COW_SIZE_PERCENT;
	o->create.dry_run = o->backup.dry_run;
	o->create.n_skip = o->backup.n_skip;
	memcpy(o->create.skip, o->backup.skip, sizeof(o->create.skip));
	/* They are not in the snapshot, so none is to be left out of it. */
	o->backup.n_skip = 0;
	o->create.progress = o->backup.progress;
	if (cow && cow_size_parse(cow, &o->create.cow, err))
		return opts_usage(a->verb, err);
	return 0;
}

static int
tell_json(const struct protect_opts *o, const struct protect_report *r,
	  struct err *err)
{
	bool dry_run = o->create.dry_run;
	struct json_object *json = backup_to_json(&r->backup, dry_run, err);
	char full[NAMES_FULL_MAX];
	int rc;

	if (!json)
		return -1;
	names_full(r->s.domain, r->s.name, full);
	json_add_str(json, "snapshot", full);
	json_add_str(json, "mode", snapshot_mode_name(r->s.mode));
	json_add_ms(json, "pause_ms", r->s.pause_ms);
	json_object_object_add(json, "kept", json_object_new_boolean(o->keep));
	json_add_u64(json, "bases_deleted", r->n_deleted);
	rc = print_json(json, err);
	json_object_put(json);
	return rc;
}

static int
tell(const struct protect_opts *o, const struct protect_report *r,
     struct err *err)
{
	char full[NAMES_FULL_MAX], ms[24];

	names_full(r->s.domain, r->s.name, full);
	if (o->create.dry_run) {
		print_line("Would freeze %s as %s (%s), and send it to %s",
			   r->s.domain, full, snapshot_mode_name(r->s.mode),
			   o->backup.how.address);
		return 0;
	}
	if (backup_tell(&o->backup, &r->backup, err))
		return -1;
	print_line("  stood still for %s; %s %s",
		   r->s.n_phases ? units_ms(r->s.pause_ms, ms, sizeof(ms)) :
				   "no time",
		   full,
		   o->keep ? "is kept" :
			     "stays as what the next backup is compared to");
	return 0;
}

int
backup_of_domain(const struct cmd_args *args, struct err *err)
{
	struct protect_report *r = calloc(1, sizeof(*r));
	struct protect_opts *o = calloc(1, sizeof(*o));
	struct repo_key k;
	struct names n;
	int rc = -1;

	if (!r || !o) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (read_opts(args, &n, o, err))
		goto out;
	rc = repo_key_read(args, false, &k, err);
	o->backup.how.opener = k.opener;
	if (rc == 0)
		rc = job_protect(o, r, err);
	repo_key_done(&k);
	if (rc == 0) {
		progress_end();
		rc = opts_has(args, "json") ? tell_json(o, r, err) :
					      tell(o, r, err);
	}
out:
	if (r)
		backup_report_done(&r->backup);
	free(r);
	free(o);
	return rc;
}
