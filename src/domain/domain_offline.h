/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_offline.h - the driver for domains that do not run, in builds that
 * have it: what domain.c passes on, and what its files share.
 */
#ifndef XENSNAP_DOMAIN_OFFLINE_H
#define XENSNAP_DOMAIN_OFFLINE_H

#include <stddef.h>

#include "domain.h"
#include "err.h"
#include "xl_cfg.h"
#include "xl_cfg_other.h"
#include "xl_safe.h"

/* offline_find() - see domain_find_offline(). */
int offline_find(const char *config_file, const char *name, struct domain **ret,
		 struct err *err);

/* offline_read() - what the configuration file @text tells of the domain
 * @name.  -1 as domain_find_offline(). */
int offline_read(const char *text, const char *name, struct domain_info *ret,
		 struct err *err);

/* offline_config() - see domain_offline_config(). */
char *offline_config(const char *text, const struct xl_cfg_disk *disks,
		     size_t n_disks, struct err *err);

/* offline_as_other() - see domain_offline_as_other(). */
char *offline_as_other(const char *text, const struct xl_cfg_identity *id,
		       struct err *err);

/* offline_safe() - see domain_offline_safe(). */
char *offline_safe(const char *text, const struct xl_safe_how *how,
		   struct xl_safe_left *left, struct err *err);

#endif
