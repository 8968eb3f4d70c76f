/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_compare.c - xensnap verify REPO [BACKUP] --against SOURCE */
#include <string.h>

#include "cmd.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

static int
tell_json(const struct compare_report *r, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	char hex[2 * SESSION_ID + 1];
	int rc;

	if (!o || !disks)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	hex_text(r->session, SESSION_ID, hex);
	json_add_str(o, "backup", r->name);
	json_add_str(o, "session", hex);
	json_object_object_add(o, "same", json_object_new_boolean(!r->differs));
	for (unsigned int i = 0; i < r->n_disks; i++) {
		const struct compared *c = &r->disks[i];
		struct json_object *d = json_object_new_object();

		json_add_str(d, "vdev", c->vdev);
		json_object_object_add(
			d, "same",
			json_object_new_boolean(compared_is_same(c)));
		json_add_u64(d, "bytes", c->bytes);
		json_add_u64(d, "source_bytes", c->with_bytes);
		json_add_u64(d, "different_bytes", c->other_bytes);
		if (c->other_bytes)
			json_add_u64(d, "first_difference", c->first_other);
		json_object_array_add(disks, d);
	}
	json_object_object_add(o, "disks", disks);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell_disk(const struct compared *c)
{
	char a[24], b[24];

	if (c->is_missing)
		print_line("%s: the source has no such disk", c->vdev);
	else if (c->with_bytes != c->bytes)
		print_line("%s: has %s, the source's %s", c->vdev,
			   units_size(c->bytes, a, sizeof(a)),
			   units_size(c->with_bytes, b, sizeof(b)));
	else if (c->other_bytes)
		print_line("%s: %s in chunks that are not the same, the first "
			   "at byte %llu",
			   c->vdev, units_size(c->other_bytes, a, sizeof(a)),
			   (unsigned long long)c->first_other);
	else
		print_line("%s: the same, %s", c->vdev,
			   units_size(c->data_bytes, a, sizeof(a)));
}

static int
tell(const struct compare_report *r, const char *against, struct err *err)
{
	char hex[2 * SESSION_ID + 1];

	hex_text(r->session, SESSION_ID, hex);
	for (unsigned int i = 0; i < r->n_disks; i++)
		tell_disk(&r->disks[i]);
	(void)err;
	print_line("Backup %s, session %.8s, is %swhat %s is now", r->name, hex,
		   r->differs ? "not " : "", against);
	return 0;
}

/* A path has a slash in it, a snapshot an '@'. */
static int
read_opts(const struct cmd_args *a, struct names *n, struct compare_opts *o,
	  struct err *err)
{
	const char *against = opts_value(a, "against");

	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->how.salvage = true;
	o->backup = a->n_args > 1 ? a->args[1] : NULL;
	o->progress = progress_tell;
	if (strchr(against, '/')) {
		o->disk = against;
		return 0;
	}
	if (snapshot_split_name(against, true, n->domain, n->name, err)) {
		err_more(err, "--against wants a snapshot, DOMAIN@NAME, or the "
			      "path of a disk with a slash in it");
		return opts_usage(a->verb, err);
	}
	o->domain = n->domain;
	o->snapshot = n->name;
	return 0;
}

int
cmd_compare(const struct cmd_args *args, struct err *err)
{
	struct compare_report r;
	struct compare_opts o;
	struct repo_key k;
	struct names n;
	int rc;

	if (opts_has(args, "data")) {
		err_set(err, ERR_INVALID, 0,
			"--data reads the repository, --against the source: "
			"one at a time");
		return opts_usage(args->verb, err);
	}
	if (read_opts(args, &n, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_compare(&o, &r, err);
	repo_key_done(&k);
	if (rc)
		return -1;
	progress_end();
	rc = opts_has(args, "json") ?
		     tell_json(&r, err) :
		     tell(&r, opts_value(args, "against"), err);
	return rc == 0 && r.differs ? CMD_FAILED : rc;
}
