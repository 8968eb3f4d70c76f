/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_init.c - xensnap init REPO */
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "opts.h"
#include "print.h"
#include "repo.h"
#include "repo_key.h"
#include "units.h"

static int
tell(const struct cmd_args *a, const struct repo_key *k, struct err *err)
{
	struct json_object *o;
	int rc;

	if (!opts_has(a, "json")) {
		print_line("made repository %s", a->args[0]);
		if (k->made)
			print_line("made key file %s: without it nobody can "
				   "read the repository; keep a copy elsewhere",
				   k->made);
		return 0;
	}
	o = json_object_new_object();
	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_object_add(o, "repository",
			       json_object_new_string(a->args[0]));
	json_object_object_add(o, "key_file_made",
			       json_object_new_boolean(k->made != NULL));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
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

int
cmd_init(const struct cmd_args *args, struct err *err)
{
	struct repo_key k;
	uint32_t chunk = 0;
	int rc = -1;

	if (chunk_of(args, &chunk, err))
		return -1;
	if (opts_has(args, "dry-run")) {
		print_line("Would make repository %s", args->args[0]);
		return 0;
	}
	if (repo_key_read(args, true, &k, err) == 0 &&
	    repo_init(args->args[0], &k.opener, "first key", chunk, err) == 0)
		rc = tell(args, &k, err);
	repo_key_done(&k);
	return rc;
}
