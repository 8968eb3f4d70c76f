/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* space.h - how full groups and pools will be: for people, and as JSON. */
#ifndef XENSNAP_SPACE_H
#define XENSNAP_SPACE_H

#include <json-c/json.h>

#include "err.h"
#include "job.h"

/* space_print() - a table after an empty line, nothing when there is nothing
 * to tell; -1 with ERR_NOMEM. */
int space_print(const struct create_space *s, struct err *err);

/*
 * space_json() - add the member "space" to @o: an array with "what", "kind",
 * "bytes", "used_before", "used_after" and "limit_percent" of each.  -1 with
 * ERR_NOMEM; @o may then have half of it.
 */
int space_json(struct json_object *o, const struct create_space *s,
	       struct err *err);

#endif
