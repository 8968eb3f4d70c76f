/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* views.h - the state of a snapshot's views, in words; for list and show. */
#ifndef XENSNAP_VIEWS_H
#define XENSNAP_VIEWS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "job.h"
#include "snapshot.h"

/* views_bad() - is this view anything but good? */
bool views_bad(const struct view_report *r);

/* views_lost() - is it known to be lost, rather than merely not known? */
bool views_lost(const struct view_report *r);

/* views_word() - "good", "lost: ...", "unknown: ..." in @ret; returns @ret. */
const char *views_word(const struct view_report *r, char *ret, size_t len);

/*
 * views_json() - the snapshot's record with, for each disk, "state" ("good",
 * "lost", "unknown"), "state_why" unless it is good, and "used" where that is
 * known.  The caller puts it; NULL with ERR_NOMEM.
 */
struct json_object *views_json(const struct snapshot *s,
			       const struct view_report *reports,
			       struct err *err);

#endif
