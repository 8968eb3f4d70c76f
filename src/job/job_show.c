/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_show.c - is what a record names still there? */
#include <stdio.h>

#include "cloned.h"
#include "disk_fill.h"
#include "job.h"

int
job_check_views(const struct snapshot *s, struct view_report *ret,
		struct err *err)
{
	unsigned int i;

	(void)err;
	disk_look_begin();
	for (i = 0; i < s->n_disks; i++) {
		struct disk_view_health *h = &ret[i].health;
		struct err one = ERR_INIT;

		ret[i].known = disk_view_state(&s->disks[i].view, h, &one) == 0;
		if (!ret[i].known)
			snprintf(h->why, sizeof(h->why), "%.*s",
				 (int)sizeof(h->why) - 1, one.text);
	}
	disk_look_end();
	return 0;
}

int
job_each_snapshot(const char *domain,
		  int (*fn)(const struct snapshot *s, const char *domain,
			    const char *name, const struct err *bad, void *ctx),
		  void *ctx, struct err *err)
{
	int rc;

	disk_look_begin();
	rc = snapshot_each(domain, fn, ctx, err);
	disk_look_end();
	return rc;
}

struct seeing {
	int (*fn)(const struct clone_seen *c, void *ctx);
	void *ctx;
};

static void
look_at_area(const struct disk_clone *disk, struct clone_seen *seen)
{
	struct err ignored = ERR_INIT;
	struct disk_fill f;
	double used;

	if (!disk->cow_bytes || disk_fill_clone(disk, &f, &ignored) <= 0)
		return;
	if (f.state == DISK_FILL_LOST)
		seen->lost = true;
	used = f.bytes ? (double)f.used / (double)f.bytes : -1;
	if (used > seen->used)
		seen->used = used;
}

static int
see(const struct cloned *c, void *ctx)
{
	const struct seeing *x = ctx;
	struct clone_seen seen = {
		.domain = c->domain,
		.from = { c->from, c->name },
		.created = c->created,
		.made = c->made,
		.n_disks = c->n_disks,
		.used = -1,
	};

	for (unsigned int i = 0; i < c->n_disks; i++)
		look_at_area(&c->disks[i].disk, &seen);
	return x->fn(&seen, x->ctx);
}

int
job_clones(const struct snapshot_id *from,
	   int (*fn)(const struct clone_seen *c, void *ctx), void *ctx,
	   struct err *err)
{
	struct seeing x = { fn, ctx };

	return cloned_each(from ? from->domain : NULL, from ? from->name : NULL,
			   see, &x, err);
}
