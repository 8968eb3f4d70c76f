/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backup_parent.h - the backup to which a new one is compared, so that only
 * what differs is read.
 *
 * It must be of the same domain, or disk, and what it was made of must still
 * be kept on this host: its generation says so, in the repository as well as
 * here.  The storage's table of what changed since is then believed
 * (disk_changes()); in every other case the disk is read whole, and the reason
 * is told.
 */
#ifndef XENSNAP_BACKUP_PARENT_H
#define XENSNAP_BACKUP_PARENT_H

#include "backup_source.h"
#include "fill.h"
#include "repo.h"

struct parent {
	const struct repo_commit *commit; /* the repository's; NULL: none */
	char why[OUTCOME_TEXT];           /* there is none */
};

/*
 * parent_find() - for a session in @realm that has begun, so that nothing of
 * the parent goes away before its end.  Sets the base of @s's disks.
 */
void parent_find(struct repo *r, struct source *s, uint32_t realm,
		 struct parent *ret);

/* How one disk is to be read. */
struct parent_disk {
	bool is_base; /* @base is; else the disk is read whole */
	struct fill_base base;
	char why[OUTCOME_TEXT]; /* by which table, or why by none */
	struct disk_changes changes;
};

/* parent_disk() - for disk @d; for parent_disk_done(). */
void parent_disk(const struct parent *p, const struct source_disk *d,
		 struct parent_disk *ret);
void parent_disk_done(struct parent_disk *d);

#endif
