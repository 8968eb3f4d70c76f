/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clones.h - clones, as they are shown. */
#ifndef XENSNAP_CLONES_H
#define XENSNAP_CLONES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "err.h"
#include "job.h"

/* clones_list() - all clones on this host as a table, or as JSON. */
int clones_list(bool json, struct err *err);

/* clones_names() - the names of those of @from as a new JSON array; the caller
 * puts it.  NULL with @err. */
struct json_object *clones_names(const struct snapshot_id *from,
				 struct err *err);

#endif
