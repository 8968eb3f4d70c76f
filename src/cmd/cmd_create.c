/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_create.c - xensnap create DOMAIN[@NAME] */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cow_size.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "space.h"
#include "units.h"

#define QUIESCE_S 10
#define QUIESCE_S_MAX 60

/* "95" or "95%". */
static int
parse_max_fill(const char *text, unsigned int *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");

	*ret = digits >= 1 && digits <= 3 ? (unsigned int)atoi(text) : 0;
	if (*ret >= 1 && *ret <= 100 &&
	    (!text[digits] || strcmp(text + digits, "%") == 0))
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "--max-fill: '%s' is not 1 to 100 (percent)", text);
}

static int
check_stage(const struct create_opts *o, struct err *err)
{
	if (o->mode != CREATE_AUTO && o->mode != CREATE_STOP)
		return err_set(err, ERR_INVALID, 0,
			       "--stage is for memory that is copied while the "
			       "domain stands still (--stop)");
	if (strcmp(o->stage, "ram") == 0 || strcmp(o->stage, "none") == 0 ||
	    strchr(o->stage, '/'))
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "--stage: '%s' is neither ram, none nor a path (with a "
		       "/ in it)",
		       o->stage);
}

static int
parse_quiesce(const struct cmd_args *a, struct create_opts *o, struct err *err)
{
	const char *text = opts_value(a, "quiesce-timeout");
	unsigned int s = QUIESCE_S;

	if (!opts_has(a, "quiesce"))
		return text ? err_set(err, ERR_INVALID, 0,
				      "--quiesce-timeout needs --quiesce") :
			      0;
	if (o->mode == CREATE_OFFLINE)
		return err_set(err, ERR_INVALID, 0,
			       "--quiesce: the domain does not run, so its "
			       "file systems are not in use");
	if (o->mode != CREATE_DISKS)
		return err_set(err, ERR_INVALID, 0,
			       "--quiesce is for --disks-only: with its file "
			       "systems frozen a guest cannot suspend, and "
			       "its memory has what they lack");
	if (text)
		s = strspn(text, "0123456789") == strlen(text) &&
				    strlen(text) <= 2 ?
			    (unsigned int)atoi(text) :
			    0;
	if (s < 1 || s > QUIESCE_S_MAX)
		return err_set(err, ERR_INVALID, 0,
			       "--quiesce-timeout: '%s' is not 1 to %d "
			       "(seconds)",
			       text, QUIESCE_S_MAX);
	o->quiesce_ms = s * 1000;
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct names *n, struct create_opts *o,
	  struct err *err)
{
	const char *skip = opts_value(a, "skip-disk");
	const char *cow = opts_value(a, "cow-size");
	const char *fill = opts_value(a, "max-fill");

	memset(o, 0, sizeof(*o));
	o->mode = opts_has(a, "live")       ? CREATE_LIVE :
		  opts_has(a, "stop")       ? CREATE_STOP :
		  opts_has(a, "rebuild")    ? CREATE_REBUILD :
		  opts_has(a, "disks-only") ? CREATE_DISKS :
		  opts_has(a, "config")     ? CREATE_OFFLINE :
					      CREATE_AUTO;
	o->stage = opts_value(a, "stage");
	o->config_file = opts_value(a, "config");
	o->copy = opts_has(a, "copy");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	o->cow.percent = COW_SIZE_PERCENT;
	if (o->stage && check_stage(o, err))
		return opts_usage(a->verb, err);
	if ((cow && cow_size_parse(cow, &o->cow, err)) ||
	    (fill && parse_max_fill(fill, &o->max_fill, err)) ||
	    (skip && names_skip(skip, o->skip, &o->n_skip, err)) ||
	    parse_quiesce(a, o, err) ||
	    snapshot_split_name(a->args[0], false, n->domain, n->name, err))
		return opts_usage(a->verb, err);
	return 0;
}

static int
tell_json(const struct snapshot *s, const struct create_opts *opts,
	  struct err *err)
{
	struct json_object *o = snapshot_to_json(s, err);
	int rc;

