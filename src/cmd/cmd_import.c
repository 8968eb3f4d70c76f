/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_import.c - xensnap import DIR [DOMAIN[@NAME]] */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "job_import.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "units.h"

/* "xvda=/dev/vg/web1" */
static int
read_place(const char *text, struct import_opts *o, struct err *err)
{
	const char *path = strchr(text, '=');
	struct import_place *p = &o->places[o->n_places];
	size_t len = path ? (size_t)(path - text) : 0;

	if (!len || !path[1] || len >= sizeof(p->vdev))
		return err_set(err, ERR_INVALID, 0,
			       "--disk takes VDEV=PATH, not '%s'", text);
	if (path[1] != '/')
		return err_set(err, ERR_INVALID, 0,
			       "--disk %s: the path must begin with a slash",
			       text);
	if (o->n_places == DOMAIN_DISKS_MAX)
		return err_set(err, ERR_INVALID, 0, "too many --disk");
	memcpy(p->vdev, text, len);
	p->vdev[len] = '\0';
	p->path = path + 1;
	for (unsigned int i = 0; i < o->n_places; i++)
		if (strcmp(o->places[i].vdev, p->vdev) == 0)
			return err_set(err, ERR_INVALID, 0,
				       "--disk says twice where %s is",
				       p->vdev);
	o->n_places++;
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct names *n, struct import_opts *o,
	  struct err *err)
{
	const char *text;

	memset(n, 0, sizeof(*n));
	o->dir = a->args[0];
	o->domain = n->domain;
	o->name = n->name;
	o->trust_config = opts_has(a, "trust-config");
	o->need_sums = opts_has(a, "need-sums");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (!o->dir[0])
		return err_set(err, ERR_INVALID, 0, "DIR is empty");
	for (unsigned int i = 0; (text = opts_value_at(a, "disk", i)); i++)
		if (read_place(text, o, err))
			return -1;
	return a->n_args < 2 ? 0 :
			       snapshot_split_name(a->args[1], false, n->domain,
						   n->name, err);
}

static int
tell_json(const struct import_opts *o, const struct import_report *r,
	  struct err *err)
{
	struct json_object *out = snapshot_to_json(&r->s, err);
	struct json_object *left = json_object_new_array();
	int rc;

	if (!out || !left) {
		json_object_put(out);
		json_object_put(left);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	json_add_str(out, "dir", o->dir);
	json_object_object_add(out, "sums", json_object_new_boolean(r->sums));
	for (unsigned int i = 0; i < r->left.n; i++)
		json_object_array_add(left,
				      json_object_new_string(r->left.what[i]));
	json_object_object_add(out, "left_out", left);
	json_add_u64(out, "left_out_more", r->left.n_more);
	if (o->dry_run)
		json_object_object_add(out, "dry_run",
				       json_object_new_boolean(true));
	rc = print_json(out, err);
	json_object_put(out);
	return rc;
}

/* The first disk that has no place here, or NULL. */
static const char *
without_place(const struct snapshot *s)
{
	for (unsigned int i = 0; i < s->n_disks; i++)
		if (!s->disks[i].view.source[0])
			return s->disks[i].vdev;
	return NULL;
}

static int
tell(const struct import_opts *o, const struct import_report *r)
{
	const struct snapshot *s = &r->s;
	const char *vdev = without_place(s);
	char full[NAMES_FULL_MAX], size[24];

	names_full(s->domain, s->name, full);
	if (o->dry_run) {
		print_line("Would import %s as %s", o->dir, full);
		return 0;
	}
	print_line("%s imported from %s", full, o->dir);
	print_line("%s", "");
	print_line("Memory  %s",
		   snapshot_has_memory(s->mode) ?
			   units_size(s->memory_bytes, size, sizeof(size)) :
			   "none");
	for (unsigned int i = 0; i < s->n_disks; i++)
		print_line("Disk    %s, %s, %s", s->disks[i].vdev,
			   units_size(s->disks[i].view.bytes, size,
				      sizeof(size)),
			   s->disks[i].format);
	print_line("%s", "");
	print_line("Next:   xensnap show %s", full);
	if (vdev)
		print_line("        (no revert: where %s belongs on this host "
			   "was not said, see --disk)",
			   vdev);
	else if (s->n_disks)
		print_line("        xensnap revert %s", full);
	return 0;
}

int
cmd_import(const struct cmd_args *args, struct err *err)
{
	struct import_report *r;
	struct import_opts *o;
	struct names n;
	int rc = -1;

	r = calloc(1, sizeof(*r));
	o = calloc(1, sizeof(*o));
	if (!r || !o)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else if (read_opts(args, &n, o, err))
		opts_usage(args->verb, err);
	else
		rc = job_import(o, r, err);
	if (rc == 0) {
		progress_end();
		rc = opts_has(args, "json") ? tell_json(o, r, err) : tell(o, r);
	}
	free(o);
	free(r);
	return rc;
}
