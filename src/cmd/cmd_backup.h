/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backup.h - what both kinds of `backup` have in common. */
#ifndef XENSNAP_CMD_BACKUP_H
#define XENSNAP_CMD_BACKUP_H

#include <json-c/json.h>

#include "cmd.h"
#include "job_repo.h"

/* backup_read_opts() - what is neither of the source nor of a domain, into @o,
 * which becomes all zeros first.  -1 with ERR_INVALID. */
int backup_read_opts(const struct cmd_args *a, struct backup_opts *o,
		     struct err *err);

/* backup_to_json() - @r; the caller puts it.  NULL with ERR_NOMEM. */
struct json_object *backup_to_json(const struct backup_report *r, bool dry_run,
				   struct err *err);

/* backup_tell() - the same for people. */
int backup_tell(const struct backup_opts *o, const struct backup_report *r,
		struct err *err);

/* backup_of_domain() - xensnap backup DOMAIN REPO */
int backup_of_domain(const struct cmd_args *args, struct err *err);

/* backup_all() - xensnap backup --all */
int backup_all(const struct cmd_args *args, struct err *err);

#endif
