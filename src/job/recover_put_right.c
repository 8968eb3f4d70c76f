/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recover_put_right.c - see recover.h. */
#include <stdio.h>
#include <string.h>

#include "recover.h"
#include "snapshot.h"

/* How long a domain that runs is watched for a late answer to a suspend. */
#define WATCH_MS 2000

static void
leftover_of(const struct journal_story *story, const char *domain,
	    struct leftover *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->domain = story->domain_touched;
	ret->paused = story->last == JOURNAL_PAUSE;
	/* Maybe; of the disks alone. */
	ret->asked = ret->paused || story->last == JOURNAL_HOLD;
	snprintf(ret->saved.name, sizeof(ret->saved.name), "%s", domain);
	ret->saved.domid = story->domid;
	memcpy(ret->saved.uuid, story->uuid, sizeof(ret->saved.uuid));
	ret->monitor = story->monitor;
	ret->n_devices = story->n_views;
	memcpy(ret->devices, story->devices, sizeof(ret->devices));
}

bool
recover_touched(enum journal_step last)
{
	return last == JOURNAL_INSTANT || last == JOURNAL_HOLD ||
	       last == JOURNAL_PAUSE || last == JOURNAL_REBUILD ||
	       last == JOURNAL_UNDO;
}

int
recover_put_right(const struct journal_story *story, const char *domain,
		  const char *name, struct put_right *did, struct err *err)
{
	char boot_id[DOMAIN_UUID_LEN + 1];
	struct leftover l;

	memset(did, 0, sizeof(*did));
	if (!recover_touched(story->last))
		return 0;
	if (journal_boot_id(boot_id, err))
		return -1;
	if (strcmp(boot_id, story->boot_id) != 0)
		return 0;
	leftover_of(story, domain, &l);
	if (story->last == JOURNAL_REBUILD &&
	    snapshot_partial_path(domain, name, SNAPSHOT_MEMORY, l.saved.memory,
				  sizeof(l.saved.memory), err))
		return -1;
	return put_right(&l, WATCH_MS, did, err);
}
