/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backup.c - xensnap backup [SNAPSHOT] REPO */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_json.h"
#include "cmd_backup.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "opts.h"
#include "press.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

/* ---- the command line ---- */

/* The standard input has no name and must be no terminal. */
static int
check_stdin(const struct cmd_args *a, struct err *err)
{
	if (!opts_has(a, "name"))
		return err_set(err, ERR_INVALID, 0,
			       "--disk - needs --name: what comes by the "
			       "standard input has none");
	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID, 0,
			       "the standard input is a terminal, no disk");
	return 0;
}

/* What only freezing a domain takes. */
static int
check_frozen(const struct cmd_args *a, struct err *err)
{
	static const char *const words[] = { "live", "stop", "cow-size", "copy",
					     "keep" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (opts_has(a, words[i]))
			return err_set(err, ERR_INVALID, 0,
				       "--%s is for a domain that runs: "
				       "`xensnap backup DOMAIN REPO`",
				       words[i]);
	return 0;
}

/* One source, in one of three ways. */
static int
read_source(const struct cmd_args *a, struct names *n, struct backup_opts *o,
	    struct err *err)
{
	o->config_file = opts_value(a, "config");
	o->disk = opts_value(a, "disk");
	if (opts_has(a, "disks-only") && a->n_args == 1)
		return err_set(err, ERR_INVALID, 0,
			       "--disks-only is for domains and snapshots: "
			       "nothing else has a memory");
	if (a->n_args == 2 && (o->config_file || o->disk))
		return err_set(err, ERR_INVALID, 0,
			       "'%s' and --%s: one of them is to be backed up",
			       a->args[0], o->disk ? "disk" : "config");
	if (a->n_args == 1 && !o->config_file && !o->disk)
		return err_set(err, ERR_INVALID, 0,
			       "nothing to back up: name a domain or a "
			       "snapshot, or give --config or --disk");
	if (o->n_skip && o->disk)
		return err_set(err, ERR_INVALID, 0,
			       "--skip-disk is for several disks, --disk is "
			       "one");
	if (o->disk && strcmp(o->disk, "-") == 0 && check_stdin(a, err))
		return -1;
	if (check_frozen(a, err))
		return -1;
	if (a->n_args == 1)
		return 0;
	if (names_snapshot(a, 0, n, err))
		return -1;
	o->domain = n->domain;
	o->snapshot = n->name;
	return 0;
}

static int
read_level(const struct cmd_args *a, struct backup_opts *o, struct err *err)
{
	const char *level = opts_value(a, "level");
	char *end;

	if (!level)
		return 0;
	o->level = (int)strtol(level, &end, 10);
	if (*end == '\0' && end != level && o->level >= 1 &&
	    o->level <= PRESS_LEVEL_MAX)
		return 0;
	return err_set(err, ERR_INVALID, 0, "--level is 1 to %d, not '%s'",
		       PRESS_LEVEL_MAX, level);
}

int
backup_read_opts(const struct cmd_args *a, struct backup_opts *o,
		 struct err *err)
{
	const char *skip = opts_value(a, "skip-disk");

	memset(o, 0, sizeof(*o));
	o->how.address = a->args[a->n_args - 1];
	o->how.accept_head = opts_has(a, "accept-head");
	o->name = opts_value(a, "name");
	o->dry_run = opts_has(a, "dry-run");
	o->no_base = opts_has(a, "no-base");
	o->disks_only = opts_has(a, "disks-only");
	o->read_back = opts_has(a, "read-back");
	o->progress = progress_tell;
	if (skip && names_skip(skip, o->skip, &o->n_skip, err))
		return -1;
	return read_level(a, o, err);
}

static int
read_opts(const struct cmd_args *a, struct names *n, struct backup_opts *o,
	  struct err *err)
{
	if (backup_read_opts(a, o, err) || read_source(a, n, o, err))
		return opts_usage(a->verb, err);
	return 0;
}

/* ---- what came of it ---- */

static const struct backup_disk *
images_of(const struct backup_report *r)
{
	return r->disks + r->n_disks;
}

static struct json_object *
disks_to_json(const struct backup_report *r, bool dry_run)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < r->n_disks; i++)
		json_object_array_add(all,
				      backup_disk_json(&r->disks[i], !dry_run));
	return all;
}

struct json_object *
backup_to_json(const struct backup_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * SESSION_ID + 1];

	if (!o) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
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
	json_object_object_add(o, "disks", disks_to_json(r, dry_run));
	if (r->memory)
		json_object_object_add(o, "memory",
				       backup_memory_json(images_of(r),
							  !dry_run));
	json_object_object_add(o, "seconds",
			       json_object_new_double(r->seconds));
	return o;
}

