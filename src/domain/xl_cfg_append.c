/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cfg_append.c - see xl_cfg.h: a configuration file gets other disks. */
#include <stdio.h>
#include <string.h>

#include "xl_cfg.h"
#include "xl_cfg_devices.h"
#include "xl_cfg_write.h"

static const char heading[] =
	"\n"
	"# ---- added by xensnap: the disks of this export ----\n"
	"# xl takes the last of several values: this list takes the place of "
	"any above.\n";

/* Names that the file does not have would be lost silently. */
static int
check_known(const struct xl_cfg_drive *drives, size_t n_drives,
	    const struct xl_cfg_disk *disks, size_t n_disks, struct err *err)
{
	size_t i, k;

	for (i = 0; i < n_disks; i++) {
		for (k = 0; k < n_drives; k++)
			if (strcmp(drives[k].vdev, disks[i].vdev) == 0)
				break;
		if (k == n_drives)
			return err_set(err, ERR_NOTFOUND, 0,
				       "the domain's configuration has no "
				       "disk %s",
				       disks[i].vdev);
	}
	return 0;
}

static int
put_as_it_is(FILE *f, const struct xl_cfg_drive *drive, struct err *err)
{
	if (!xl_cfg_quotable(drive->spec))
		return err_set(err, ERR_INVALID, 0,
			       "disk %s: \"%s\" cannot be written in xl's "
			       "configuration",
			       drive->vdev, drive->spec);
	fputc('\t', f);
	xl_cfg_put_quoted(f, drive->spec);
	fputs(",\n", f);
	return 0;
}

static int
put_list(FILE *f, const struct xl_cfg_drive *drives, size_t n_drives,
	 const struct xl_cfg_disk *disks, size_t n_disks, struct err *err)
{
	const struct xl_cfg_disk *disk;
	size_t i;
	int rc = 0;

	fputs("disk=[\n", f);
	for (i = 0; i < n_drives && rc == 0; i++) {
		disk = xl_cfg_find_disk(disks, n_disks, drives[i].vdev);
		if (disk)
			rc = xl_cfg_put_disk(f, disk, drives[i].options, err);
		else if (drives[i].stays)
			rc = put_as_it_is(f, &drives[i], err);
	}
	fputs("]\n", f);
	/* Two domains that write to one disk would destroy it. */
	for (i = 0; i < n_drives; i++)
		if (!xl_cfg_find_disk(disks, n_disks, drives[i].vdev) &&
		    !drives[i].stays)
			fprintf(f,
				"# left out: disk %s, to which the original "
				"writes\n",
				drives[i].vdev);
	return rc;
}

struct lists {
	const struct xl_cfg_drive *drives;
	size_t n_drives;
	const struct xl_cfg_disk *disks;
	size_t n_disks;
};

static int
put(FILE *f, const void *ctx, struct err *err)
{
	const struct lists *l = ctx;

	fputs(heading, f);
	return put_list(f, l->drives, l->n_drives, l->disks, l->n_disks, err);
}

char *
xl_cfg_append(const char *text, const struct xl_cfg_drive *drives,
	      size_t n_drives, const struct xl_cfg_disk *disks, size_t n_disks,
	      struct err *err)
{
	const struct lists l = { drives, n_drives, disks, n_disks };

	if (check_known(drives, n_drives, disks, n_disks, err))
		return NULL;
	return xl_cfg_extend(text, put, &l, err);
}
