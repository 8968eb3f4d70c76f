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

/* views_worst() - the worst there is among all of @s: "lost", "unknown",
 * "impaired", "good". */
const char *views_worst(const struct snapshot *s,
			const struct view_report *reports);

#define VIEWS_WORD_MAX 240

/* views_word() - "good", "lost: ...", "impaired: ...", "unknown: ..." in @ret;
 * returns @ret. */
const char *views_word(const struct view_report *r, char *ret, size_t len);

/*
 * views_json() - the snapshot's record with, for each disk, "state" ("good",
 * "impaired", "lost", "unknown"), "why" unless it is good, and "used" where
 * that is known.  The caller puts it; NULL with ERR_NOMEM.
 */
struct json_object *views_json(const struct snapshot *s,
			       const struct view_report *reports,
			       struct err *err);

#endif
