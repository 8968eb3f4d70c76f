/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_cfg.h - a domain's configuration as xl's users write it.
 *
 * What a save file embeds is libxl's JSON; what people can read, change and
 * give to `xl create` or `xl restore` is xl's own configuration file.  This
 * turns the one into the other, or takes a file that there is already, with
 * other disks behind the same names.  Pure: text in, text out.
 */
#ifndef XENSNAP_XL_CFG_H
#define XENSNAP_XL_CFG_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* What the domain is to find behind a disk name. */
struct xl_cfg_disk {
	const char *vdev; /* "xvda" */
	const char *path;
	const char *format; /* "raw", "qcow2" */
};

/*
 * xl_cfg_from_json() - @config_json as the text of an xl configuration file,
 * malloc()ed for the caller.
 *
 * The disks named in @disks are there with their new paths, as writable or
 * read-only as before.  Of those that are not in @disks, CD-ROM drives and
 * read-only disks stay as they are; a writable one is left out, since two
 * domains must not write to one disk.  @name_override: the domain is
 * called so, and gets no uuid, so that xl makes a new one; NULL: name and uuid
 * stay.  MAC addresses stay in both cases, since guests know their cards by
 * them: two such domains do not belong on one network.
 *
 * What xl's format cannot say (or a string that cannot be quoted in it) is
 * listed at the end in comment lines "# not carried over: ...".
 *
 * NULL with ERR_CORRUPT (not libxl's JSON), ERR_NOTFOUND (a disk of @disks is
 * not in the configuration), ERR_INVALID (a path or the name cannot be
 * written) or ERR_NOMEM.
 */
char *xl_cfg_from_json(const char *config_json, const struct xl_cfg_disk *disks,
		       size_t n_disks, const char *name_override,
		       struct err *err);

/*
 * xl_cfg_has_genid() - does the domain of @config_json have a generation id,
 * which tells an HVM guest that time went back?  xl_cfg_from_json() then asks
 * for a new one.  1, 0, or -1 with ERR_CORRUPT.
 */
int xl_cfg_has_genid(const char *config_json, struct err *err);

/* One disk of a configuration file, as read by xl's own parser. */
struct xl_cfg_drive {
	const char *vdev;    /* "xvda" */
	const char *spec;    /* its item in the file's list, as it is there */
	const char *options; /* for another path: "access=rw,discard" */
	bool stays;          /* may be in the list as it is: nobody writes */
};

/*
 * xl_cfg_append() - @text, an xl configuration file whose disks are @drives,
 * and at its end a list that takes the place of its own, malloc()ed for the
 * caller; xl takes the last of several values.  Nothing above the list is
 * changed: it is the admin's own text.
 *
 * The disks named in @disks are there with their new paths; of the others
 * those that stay, as they are.  The rest is left out, with a comment, since
 * two domains must not write to one disk.
 *
 * NULL with ERR_NOTFOUND (a disk of @disks is not in @drives), ERR_INVALID (a
 * path cannot be written) or ERR_NOMEM.
 */
char *xl_cfg_append(const char *text, const struct xl_cfg_drive *drives,
		    size_t n_drives, const struct xl_cfg_disk *disks,
		    size_t n_disks, struct err *err);

#endif
