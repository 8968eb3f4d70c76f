/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * told.c - see guard_room.h: which snapshots' end was told.
 *
 * All else that the guard knows it sees again.  This it would not: a new guard
 * would tell the same once more, and wait once more before it acts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard_room.h"
#include "json.h"
#include "log.h"

#define TOLD_FILE ".watch.json"

/* {"announced": {"GENERATION": "web1@a", ...}} */
static struct json_object *
as_json(const struct guard *g)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_object();
	char name[2 * SNAPSHOT_NAME_MAX + 2];

	for (unsigned int i = 0; i < g->n; i++) {
		const struct gauge *x = &g->gauges[i];

		if (!x->announced_ms)
			continue;
		snprintf(name, sizeof(name), "%s@%s", x->domain, x->name);
		json_object_object_add(all, x->generation,
				       json_object_new_string(name));
	}
	json_object_object_add(o, "announced", all);
	return o;
}

void
told_save(const struct guard *g)
{
	struct err e = ERR_INIT;
	struct json_object *o;

	if (g->o->dry_run)
		return;
	o = as_json(g);
	if (json_write_file(g->folder, TOLD_FILE, o, &e))
		log_warning("what was announced could not be written down: %s",
			    e.text);
	json_object_put(o);
}

void
told_load(struct guard *g)
{
	struct err e = ERR_INIT;

	g->told = json_read_file(g->folder, TOLD_FILE, &e);
	if (!g->told && e.code != ERR_NOTFOUND)
		log_warning("what was announced before cannot be read: %s",
			    e.text);
}

void
told_restore(const struct guard *g, struct gauge *gauge, uint64_t now_ms)
{
	struct json_object *all;

	if (g->told && gauge->fill.kind == DISK_FILL_VIEW &&
	    json_object_object_get_ex(g->told, "announced", &all) &&
	    json_object_is_type(all, json_type_object) &&
	    json_object_object_get_ex(all, gauge->generation, NULL))
		gauge->announced_ms = now_ms;
}