static int
tell_json(const struct backup_report *r, bool dry_run, struct err *err)
{
	struct json_object *o = backup_to_json(r, dry_run, err);
	int rc;

	if (!o)
		return -1;
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
tell_disks(const struct backup_report *r, bool dry_run, struct err *err)
{
	struct print_table t = { .n_columns = dry_run ? 4 : 6, .indent = 2 };
	char a[24];

	t.right = dry_run ? 1u << 2 : 1u << 2 | 1u << 3 | 1u << 4;
	print_cell(&t, "DISK");
	print_cell(&t, "FORMAT");
	print_cell(&t, "SIZE");
	if (!dry_run) {
		print_cell(&t, "READ");
		print_cell(&t, "NEW");
	}
	print_cell(&t, "SOURCE");
	for (unsigned int i = 0; i < r->n_disks; i++) {
		const struct backup_disk *d = &r->disks[i];

		print_cell(&t, "%s", d->vdev);
		print_cell(&t, "%s", d->format);
		print_cell(&t, "%s", units_size(d->bytes, a, sizeof(a)));
		if (!dry_run) {
			print_cell(&t, "%s",
				   units_size(d->read_bytes, a, sizeof(a)));
			print_cell(&t, "%s",
				   units_size(d->changed_bytes, a, sizeof(a)));
		}
		print_cell(&t, "%s", d->source);
	}
	return print_table(&t, err);
}

/* What of it was read, and why. */
static void
tell_how(const struct backup_disk *d, const char *name)
{
	print_line("  %s%s%s: %s", name, *name ? ": " : "",
		   d->how == HOW_CHANGES ? "read what changed" :
					   "read as a whole",
		   d->why);
}

int
backup_tell(const struct backup_opts *o, const struct backup_report *r,
	    struct err *err)
{
	char hex[2 * SESSION_ID + 1], a[24], b[24], c[24], d[24];

	hex_text(r->session, SESSION_ID, hex);
	if (o->dry_run) {
		print_line("Would back up %s to %s", r->name, o->how.address);
	} else {
		print_line("%s backed up, session %.8s", r->name, hex);
		print_line("  %s, %s read, %s new, %s stored, %.1f s",
			   units_size(r->bytes, a, sizeof(a)),
			   units_size(r->read_bytes, b, sizeof(b)),
			   units_size(r->new_bytes, c, sizeof(c)),
			   units_size(r->stored_bytes, d, sizeof(d)),
			   r->seconds);
	}
	if (r->memory && o->dry_run)
		print_line("  with its memory");
	else if (r->memory)
		print_line("  memory: %s read, %s new",
			   units_size(r->memory_bytes, a, sizeof(a)),
			   units_size(backup_memory_new(images_of(r)), b,
				      sizeof(b)));
	if (o->disk && !o->dry_run)
		tell_how(&r->disks[0], "");
	else if (tell_disks(r, o->dry_run, err))
		return -1;
	for (unsigned int i = 0; !o->disk && !o->dry_run && i < r->n_disks; i++)
		tell_how(&r->disks[i], r->disks[i].vdev);
	return 0;
}

/* Alone, and without a snapshot's name. */
static bool
is_domain(const struct cmd_args *a)
{
	return a->n_args == 2 && !opts_value(a, "config") &&
	       !opts_value(a, "disk") && !strchr(a->args[0], '@');
}

/* What only the jobs take; and a repository, which only they know. */
static int
check_one(const struct cmd_args *a, struct err *err)
{
	static const char *const words[] = { "due", "job", "jobs", "metrics" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (opts_has(a, words[i]))
			return err_set(err, ERR_INVALID, 0, "--%s is for --all",
				       words[i]);
	if (a->n_args == 0)
		return err_set(err, ERR_INVALID, 0, "REPO is missing");
	return 0;
}

int
cmd_backup(const struct cmd_args *args, struct err *err)
{
	struct backup_report r = { .disks = NULL };
	struct backup_opts o;
	struct repo_key k;
	struct names n;
	int rc;

	if (opts_has(args, "all"))
		return backup_all(args, err);
	if (check_one(args, err))
		return opts_usage(args->verb, err);
	if (is_domain(args))
		return backup_of_domain(args, err);
	if (read_opts(args, &n, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_backup(&o, &r, err);
	repo_key_done(&k);
	if (rc == 0) {
		progress_end();
		rc = opts_has(args, "json") ? tell_json(&r, o.dry_run, err) :
					      backup_tell(&o, &r, err);
	}
	backup_report_done(&r);
	return rc;
}
