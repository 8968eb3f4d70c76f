/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_json.h - what is in a backup as JSON, wherever it is told of. */
#ifndef XENSNAP_BACKUP_JSON_H
#define XENSNAP_BACKUP_JSON_H

#include <json-c/json.h>

#include "outcome.h"

/* backup_disk_json() - all of @d; with @how also how much of it was read, and
 * why.  The caller puts it. */
struct json_object *backup_disk_json(const struct backup_disk *d, bool how);

/* backup_memory_json() - the same of the images of a memory, together. */
struct json_object *backup_memory_json(
	const struct backup_disk images[BACKUP_IMAGES], bool how);

/* backup_memory_new() - how many bytes of those the repository had not. */
uint64_t backup_memory_new(const struct backup_disk images[BACKUP_IMAGES]);

#endif
