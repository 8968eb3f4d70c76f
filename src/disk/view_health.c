/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view_health.c - see view_health.h. */
#include "view_health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

void
view_health_init(struct disk_view_health *h)
{
	memset(h, 0, sizeof(*h));
	h->state = DISK_VIEW_GOOD;
	h->used = -1;
}

int
view_health_set(struct disk_view_health *h, enum disk_view_state state,
		const char *fmt, ...)
{
	va_list ap;

	if (h->state != DISK_VIEW_GOOD &&
	    (h->state != DISK_VIEW_IMPAIRED || state == DISK_VIEW_IMPAIRED))
		return 0;
	h->state = state;
	va_start(ap, fmt);
	vsnprintf(h->why, sizeof(h->why), fmt, ap);
	va_end(ap);
	return 0;
}

bool
view_health_readable(const struct disk_view_health *h)
{
	return h->state == DISK_VIEW_GOOD || h->state == DISK_VIEW_IMPAIRED;
}

int
view_health_check(const struct disk_view_ref *ref,
		  const struct disk_view_health *h, struct err *err)
{
	if (h->state == DISK_VIEW_IMPAIRED)
		log_notice("%s is read though it is impaired: %s", ref->view,
			   h->why);
	if (view_health_readable(h))
		return 0;
	return err_set(err,
		       h->state == DISK_VIEW_LOST ? ERR_CORRUPT : ERR_NOTFOUND,
		       0, "%s is lost: %s", ref->view, h->why);
}

int
view_health_recheck(const struct disk_view_ref *ref,
		    const struct disk_view_health *h, struct err *err)
{
	if (view_health_readable(h))
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "%s was lost while it was read: %s",
		       ref->view, h->why);
}
