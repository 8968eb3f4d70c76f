/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recover_views.c - views without a record: their folder is gone, or was never
 * durable. */
#include <stdlib.h>
#include <string.h>

#include "recover.h"

static bool
has_record(const struct disk_view_ref *ref, const char *owner)
{
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	struct snapshot *s = calloc(1, sizeof(*s));
	struct err e = ERR_INIT, free_err = ERR_INIT;
	bool has = true;

	/*
	 * On any doubt the view stays; also while there is a folder with which
	 * recover could not deal: the disk may still be held.
	 */
	if (s && snapshot_split_name(owner, true, domain, name, &e) == 0 &&
	    snapshot_load(domain, name, s, &e))
		has = e.code != ERR_NOTFOUND ||
		      snapshot_check_free(domain, name, &free_err);
	else if (s && e.code == ERR_NONE)
		has = strcmp(s->generation, ref->generation) == 0;
	free(s);
	return has;
}

static void
recover_view(struct recover *r, const struct disk_view_ref *ref,
	     const char *owner)
{
	struct err e = ERR_INIT;

	if (has_record(ref, owner))
		return;
	if (!r->dry_run && disk_view_drop(ref, &e))
		recover_failed(r, ref->view, &e);
	else
		recover_tell(r, ref->view, "removed: a view without a record");
}

int
recover_views(struct recover *r, const char *domain)
{
	struct disk_view_ref *refs = NULL;
	size_t len = strlen(domain);
	char **owners = NULL;
	unsigned int i, n = 0;

	if (disk_find_views(&refs, &owners, &n, r->err))
		return -1;
	for (i = 0; i < n; i++)
		if (strncmp(owners[i], domain, len) == 0 &&
		    owners[i][len] == '@')
			recover_view(r, &refs[i], owners[i]);
	for (i = 0; i < n; i++)
		free(owners[i]);
	free(owners);
	free(refs);
	return 0;
}
