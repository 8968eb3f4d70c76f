/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_revert.c - xensnap revert SNAPSHOT */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "job.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "units.h"

static int
tell_json(const struct revert_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	char full[NAMES_FULL_MAX];
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	names_full(r->to.domain, r->to.name, full);
	json_add_str(o, "snapshot", full);
	if (dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	if (r->before[0]) {
		names_full(r->to.domain, r->before, full);
		json_add_str(o, "before", full);
	}
	json_object_object_add(o, "memory", json_object_new_boolean(r->memory));
	json_object_object_add(o, "started",
			       json_object_new_boolean(r->started));
	json_add_u64(o, "disks", r->n_disks);
	json_add_u64(o, "written_bytes", r->written_bytes);
	json_add_ms(o, "away_ms", r->away_ms);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
tell(const struct revert_report *r)
{
	char full[NAMES_FULL_MAX], size[24], ms[24];

	print_line("%s is what it was at %s%s", r->to.domain,
		   names_full(r->to.domain, r->to.name, full),
		   r->memory  ? ", and goes on from there" :
		   r->started ? ", and boots" :
				"; it does not run, as then");
	print_line("%s", "");
	print_line("Written %s to %u disk%s",
		   units_size(r->written_bytes, size, sizeof(size)), r->n_disks,
		   units_s(r->n_disks));
	if (r->started)
		print_line("Away    %s", units_ms(r->away_ms, ms, sizeof(ms)));
	if (!r->before[0])
		return 0;
	names_full(r->to.domain, r->before, full);
	print_line("Before  %s", full);
	print_line("%s", "");
	print_line("Next:   xensnap revert %s   (and all is as it was)", full);
	print_line("        xensnap delete %s", full);
	return 0;
}

static int
tell_dry(const struct revert_report *r)
{
	char full[NAMES_FULL_MAX];

	if (r->before[0])
		print_line("Would keep the present as %s",
			   names_full(r->to.domain, r->before, full));
	print_line("Would revert %s to %s", r->to.domain,
		   names_full(r->to.domain, r->to.name, full));
	return 0;
}

int
cmd_revert(const struct cmd_args *args, struct err *err)
{
	struct revert_opts o = {
		.disks_only = opts_has(args, "disks-only"),
		.no_keep = opts_has(args, "no-keep"),
		.dry_run = opts_has(args, "dry-run"),
		.progress = progress_tell,
	};
	struct revert_report r;
	struct snapshot_id to;
	struct names n;

	if (names_snapshot(args, 0, &n, err))
		return opts_usage(args->verb, err);
	to.domain = n.domain;
	to.name = n.name;
	if (job_revert(&to, &o, &r, err))
		return -1;
	progress_end();
	if (opts_has(args, "json"))
		return tell_json(&r, o.dry_run, err);
	return o.dry_run ? tell_dry(&r) : tell(&r);
}
