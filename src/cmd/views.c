/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* views.c - see views.h. */
#include "views.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

static const char *
state_of(const struct view_report *r)
{
	if (!r->known)
		return "unknown";
	switch (r->health.state) {
	case DISK_VIEW_GOOD:
		return "good";
	case DISK_VIEW_IMPAIRED:
		return "impaired";
	case DISK_VIEW_GONE:
	case DISK_VIEW_LOST:
	case DISK_VIEW_FOREIGN:
	default:
		return "lost";
	}
}

bool
views_bad(const struct view_report *r)
{
	return strcmp(state_of(r), "good") != 0;
}

const char *
views_worst(const struct snapshot *s, const struct view_report *reports)
{
	static const char *const order[] = { "lost", "unknown", "impaired" };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (unsigned int i = 0; i < s->n_disks; i++)
			if (strcmp(state_of(&reports[i]), order[k]) == 0)
				return order[k];
	return "good";
}

const char *
views_word(const struct view_report *r, char *ret, size_t len)
{
	if (views_bad(r))
		snprintf(ret, len, "%s: %s", state_of(r), r->health.why);
	else if (r->health.used >= 0)
		snprintf(ret, len, "good, %.0f%% of its room used",
			 r->health.used * 100);
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
		json_object_object_add(disk, "why",
				       json_object_new_string(r->health.why));
	if (r->known && r->health.used >= 0)
		json_object_object_add(disk, "used",
				       json_object_new_double(r->health.used));
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
