/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_show.c - xensnap show SNAPSHOT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clones.h"
#include "cmd.h"
#include "job.h"
#include "json.h"
#include "names.h"
#include "opts.h"
#include "print.h"
#include "units.h"
#include "views.h"

static void
show_disk(const struct snapshot_disk *d, const struct view_report *r)
{
	char size[16], cow[16], ms[24];
	char state[VIEWS_WORD_MAX];

	print_line("%s", "");
	print_line("  %s", d->vdev);
	print_labelled("    state       ", 16,
		       views_word(r, state, sizeof(state)));
	print_line("    disk        %s, %s",
		   d->view.source[0] ? d->view.source : "(not on this host)",
		   units_size(d->view.bytes, size, sizeof(size)));
	if (disk_view_is_copy(&d->view))
		print_line("    copy        %s", d->view.view);
	else
		print_line("    view        %s (%s)", d->view.view,
			   d->view.driver);
	if (d->view.cow_bytes)
		print_line("    room        %s for what is written meanwhile",
			   units_size(d->view.cow_bytes, cow, sizeof(cow)));
	print_line("    I/O waited  %s",
		   units_ms(d->io_stall_ms, ms, sizeof(ms)));
}

static void
show_memory(const struct snapshot *s)
{
	char text[24];

	if (s->n_phases == 0)
		print_line("  pause       none: the domain %s",
			   s->mode == SNAPSHOT_OFFLINE ? "did not run" :
							 "was not touched");
	else
		print_line("  pause       %s",
			   units_ms(s->pause_ms, text, sizeof(text)));
	for (unsigned int i = 0; i < s->n_phases; i++)
		print_line("              %-10s %s", s->phases[i].name,
			   units_ms(s->phases[i].ms, text, sizeof(text)));
	print_line("  memory      %s",
		   snapshot_has_memory(s->mode) ?
			   units_size(s->memory_bytes, text, sizeof(text)) :
			   "none");
	if (s->quiesced != DOMAIN_NOT_ASKED)
		print_line("  guest       %s", names_quiesced(s->quiesced));
}

static void
show_skipped(const struct snapshot *s)
{
	char names[NAMES_SKIPPED_MAX];

	print_labelled("  left out    ", 14, names_skipped(s, names));
	if (snapshot_has_memory(s->mode))
		print_line("              (the memory must never go on with "
			   "what moved on)");
}

static void
show_clones(struct json_object *clones)
{
	size_t n = json_object_array_length(clones);

	for (size_t i = 0; i < n; i++)
		print_line("  clone       %s",
			   json_object_get_string(
				   json_object_array_get_idx(clones, i)));
}

static void
show_text(const struct snapshot *s, const struct view_report *r)
{
	char full[NAMES_FULL_MAX], text[24];

	print_line("%s", names_full(s->domain, s->name, full));
	print_line("  created     %s UTC",
		   names_when(s->created, text, sizeof(text)));
	if (s->imported[0])
		print_line("  imported    %s UTC%s%s",
			   names_when(s->imported, text, sizeof(text)),
			   s->origin[0] ? ", was generation " : "", s->origin);
	print_line("  domain      %s (%s), %s", s->domain, s->type,
		   s->uuid[0] ? s->uuid : "no uuid given");
	print_line("  generation  %s", s->generation);
	print_line("  mode        %s%s%s", snapshot_mode_name(s->mode),
		   s->xen_version[0] ? ", on Xen " : "", s->xen_version);
	show_memory(s);
	print_line("  kept in     %s/%s/%s", snapshot_root(), s->domain,
		   s->name);
	if (s->n_skipped)
		show_skipped(s);
	for (unsigned int i = 0; i < s->n_disks; i++)
		show_disk(&s->disks[i], &r[i]);
}

static int
show_json(const struct snapshot *s, const struct view_report *r,
	  struct json_object *clones, struct err *err)
{
	struct json_object *o = views_json(s, r, err);
	int rc;

	if (!o)
		return -1;
	json_object_object_add(o, "clones", json_object_get(clones));
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

int
cmd_show(const struct cmd_args *args, struct err *err)
{
	struct view_report r[DOMAIN_DISKS_MAX];
	struct json_object *clones = NULL;
	struct snapshot *s = NULL;
	struct snapshot_id of;
	struct names n;
	int rc = -1;

	if (names_snapshot(args, 0, &n, err))
		return opts_usage(args->verb, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (snapshot_load(n.domain, n.name, s, err) ||
	    job_check_views(s, r, err))
		goto out;
	of.domain = n.domain;
	of.name = n.name;
	clones = clones_names(&of, err);
	if (!clones)
		goto out;
	if (!opts_has(args, "json")) {
		show_text(s, r);
		show_clones(clones);
	} else if (show_json(s, r, clones, err)) {
		goto out;
	}
	rc = CMD_DONE;
	for (unsigned int i = 0; i < s->n_disks; i++) {
		if (views_bad(&r[i]))
			rc = CMD_WARNINGS;
	}
out:
	json_object_put(clones);
	free(s);
	return rc;
}
