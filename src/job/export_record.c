/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export_record.c - see export_record.h. */
#include "export_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
set_disk(struct snapshot_disk *d, const struct export_image *is)
{
	snprintf(d->format, sizeof(d->format), "%s", is->format);
	d->view.bytes = is->bytes;
	d->view.cow_bytes = 0;
	d->view.source[0] = d->view.source_uuid[0] = '\0';
	d->view.view[0] = d->view.view_uuid[0] = '\0';
}

char *
export_record_text(const struct snapshot *s, const struct export_image *images,
		   struct err *err)
{
	struct snapshot *copy = malloc(sizeof(*copy));
	struct json_object *o = NULL;
	const char *text;
	char *ret = NULL;

	if (copy) {
		*copy = *s;
		for (unsigned int i = 0; i < s->n_disks; i++)
			set_disk(&copy->disks[i], &images[i]);
		copy->base_for[0] = '\0';
		o = snapshot_to_json(copy, err);
	}
	text = o ? json_object_to_json_string_ext(
			   o, JSON_C_TO_STRING_PRETTY |
				      JSON_C_TO_STRING_SPACED |
				      JSON_C_TO_STRING_NOSLASHESCAPE) :
		   NULL;
	if (!text || asprintf(&ret, "%s\n", text) < 0) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		ret = NULL;
	}
	json_object_put(o);
	free(copy);
	return ret;
}
