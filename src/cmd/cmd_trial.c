/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_trial.c - xensnap verify --boot REPO [BACKUP] */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "group.h"
#include "hex.h"
#include "job_trial.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

#define SECONDS 30   /* that it has to run for */
#define PATIENCE 300 /* until a sign comes */
#define SECONDS_MAX 86400

static int
read_seconds(const struct cmd_args *a, struct trial_opts *o, struct err *err)
{
	const char *text = opts_value(a, "seconds");
	size_t digits;

	o->sign.seconds = o->sign.console || o->sign.node ? PATIENCE : SECONDS;
	if (!text)
		return 0;
	digits = strspn(text, "0123456789");
	o->sign.seconds = digits >= 1 && digits <= 5 && !text[digits] ?
				  (unsigned int)atoi(text) :
				  0;
	if (o->sign.seconds >= 1 && o->sign.seconds <= SECONDS_MAX)
		return 0;
	return err_set(err, ERR_INVALID, 0, "--seconds: '%s' is not 1 to %d",
		       text, SECONDS_MAX);
}

static int
check_together(const struct cmd_args *a, const struct trial_opts *o,
	       struct err *err)
{
	if (opts_has(a, "data") || opts_has(a, "against"))
		return err_set(err, ERR_INVALID, 0,
			       "--boot and --%s: one at a time",
			       opts_has(a, "data") ? "data" : "against");
	if (!o->vg && !o->dir)
		return err_set(err, ERR_INVALID, 0,
			       "--boot: --create-lv or --to says where its "
			       "disks are meanwhile");
	if (o->vg && o->dir)
		return err_set(err, ERR_INVALID, 0,
			       "--to and --create-lv exclude each other");
	if (o->sign.console && o->sign.node)
		return err_set(err, ERR_INVALID, 0,
			       "--console and --xenstore exclude each other");
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct group *g, struct trial_opts *o,
	  struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->how.salvage = true;
	o->backup = a->n_args > 1 ? a->args[1] : "latest";
	o->dir = opts_value(a, "to");
	o->disks_only = opts_has(a, "disks-only");
	o->trust_config = opts_has(a, "trust-config");
	o->sign.console = opts_value(a, "console");
	o->sign.node = opts_value(a, "xenstore");
	o->progress = progress_tell;
	if (group_parse(opts_value(a, "create-lv"), g, err))
		return opts_usage(a->verb, err);
	o->vg = g->vg;
	o->pool = g->pool;
	if (check_together(a, o, err) || read_seconds(a, o, err))
		return opts_usage(a->verb, err);
	return 0;
}

static int
tell_json(const struct trial_report *r, struct err *err)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * SESSION_ID + 1];
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	hex_text(r->session, SESSION_ID, hex);
	json_add_str(o, "backup", r->name);
	json_add_str(o, "session", hex);
	json_add_str(o, "domain", r->domain);
	json_object_object_add(o, "memory", json_object_new_boolean(r->memory));
	json_object_object_add(o, "lives",
			       json_object_new_boolean(r->sign.lives));
	json_add_str(o, "sign", r->sign.what);
	json_object_object_add(o, "sign_seconds",
			       json_object_new_double(r->sign.seconds));
	json_add_u64(o, "bytes", r->bytes);
	json_object_object_add(o, "seconds",
			       json_object_new_double(r->seconds));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const struct trial_report *r)
{
	char size[24];

	print_line("%s: %s in %.1f s, %s", r->name,
		   r->memory ? "restored with its memory" : "booted",
		   r->seconds, units_size(r->bytes, size, sizeof(size)));
	print_line("  %s after %.1f s: %s",
		   r->sign.lives ? "it lives" : "it DOES NOT live",
		   r->sign.seconds, r->sign.what);
}

int
cmd_trial(const struct cmd_args *args, struct err *err)
{
	struct trial_report r;
	struct trial_opts o;
	struct repo_key k;
	struct group g;
	int rc;

	if (read_opts(args, &g, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_trial(&o, &r, err);
	repo_key_done(&k);
	if (rc)
		return -1;
	progress_end();
	if (!opts_has(args, "json"))
		tell(&r);
	else if (tell_json(&r, err))
		return -1;
	return r.sign.lives ? CMD_DONE : CMD_FAILED;
}
