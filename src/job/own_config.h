/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own_config.h - the configuration of a snapshot, with the domain's own disks.
 */
#ifndef XENSNAP_OWN_CONFIG_H
#define XENSNAP_OWN_CONFIG_H

#include "err.h"
#include "snapshot.h"

/*
 * own_config_read() - of @s, in folder @dirfd, as it is kept: libxl's JSON, or
 * the file of a domain that did not run; malloc()ed for the caller.  NULL with
 * ERR_IO, ERR_NOTFOUND or ERR_NOMEM.
 */
char *own_config_read(const struct snapshot *s, int dirfd, struct err *err);

/*
 * own_config() - of @s, in folder @dirfd, as the text of an xl configuration
 * file, malloc()ed for the caller.  NULL with ERR_IO, ERR_CORRUPT, ERR_INVALID
 * or ERR_NOMEM, as xl_cfg_from_json() has it.
 */
char *own_config(const struct snapshot *s, int dirfd, struct err *err);

/* own_config_has_genid() - see xl_cfg_has_genid(); 0 for a domain that did not
 * run.  -1 with ERR_IO, ERR_CORRUPT. */
int own_config_has_genid(const struct snapshot *s, int dirfd, struct err *err);

#endif
