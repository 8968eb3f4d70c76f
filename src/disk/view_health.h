/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view_health.h - how drivers put together what is wrong with a view. */
#ifndef XENSNAP_VIEW_HEALTH_H
#define XENSNAP_VIEW_HEALTH_H

#include <stdbool.h>

#include "disk.h"
#include "err.h"

/* view_health_init() - nothing is wrong so far. */
void view_health_init(struct disk_view_health *h);

/*
 * view_health_set() - it is @state, for the reason that follows.  The first
 * reason stays, but for one that makes it IMPAIRED only.  Always returns 0.
 */
int view_health_set(struct disk_view_health *h, enum disk_view_state state,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* view_health_readable() - can what it shows be relied on? */
bool view_health_readable(const struct disk_view_health *h);

/*
 * view_health_check() - before the view @ref is read: 0, and a word to people
 * when it is IMPAIRED; or -1 with ERR_NOTFOUND (gone, not ours) or ERR_CORRUPT.
 */
int view_health_check(const struct disk_view_ref *ref,
		      const struct disk_view_health *h, struct err *err);

/* view_health_recheck() - after it was read: 0, or -1 with ERR_CORRUPT, since
 * nothing that was read can be relied on. */
int view_health_recheck(const struct disk_view_ref *ref,
			const struct disk_view_health *h, struct err *err);

#endif
