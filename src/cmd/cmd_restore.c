/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_restore.c - xensnap restore REPO BACKUP */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "group.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "network.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

/* ---- the command line ---- */

static int
read_maps(const struct cmd_args *a, struct restore_opts *o, struct err *err)
{
	const char *text;

	for (; (text = opts_value_at(a, "map", o->n_maps)); o->n_maps++) {
		struct restore_map *m = &o->maps[o->n_maps];
		size_t len = strcspn(text, "=");

		if (len == 0 || len >= sizeof(m->vdev) || !text[len] ||
		    !text[len + 1])
			return err_set(err, ERR_INVALID, 0,
				       "--map is VDEV=PATH, not '%s'", text);
		memcpy(m->vdev, text, len);
		m->to = text + len + 1;
	}
	return 0;
}

static int
check_stdout(const struct cmd_args *a, struct restore_opts *o, struct err *err)
{
	if (opts_has(a, "json") && !o->dry_run)
		return err_set(err, ERR_INVALID, 0,
			       "--json would be in the middle of the disk");
	if (o->in_place)
		return err_set(err, ERR_INVALID, 0,
			       "--in-place: the standard output holds nothing");
	if (!o->dry_run && isatty(STDOUT_FILENO))
		return err_set(err, ERR_INVALID, 0,
			       "the standard output is a terminal, no place "
			       "for a disk");
	o->to_fd = STDOUT_FILENO;
	return 0;
}

static int
check_together(const struct cmd_args *a, struct restore_opts *o,
	       struct err *err)
{
	if (!o->to && !o->n_maps && !o->vg)
		return err_set(err, ERR_INVALID, 0,
			       "--to is missing (or --map, or --create-lv)");
	if (o->to && (o->n_maps || o->vg))
		return err_set(err, ERR_INVALID, 0,
			       "--to and --%s exclude each other",
			       o->n_maps ? "map" : "create-lv");
	if (o->vdev && !o->to)
		return err_set(err, ERR_INVALID, 0,
			       "--disk is for --to; --map names its disk "
			       "itself");
	return o->to && strcmp(o->to, "-") == 0 ? check_stdout(a, o, err) : 0;
}

static int
read_start(const struct cmd_args *a, struct restore_opts *o, struct err *err)
{
	static const char *const with[] = { "as", "network", "trust-config" };
	const char *network = opts_value(a, "network");

	o->disks_only = opts_has(a, "disks-only");
	o->start = opts_has(a, "start");
	o->as = opts_value(a, "as");
	o->trust_config = opts_has(a, "trust-config");
	network_parse(network || o->as ? network : "keep", &o->network);
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		if (!o->start && opts_has(a, with[i]))
			return err_set(err, ERR_INVALID, 0,
				       "--%s is for --start", with[i]);
	if (o->start && o->to && strcmp(o->to, "-") == 0)
		return err_set(err, ERR_INVALID, 0,
			       "--start: no domain runs on the standard "
			       "output");
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct group *g, struct restore_opts *o,
	  struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->how.salvage = true;
	o->backup = a->args[1];
	o->vdev = opts_value(a, "disk");
	o->to = opts_value(a, "to");
	o->in_place = opts_has(a, "in-place");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (group_parse(opts_value(a, "create-lv"), g, err))
		return opts_usage(a->verb, err);
	o->vg = g->vg;
	o->pool = g->pool;
	if (read_maps(a, o, err) || read_start(a, o, err) ||
	    check_together(a, o, err))
		return opts_usage(a->verb, err);
	return 0;
}

/* ---- what came of it ---- */

static struct json_object *
disks_to_json(const struct restore_report *r)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < r->n_disks; i++) {
		const struct restore_disk *d = &r->disks[i];
		struct json_object *o = json_object_new_object();

		json_add_str(o, "vdev", d->vdev);
		json_add_str(o, "to", d->to);
		json_add_u64(o, "bytes", d->bytes);
		json_add_u64(o, "written_bytes", d->written_bytes);
		json_add_u64(o, "kept_bytes", d->kept_bytes);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *
files_to_json(const struct restore_report *r)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < r->n_files; i++)
		json_object_array_add(all, json_object_new_string(r->files[i]));
	return all;
}

static struct json_object *
left_to_json(const struct xl_safe_left *left)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < left->n; i++)
		json_object_array_add(all,
				      json_object_new_string(left->what[i]));
	return all;
}

static void
add_start(struct json_object *o, const struct restore_report *r)
{
	json_add_str(o, "domain", r->domain);
	json_add_str(o, "uuid", r->uuid);
	json_add_str(o, "config", r->config);
	json_object_object_add(o, "memory", json_object_new_boolean(r->memory));
	json_object_object_add(o, "left_out", left_to_json(&r->left));
	json_add_u64(o, "left_out_more", r->left.n_more);
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
	if (opts->to)
		json_add_str(o, "to", opts->to);
	if (opts->dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	json_add_u64(o, "bytes", r->bytes);
	json_add_u64(o, "written_bytes", r->written_bytes);
	json_add_u64(o, "kept_bytes", r->kept_bytes);
	json_object_object_add(o, "disks", disks_to_json(r));
	json_object_object_add(o, "files", files_to_json(r));
	if (opts->start)
		add_start(o, r);
	json_object_object_add(o, "seconds",
			       json_object_new_double(r->seconds));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell_start(const struct restore_opts *o, const struct restore_report *r)
{
	const char *how = r->memory ? "goes on from that instant" :
				      "boots from its disks";

	if (o->dry_run) {
		print_line("would be: %s %s", r->domain, how);
		return;
	}
	print_line("%s, uuid %s, %s", r->domain, r->uuid, how);
	print_line("  config  %s", r->config);
	if (o->network.kind == NETWORK_NONE)
		print_line("  It has no network card: --network gives it "
			   "some.");
}

static void
tell(const struct restore_opts *o, const struct restore_report *r)
{
	char a[24], b[24];

	for (unsigned int i = 0; i < r->n_disks; i++) {
		const struct restore_disk *d = &r->disks[i];

		print_line("%s%s: %s restored to %s",
			   o->dry_run ? "would be: " : "", r->name, d->vdev,
			   d->to);
		if (!o->dry_run)
			print_line("  %s, %s written",
				   units_size(d->bytes, a, sizeof(a)),
				   units_size(d->written_bytes, b, sizeof(b)));
	}
	for (unsigned int i = 0; i < r->n_files; i++)
		print_line("%s %s", i ? "    and" : "Beside:", r->files[i]);
	if (o->start)
		tell_start(o, r);
	if (!o->dry_run)
		print_line("In %.1f s", r->seconds);
}

int
cmd_restore(const struct cmd_args *args, struct err *err)
{
	struct restore_report r = { .disks = NULL };
	struct group g = { .vg = NULL };
	struct restore_opts o;
	struct repo_key k;
	int rc;

	if (read_opts(args, &g, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_restore(&o, &r, err);
	repo_key_done(&k);
	if (rc == 0) {
		progress_end();
		if (opts_has(args, "json"))
			rc = tell_json(&o, &r, err);
		else if (o.dry_run || !o.to || strcmp(o.to, "-") != 0)
			tell(&o, &r);
	}
	restore_report_done(&r);
	return rc;
}
