/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_show.c - is what a record names still there? */
#include <stdio.h>

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
