/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cfg_devices.h - the part of xl_cfg.h that writes disks, network cards and
 * framebuffers. */
#ifndef XENSNAP_XL_CFG_DEVICES_H
#define XENSNAP_XL_CFG_DEVICES_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "xl_cfg.h"

/*
 * xl_cfg_put_devices() - write disk=, vif= and vfb= of the configuration @root
 * to @f, and take what was written out of @root.  -1 with ERR_INVALID as
 * xl_cfg_from_json().
 */
int xl_cfg_put_devices(FILE *f, struct json_object *root,
		       const struct xl_cfg_disk *disks, size_t n_disks,
		       struct err *err);

/*
 * xl_cfg_put_disk() - write @disk as one item of a list of disks to @f;
 * @options ("access=rw,discard") go before the path.  -1 with ERR_INVALID
 * (xl's format cannot say it) or ERR_NOMEM; nothing is written then.
 */
int xl_cfg_put_disk(FILE *f, const struct xl_cfg_disk *disk,
		    const char *options, struct err *err);

/* xl_cfg_find_disk() - the one of @n @disks that is called @vdev, or NULL. */
const struct xl_cfg_disk *xl_cfg_find_disk(const struct xl_cfg_disk *disks,
					   size_t n, const char *vdev);

#endif
