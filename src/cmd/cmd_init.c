/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_init.c - xensnap init REPO */
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "repo.h"
#include "repo_key.h"
#include "units.h"

/* @k: NULL for a dry run. */
static int
tell_json(const char *address, const struct repo_key *k, struct err *err)
{
	struct json_object *o = json_object_new_object();
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_add_str(o, "repository", address);
	if (k)
		json_object_object_add(o, "key_file_made",
				       json_object_new_boolean(k->made !=
							       NULL));
	else
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell(const char *address, const struct repo_key *k)
{
	print_line("made repository %s", address);
	if (k->made)
		print_line("made key file %s: without it nobody can read the "
			   "repository; keep a copy elsewhere",
			   k->made);
}

static int
chunk_of(const struct cmd_args *a, uint32_t *ret, struct err *err)
{
	const char *text = opts_value(a, "chunk-size");
	uint64_t bytes = 0;

	if (text &&
	    (units_parse_size(text, &bytes, err) || bytes > UINT32_MAX)) {
		err_set(err, ERR_INVALID, 0, "--chunk-size: no size: '%s'",
			text);
		return opts_usage(a->verb, err);
	}
	*ret = (uint32_t)bytes;
	return 0;
}

static int
dry_run(const struct cmd_args *a, uint32_t chunk, struct err *err)
{
	if (repo_may_init(a->args[0], chunk, err))
		return -1;
	if (opts_has(a, "json"))
		return tell_json(a->args[0], NULL, err);
	print_line("Would make repository %s", a->args[0]);
	return 0;
}

int
cmd_init(const struct cmd_args *args, struct err *err)
{
	const char *address = args->args[0];
	struct repo_key k;
	uint32_t chunk = 0;
	int rc;

	if (chunk_of(args, &chunk, err))
		return -1;
	if (opts_has(args, "dry-run"))
		return dry_run(args, chunk, err);
	/* Before a key file is made for nothing. */
	if (repo_may_init(address, chunk, err))
		return -1;
	rc = repo_key_read(args, true, &k, err);
	if (rc == 0)
		rc = repo_init(address, &k.opener, "first key", chunk, err);
	if (rc == 0 && opts_has(args, "json"))
		rc = tell_json(address, &k, err);
	else if (rc == 0)
		tell(address, &k);
	repo_key_done(&k);
	return rc;
}
