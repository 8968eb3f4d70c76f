/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_show.c - is what a record names still there? */
#include <stdio.h>

#include "cloned.h"
#include "job.h"

int
job_check_views(const struct snapshot *s, struct view_report *ret,
		struct err *err)
{
	unsigned int i;

	(void)err;
	for (i = 0; i < s->n_disks; i++) {
		struct disk_view_health *h = &ret[i].health;
		struct err one = ERR_INIT;

		ret[i].known = disk_view_state(&s->disks[i].view, h, &one) == 0;
		if (!ret[i].known)
			snprintf(h->why, sizeof(h->why), "%.*s",
				 (int)sizeof(h->why) - 1, one.text);
	}
	return 0;
}

struct seeing {
	int (*fn)(const struct clone_seen *c, void *ctx);
	void *ctx;
};

static int
see(const struct cloned *c, void *ctx)
{
	const struct seeing *x = ctx;
	const struct clone_seen seen = {
		.domain = c->domain,
		.from = { c->from, c->name },
		.created = c->created,
		.made = c->made,
		.n_disks = c->n_disks,
	};

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
