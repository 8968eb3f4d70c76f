/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* create_skip.c - which of a domain's disks a snapshot takes, and which are
 * left out on request. */
#include <stdio.h>
#include <string.h>

#include "create.h"
#include "log.h"

static int
no_such_disk(struct create *c, const char *vdev)
{
	char known[200] = "";
	unsigned int i;

	for (i = 0; i < c->info.n_disks; i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, " %s",
			 c->info.disks[i].vdev);
	}
	return err_set(c->err, ERR_NOTFOUND, 0,
		       "--skip-disk: %s has no disk %s; it has%s", c->s->domain,
		       vdev, known[0] ? known : " none");
}

static bool
is_skipped(const struct snapshot *s, const char *vdev)
{
	unsigned int i;

	for (i = 0; i < s->n_skipped; i++)
		if (strcmp(s->skipped[i], vdev) == 0)
			return true;
	return false;
}

static int
skip_disk(struct create *c, const char *vdev)
{
	struct snapshot *s = c->s;
	unsigned int i;

	for (i = 0; i < c->info.n_disks; i++)
		if (strcmp(c->info.disks[i].vdev, vdev) == 0)
			break;
	if (i == c->info.n_disks)
		return no_such_disk(c, vdev);
	/* Those stay in the configuration and have no view. */
	if (!domain_disk_is_written(&c->info.disks[i])) {
		log_notice("disk %s is only read: without --skip-disk too it "
			   "has no view",
			   vdev);
		return 0;
	}
	if (is_skipped(s, vdev))
		return 0;
	snprintf(s->skipped[s->n_skipped++], sizeof(s->skipped[0]), "%s", vdev);
	if (snapshot_has_memory(s->mode))
		log_warning("disk %s is left out: the memory of this snapshot "
			    "must never go on with that disk, which will have "
			    "moved on",
			    vdev);
	else
		log_notice("disk %s is left out", vdev);
	return 0;
}

int
create_skip(struct create *c)
{
	unsigned int i;

	for (i = 0; i < c->opts->n_skip; i++)
		if (skip_disk(c, c->opts->skip[i]))
			return -1;
	return 0;
}

bool
create_takes(const struct create *c, const struct domain_disk *d)
{
	return domain_disk_is_written(d) && !is_skipped(c->s, d->vdev);
}
