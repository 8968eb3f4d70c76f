/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_delete.c - remove a snapshot: its name, its views, its folder.
 *
 * The name goes first, by one rename: from then on the snapshot does not
 * exist, and its record, in the folder that is now called "deleting", is the
 * list of what is still to be removed.  `recover` goes on from there.
 */
#include <string.h>

#include "cloned.h"
#include "delete.h"
#include "disk_clone.h"
#include "fail.h"
#include "fd.h"
#include "held.h"
#include "job.h"
#include "log.h"
#include "reverting.h"

static int
drop_views(const struct snapshot *s, struct err *err)
{
	unsigned int i;

	for (i = 0; i < s->n_disks; i++) {
		if (disk_view_drop(&s->disks[i].view, err))
			return err_add(err, "disk %s", s->disks[i].vdev);
		fail_here("delete.view");
	}
	return 0;
}

/* What its clones shared, if one that died left that. */
static int
drop_bases(const struct snapshot *s, struct err *err)
{
	int folder = snapshot_open_deleting(s->domain, s->name, err);
	bool shared;

	if (folder < 0)
		return -1;
	shared = held_is_shared(folder);
	fd_close(&folder);
	return shared ? disk_clone_drop_bases(s->generation, err) : 0;
}

int
delete_rest(const struct snapshot *s, struct err *err)
{
	if (drop_bases(s, err) || drop_views(s, err))
		return -1;
	fail_here("delete.views");
	return snapshot_end_delete(s->domain, s->name, err);
}

int
job_delete(const char *domain, const char *name, bool dry_run, struct err *err)
{
	struct snapshot s;
	int lock = snapshot_lock(domain, 0, err);
	int rc = -1;

	if (lock < 0)
		return -1;
	disk_set_alive_fd(lock);
	if (reverting_check(domain, err) ||
	    snapshot_load(domain, name, &s, err) ||
	    cloned_check_none(domain, name, err))
		goto out;
	if (dry_run) {
		rc = 0;
		goto out;
	}
	if (snapshot_begin_delete(domain, name, err))
		goto out;
	fail_here("delete.renamed");
	rc = delete_rest(&s, err);
	if (rc)
		err_more(err,
			 "it is listed no more, but not all is removed: run "
			 "`xensnap recover %s`",
			 domain);
out:
	disk_set_alive_fd(-1);
	snapshot_unlock(domain, &lock);
	return rc;
}
