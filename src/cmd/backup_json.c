/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_json.c - see backup_json.h. */
#include "backup_json.h"

#include "json_field.h"

static const char *
how_text(enum backup_how how)
{
	switch (how) {
	case HOW_WHOLE:
		return "whole";
	case HOW_DATA:
		return "data";
	case HOW_CHANGES:
		return "changes";
	}
	return "?";
}

struct json_object *
backup_disk_json(const struct backup_disk *d, bool how)
{
	struct json_object *o = json_object_new_object();

	json_add_str(o, "vdev", d->vdev);
	json_add_str(o, "source", d->source);
	json_add_str(o, "format", d->format);
	json_add_u64(o, "bytes", d->bytes);
	if (!how)
		return o;
	json_add_str(o, "how", how_text(d->how));
	json_add_str(o, "why", d->why);
	json_add_u64(o, "read_bytes", d->read_bytes);
	json_add_u64(o, "changed_bytes", d->changed_bytes);
	return o;
}

uint64_t
backup_memory_new(const struct backup_disk images[BACKUP_IMAGES])
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < BACKUP_IMAGES; i++)
		bytes += images[i].changed_bytes;
	return bytes;
}

struct json_object *
backup_memory_json(const struct backup_disk images[BACKUP_IMAGES], bool how)
{
	struct json_object *o = json_object_new_object();
	uint64_t bytes = 0;

	if (!how)
		return o;
	for (unsigned int i = 0; i < BACKUP_IMAGES; i++)
		bytes += images[i].read_bytes;
	json_add_u64(o, "read_bytes", bytes);
	json_add_u64(o, "changed_bytes", backup_memory_new(images));
	return o;
}
