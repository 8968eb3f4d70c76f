/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_diff.c - xensnap diff SNAPSHOT SNAPSHOT */
#include <inttypes.h>
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

struct telling {
	bool ranges;
	struct json_object *all; /* of --json: {"xvda": [[offset, bytes]]} */
};

/* ---- ranges ---- */

static int
keep_range(struct json_object *all, const char *vdev, uint64_t offset,
	   uint64_t bytes, struct err *err)
{
	struct json_object *list, *pair = json_object_new_array_ext(2);

	if (!json_object_object_get_ex(all, vdev, &list)) {
		list = json_object_new_array();
		json_object_object_add(all, vdev, list);
	}
	if (list && pair &&
	    json_object_array_add(pair, json_object_new_uint64(offset)) == 0 &&
	    json_object_array_add(pair, json_object_new_uint64(bytes)) == 0 &&
	    json_object_array_add(list, pair) == 0)
		return 0;
	json_object_put(pair);
	return err_set(err, ERR_NOMEM, 0, "out of memory");
}

static int
tell_range(const char *vdev, uint64_t offset, uint64_t bytes, void *ctx,
	   struct err *err)
{
	struct telling *t = ctx;

	if (t->all)
		return keep_range(t->all, vdev, offset, bytes, err);
	progress_end();
	print_line("%s %" PRIu64 " %" PRIu64, vdev, offset, bytes);
	return 0;
}

/* ---- JSON ---- */

static struct json_object *
disk_json(const struct diff_disk *d, const struct telling *t)
{
	struct json_object *o = json_object_new_object(), *list;

	json_add_str(o, "vdev", d->vdev);
	json_object_object_add(o, "in_a", json_object_new_boolean(d->in_a));
	json_object_object_add(o, "in_b", json_object_new_boolean(d->in_b));
	if (!d->in_a || !d->in_b)
		return o;
	json_add_str(o, "format", d->format);
	json_add_u64(o, "a_bytes", d->a_bytes);
	json_add_u64(o, "b_bytes", d->b_bytes);
	json_add_u64(o, "differ_bytes", d->differ_bytes);
	json_add_u64(o, "differ_ranges", d->n_ranges);
	json_add_u64(o, "read_bytes", d->read_bytes);
	json_object_object_add(o, "by_table",
			       json_object_new_boolean(d->by_table));
	json_add_str(o, "how", d->how);
	if (t->ranges) {
		if (json_object_object_get_ex(t->all, d->vdev, &list))
			json_object_get(list);
		else
			list = json_object_new_array();
		json_object_object_add(o, "ranges", list);
	}
	return o;
}

static int
tell_json(const struct diff_report *r, const char *const names[2],
	  const struct telling *t, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	int rc;

	if (!o || !disks) {
		json_object_put(o);
		json_object_put(disks);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	json_add_str(o, "a", names[0]);
	json_add_str(o, "b", names[1]);
	json_object_object_add(o, "same", json_object_new_boolean(r->same));
	for (unsigned int i = 0; i < r->n_disks; i++)
		json_object_array_add(disks, disk_json(&r->disks[i], t));
	json_object_object_add(o, "disks", disks);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* ---- text ---- */

static void
tell_disk(const struct diff_disk *d, const char *const names[2], bool tables)
{
	char a[24], b[24];

	if (!d->in_a || !d->in_b) {
		print_line("%s: only %s has it", d->vdev, names[!d->in_a]);
		return;
	}
	if (d->differ_bytes == 0)
		print_line("%s: the same, %s", d->vdev,
			   units_size(d->a_bytes, a, sizeof(a)));
	else
		print_line("%s: %s of %s %s, in %" PRIu64 " %s", d->vdev,
			   units_size(d->differ_bytes, a, sizeof(a)),
			   units_size(d->a_bytes > d->b_bytes ? d->a_bytes :
								d->b_bytes,
				      b, sizeof(b)),
			   tables ? "may differ" : "differ", d->n_ranges,
			   d->n_ranges == 1 ? "place" : "places");
	print_line("  %s: %s",
		   d->by_table ? "by the storage" :
		   tables      ? "the storage cannot tell where" :
				 "all of it was read",
		   d->how);
}

static int
tell(const struct diff_report *r, const char *const names[2], bool tables,
     bool after_ranges)
{
	if (after_ranges)
		print_line("%s", "");
	for (unsigned int i = 0; i < r->n_disks; i++)
		tell_disk(&r->disks[i], names, tables);
	print_line("%s and %s: %s", names[0], names[1],
		   r->same ? "the same disks" :
		   tables  ? "their disks may differ" :
			     "their disks differ");
	return 0;
}

int
cmd_diff(const struct cmd_args *args, struct err *err)
{
	const char *const names[2] = { args->args[0], args->args[1] };
	struct names a, b;
	struct snapshot_id ids[2] = { { a.domain, a.name },
				      { b.domain, b.name } };
	struct telling t = { .ranges = opts_has(args, "ranges") };
	struct diff_opts o = {
		.a = &ids[0],
		.b = &ids[1],
		.vdev = opts_value(args, "disk"),
		.tables = opts_has(args, "tables"),
		.range = t.ranges ? tell_range : NULL,
		.range_ctx = &t,
		.progress = progress_tell,
	};
	struct diff_report *r;
	int rc = -1;

	if (names_snapshot(args, 0, &a, err) ||
	    names_snapshot(args, 1, &b, err))
		return opts_usage(args->verb, err);
	r = calloc(1, sizeof(*r));
	if (opts_has(args, "json"))
		t.all = json_object_new_object();
	if (!r || (opts_has(args, "json") && !t.all))
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else
		rc = job_diff(&o, r, err);
	if (rc == 0) {
		progress_end();
		rc = t.all ? tell_json(r, names, &t, err) :
			     tell(r, names, o.tables, t.ranges);
	}
	json_object_put(t.all);
	free(r);
	return rc;
}
