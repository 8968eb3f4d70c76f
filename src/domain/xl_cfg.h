/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_cfg.h - a domain's configuration as xl's own text format, from libxl's
 * JSON: xl takes only the former on its command line.
 */
#ifndef XENSNAP_XL_CFG_H
#define XENSNAP_XL_CFG_H

#include "err.h"

/* Where a disk of the configuration is to be found from now on. */
struct xl_cfg_disk {
	const char *vdev;	/* "xvda" */
	const char *path;	/* absolute */
	const char *format;	/* "raw", "qcow2" */
};

/*
 * xl_cfg_from_json() - the configuration in @config_json (libxl's
 * domain_config) as text that `xl create` and `xl restore` take, malloc()ed for
 * the caller; the @n disks in @disks at their new places, all others as they
 * were; the domain called @name unless that is NULL.  What the text format
 * cannot say is named in a comment in it.
 *
 * Pure.  NULL with ERR_CORRUPT (no such configuration), ERR_NOTFOUND (a disk
 * that it does not have), ERR_NOMEM.
 */
char *xl_cfg_from_json(const char *config_json,
		       const struct xl_cfg_disk *disks, unsigned int n,
		       const char *name, struct err *err);

#endif
