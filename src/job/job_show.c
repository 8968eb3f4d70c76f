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
		struct err one = ERR_INIT;

		ret[i].state = DISK_VIEW_GOOD;
		ret[i].used = -1;
		ret[i].why[0] = '\0';
		if (disk_view_state(&s->disks[i].view, &ret[i].state,
				    &ret[i].used, &one))
			snprintf(ret[i].why, sizeof(ret[i].why), "%.*s",
				 (int)sizeof(ret[i].why) - 1, one.text);
	}
	return 0;
}