	if (!o)
		return -1;
	if (opts->dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	if (space_json(o, opts->space, err)) {
		json_object_put(o);
		return -1;
	}
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static void
tell_pause(const struct snapshot *s)
{
	char ms[24];

	print_line("Pause   %s", units_ms(s->pause_ms, ms, sizeof(ms)));
	for (unsigned int i = 0; i < s->n_phases; i++)
		print_line("        %-10s %s", s->phases[i].name,
			   units_ms(s->phases[i].ms, ms, sizeof(ms)));
}

/* A copy: at most. */
static uint64_t
takes(const struct snapshot_disk *d)
{
	return disk_view_is_copy(&d->view) ? d->view.bytes : d->view.cow_bytes;
}

static int
tell_disks(const struct snapshot *s, bool dry_run, struct err *err)
{
	struct print_table t = { .n_columns = 5, .right = 1u << 2 | 1u << 3 };
	const struct snapshot_disk *d;
	char size[16], cell[24];

	if (s->n_disks == 0)
		return 0;
	print_line("%s", "");
	print_cell(&t, "DISK");
	print_cell(&t, "DRIVER");
	print_cell(&t, "SIZE");
	print_cell(&t, dry_run ? "TAKES" : "I/O WAITED");
	print_cell(&t, "VIEW");
	for (unsigned int i = 0; i < s->n_disks; i++) {
		d = &s->disks[i];
		print_cell(&t, "%s", d->vdev);
		print_cell(&t, "%s", d->view.driver);
		print_cell(&t, "%s",
			   units_size(d->view.bytes, size, sizeof(size)));
		print_cell(&t, "%s",
			   dry_run ? units_size(takes(d), cell, sizeof(cell)) :
				     units_ms(d->io_stall_ms, cell,
					      sizeof(cell)));
		print_cell(&t, "%s", d->view.view);
	}
	return print_table(&t, err);
}

/* "memory and 2 disks" */
static const char *
what(const struct snapshot *s, char *ret, size_t len)
{
	snprintf(ret, len, "%s%u disk%s",
		 snapshot_has_memory(s->mode) ? "memory and " : "", s->n_disks,
		 units_s(s->n_disks));
	return ret;
}

static void
tell_memory(const struct snapshot *s)
{
	char size[16];

	if (s->mode == SNAPSHOT_OFFLINE) {
		print_line("Pause   none: the domain does not run");
		print_line("Memory  none (--config)");
		return;
	}
	if (s->n_phases == 0)
		print_line("Pause   none: the domain was not touched");
	else
		tell_pause(s);
	if (!snapshot_has_memory(s->mode)) {
		print_line("Memory  none (--disks-only)");
		if (s->quiesced != DOMAIN_NOT_ASKED)
			print_line("Guest   %s", names_quiesced(s->quiesced));
		return;
	}
	print_line("Memory  %s, copied while the domain %s",
		   units_size(s->memory_bytes, size, sizeof(size)),
		   s->mode == SNAPSHOT_LIVE    ? "ran (live)" :
		   s->mode == SNAPSHOT_REBUILD ? "stood still (rebuild)" :
						 "stood still (stop)");
}

static void
tell_skipped(const struct snapshot *s)
{
	char text[NAMES_SKIPPED_MAX];

	if (s->n_skipped)
		print_labelled("Left out ", 9, names_skipped(s, text));
}

static int
tell(const struct snapshot *s, struct err *err)
{
	char full[NAMES_FULL_MAX], when[24], text[40];

	names_full(s->domain, s->name, full);
	print_line("%s: %s of one instant, %s UTC", full,
		   what(s, text, sizeof(text)),
		   names_when(s->created, when, sizeof(when)));
	print_line("%s", "");
	tell_memory(s);
	print_line("Kept in %s/%s/%s", snapshot_root(), s->domain, s->name);
	tell_skipped(s);
	if (tell_disks(s, false, err))
		return -1;
	print_line("%s", "");
	print_line("Next:   xensnap export %s DIR", full);
	print_line("        xensnap delete %s", full);
	return 0;
}

static int
tell_dry(const struct snapshot *s, const struct create_space *space,
	 struct err *err)
{
	char text[40];

	print_line("Would freeze %s as %s@%s: %s (%s)", s->domain, s->domain,
		   s->name, what(s, text, sizeof(text)),
		   snapshot_mode_name(s->mode));
	tell_skipped(s);
	if (tell_disks(s, true, err))
		return -1;
	return space_print(space, err);
}

int
cmd_create(const struct cmd_args *args, struct err *err)
{
	struct create_space space = { .n = 0 };
	struct snapshot *s = NULL;
	struct create_opts o;
	struct names n;
	int rc = -1;

	if (read_opts(args, &n, &o, err))
		return -1;
	o.space = &space;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (job_create(n.domain, n.name, &o, s, err))
		goto out;
	progress_end();
	if (opts_has(args, "json"))
		rc = tell_json(s, &o, err);
	else
		rc = o.dry_run ? tell_dry(s, &space, err) : tell(s, err);
out:
	free(s);
	return rc;
}
