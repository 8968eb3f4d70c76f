/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_export.c - xensnap export SNAPSHOT DIR|- */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "units.h"

/* To a pipe goes one disk, as it is. */
static int
check_stdout(const struct cmd_args *a, struct err *err)
{
	const char *format = opts_value(a, "format");

	if (!opts_has(a, "disk"))
		return err_set(err, ERR_INVALID, 0,
			       "\"-\" takes one disk: say which with --disk");
	if (format && strcmp(format, "raw") != 0)
		return err_set(err, ERR_INVALID, 0,
			       "\"-\" takes a raw disk; %s needs a folder",
			       format);
	if (opts_has(a, "json"))
		return err_set(err, ERR_INVALID, 0,
			       "--json would be in the middle of the disk");
	if (!opts_has(a, "dry-run") && isatty(STDOUT_FILENO))
		return err_set(err, ERR_INVALID, 0,
			       "the standard output is a terminal, no place "
			       "for a disk");
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct names *n, struct export_opts *o,
	  struct err *err)
{
	const char *format = opts_value(a, "format");

	memset(o, 0, sizeof(*o));
	o->format = format && strcmp(format, "qcow2") == 0 ? EXPORT_QCOW2 :
							     EXPORT_RAW;
	o->no_sums = opts_has(a, "no-sums");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (names_snapshot(a, 0, n, err))
		return opts_usage(a->verb, err);
	if (strcmp(a->args[1], "-") == 0) {
		if (check_stdout(a, err))
			return opts_usage(a->verb, err);
	} else if (opts_has(a, "disk")) {
		err_set(err, ERR_INVALID, 0,
			"--disk writes to the standard output: \"-\", not '%s'",
			a->args[1]);
		return opts_usage(a->verb, err);
	}
	if (!a->args[1][0]) {
		err_set(err, ERR_INVALID, 0, "DIR is empty");
		return opts_usage(a->verb, err);
	}
	return 0;
}

static struct json_object *
file_to_json(const struct export_file *f)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(f->name));
	json_object_object_add(o, "bytes", json_object_new_uint64(f->bytes));
	json_object_object_add(o, "data_bytes",
			       json_object_new_uint64(f->data_bytes));
	if (f->sha256[0])
		json_object_object_add(o, "sha256",
				       json_object_new_string(f->sha256));
	return o;
}

static int
tell_json(const char *full, const char *dir, const struct export_report *r,
	  bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *files = json_object_new_array();
	int rc;

	if (!o || !files) {
		json_object_put(o);
		json_object_put(files);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	json_object_object_add(o, "snapshot", json_object_new_string(full));
	json_object_object_add(o, "dir", json_object_new_string(dir));
	if (dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	for (unsigned int i = 0; i < r->n_files; i++)
		json_object_array_add(files, file_to_json(&r->files[i]));
	json_object_object_add(o, "files", files);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
tell(const char *full, const struct export_report *r, struct err *err)
{
	struct print_table t = { .n_columns = 3,
				 .right = 1u << 1 | 1u << 2,
				 .indent = 2 };
	char a[16], b[16];

	print_line("%s exported to %s", full, r->dir);
	print_line("%s", "");
	print_cell(&t, "FILE");
	print_cell(&t, "SIZE");
	print_cell(&t, "DATA");
	for (unsigned int i = 0; i < r->n_files; i++) {
		print_cell(&t, "%s", r->files[i].name);
		print_cell(&t, "%s",
			   units_size(r->files[i].bytes, a, sizeof(a)));
		print_cell(&t, "%s",
			   units_size(r->files[i].data_bytes, b, sizeof(b)));
	}
	if (print_table(&t, err))
		return -1;
	print_line("%s", "");
	print_line("Next, from this folder:");
	if (r->n_files > 0 && r->files[0].sha256[0])
		print_line("  sha256sum -c SHA256SUMS");
	if (r->config)
		print_line(r->memory ? "  xl restore domain.cfg memory.xl" :
				       "  xl create domain.cfg");
	return 0;
}

static int
tell_dry(const char *full, const char *dir)
{
	print_line("Would export %s to %s", full, dir);
	return 0;
}

static int
export_to_dir(const struct cmd_args *a, const struct names *n,
	      const struct export_opts *o, struct err *err)
{
	struct export_report *r = calloc(1, sizeof(*r));
	char full[NAMES_FULL_MAX];
	const char *dir = a->args[1];
	int rc = -1;

	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (job_export(n->domain, n->name, dir, o, r, err))
		goto out;
	progress_end();
	names_full(n->domain, n->name, full);
	if (opts_has(a, "json"))
		rc = tell_json(full, r->dir[0] ? r->dir : dir, r, o->dry_run,
			       err);
	else if (o->dry_run)
		rc = tell_dry(full, dir);
	else
		rc = tell(full, r, err);
out:
	free(r);
	return rc;
}

int
cmd_export(const struct cmd_args *args, struct err *err)
{
	const char *vdev = opts_value(args, "disk");
	struct export_opts o;
	struct names n;

	if (read_opts(args, &n, &o, err))
		return -1;
	if (vdev)
		return job_export_disk(n.domain, n.name, vdev, STDOUT_FILENO,
				       &o, err);
	return export_to_dir(args, &n, &o, err);
}
