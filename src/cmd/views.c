/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* views.c - see views.h. */
#include "views.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

static const char *
state_of(const struct view_report *r)
{
	if (r->why[0])
		return "unknown";
	return r->state == DISK_VIEW_GOOD ? "good" : "lost";
}

static const char *
why_of(const struct view_report *r)
{
	if (r->why[0])
		return r->why;
	switch (r->state) {
	case DISK_VIEW_GOOD:
		break;
	case DISK_VIEW_GONE:
		return "its volume or file is gone";
	case DISK_VIEW_LOST:
		return "it ran full, was invalidated or has another size";
	case DISK_VIEW_FOREIGN:
		return "another volume or file has its name";
	}
	return "";
}

bool
views_bad(const struct view_report *r)
{
	return strcmp(state_of(r), "good") != 0;
}

bool
views_lost(const struct view_report *r)
{
	return strcmp(state_of(r), "lost") == 0;
}

const char *
views_word(const struct view_report *r, char *ret, size_t len)
{
	if (views_bad(r))
		snprintf(ret, len, "%s: %s", state_of(r), why_of(r));
	else if (r->used >= 0)
		snprintf(ret, len, "good, %.0f%% of its room used",
			 r->used * 100);
	else
		snprintf(ret, len, "good");
	return ret;
}

static void
add_state(struct json_object *disk, const struct view_report *r)
{
	json_object_object_add(disk, "state",
			       json_object_new_string(state_of(r)));
	if (views_bad(r))
		json_object_object_add(disk, "state_why",
				       json_object_new_string(why_of(r)));
	if (r->used >= 0)
		json_object_object_add(disk, "used",
				       json_object_new_double(r->used));
}

struct json_object *
views_json(const struct snapshot *s, const struct view_report *reports,
	   struct err *err)
{
	struct json_object *o = snapshot_to_json(s, err);
	struct json_object *disks;

	if (!o)
		return NULL;
	disks = json_array(o, "disks", err);
	for (unsigned int i = 0; disks && i < s->n_disks; i++)
		add_state(json_object_array_get_idx(disks, i), &reports[i]);
	return o;
}
