/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export_record.h - snapshot.json of an export: what import goes by. */
#ifndef XENSNAP_EXPORT_RECORD_H
#define XENSNAP_EXPORT_RECORD_H

#include "err.h"
#include "job.h"
#include "snapshot.h"

/*
 * export_record_text() - the record of @s with the disks as they are in the
 * export: of @format, as long as @files, which begin with them, and without
 * what is true of this host alone.  malloc()ed for the caller; NULL with
 * ERR_NOMEM.
 */
char *export_record_text(const struct snapshot *s, const char *format,
			 const struct export_file *files, struct err *err);

#endif
