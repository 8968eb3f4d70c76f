/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_json.h - a disk of a backup as JSON, wherever one is told of. */
#ifndef XENSNAP_BACKUP_JSON_H
#define XENSNAP_BACKUP_JSON_H

#include <json-c/json.h>

#include "outcome.h"

/* backup_disk_json() - all of @d; with @how also how much of it was read, and
 * why.  The caller puts it. */
struct json_object *backup_disk_json(const struct backup_disk *d, bool how);

#endif
