/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export_record.h - snapshot.json of an export: what import goes by. */
#ifndef XENSNAP_EXPORT_RECORD_H
#define XENSNAP_EXPORT_RECORD_H

#include <stdint.h>

#include "err.h"
#include "snapshot.h"

/* A disk's file in the export. */
struct export_image {
	const char *format;
	uint64_t bytes;
};

/*
 * export_record_text() - the record of @s with its disks as @images, one for
 * each, and without what is true of this host alone.  malloc()ed for the
 * caller; NULL with ERR_NOMEM.
 */
char *export_record_text(const struct snapshot *s,
			 const struct export_image *images, struct err *err);

#endif
