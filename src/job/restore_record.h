/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_record.h - snapshot.json of a restored folder, which makes it an
 * export: what import goes by. */
#ifndef XENSNAP_RESTORE_RECORD_H
#define XENSNAP_RESTORE_RECORD_H

#include "err.h"
#include "restore_plan.h"

/*
 * restore_record_text() - @was, the record in the backup, with the disks and
 * the memory that the targets of @p hold by now: disks that there are none of
 * count as left out, and without its memory it is a snapshot of disks.
 * malloc()ed for the caller; NULL with ERR_CORRUPT or ERR_UNSUPPORTED (it is no
 * record that we know), ERR_IO, ERR_NOMEM.
 */
char *restore_record_text(const char *was, const struct restore_plan *p,
			  struct err *err);

#endif
