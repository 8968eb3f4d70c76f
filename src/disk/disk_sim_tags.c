/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_sim_tags.c - see disk_sim_tags.h. */
#include "disk_sim_tags.h"

#include <inttypes.h>
#include <stdio.h>

bool
disk_sim_tags(const char *view, struct sim_tags *ret)
{
	char path[SIM_PATH_MAX + 8], text[2 * SIM_PATH_MAX];

	snprintf(path, sizeof(path), "%s" DISK_SIM_TAGS, view);
	return sim_get(path, text, sizeof(text)) &&
	       sscanf(text, "%159s %39s %7s %" SCNu64 " %1023s", ret->owner,
		      ret->generation, ret->state, &ret->cow_bytes,
		      ret->source) == 5;
}

int
disk_sim_put_tags(const struct disk_view_ref *ref, const char *owner,
		  const char *state, struct err *err)
{
	char path[SIM_PATH_MAX + 8], text[2 * SIM_PATH_MAX];

	snprintf(path, sizeof(path), "%s" DISK_SIM_TAGS, ref->view);
	snprintf(text, sizeof(text), "%s %s %s %" PRIu64 " %s\n", owner,
		 ref->generation, state, ref->cow_bytes, ref->source);
	return sim_put(path, text, err);
}

int
disk_sim_area(const char *view, uint64_t set, uint64_t *ret, struct err *err)
{
	struct disk_view_ref ref = { .cow_bytes = set };
	struct sim_tags t;

	if (!disk_sim_tags(view, &t))
		return err_set(err, ERR_NOTFOUND, 0, "no view %s", view);
	snprintf(ref.view, sizeof(ref.view), "%s", view);
	snprintf(ref.source, sizeof(ref.source), "%s", t.source);
	snprintf(ref.generation, sizeof(ref.generation), "%s", t.generation);
	*ret = t.cow_bytes;
	return set ? disk_sim_put_tags(&ref, t.owner, t.state, err) : 0;
}
