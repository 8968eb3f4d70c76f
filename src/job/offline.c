/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline.c - see offline.h. */
#include "offline.h"

#include <string.h>

#include "qcow2.h"

int
offline_check(const char *name, const char *yes, struct err *err)
{
	struct domain *found;

	if (domain_find(name, &found, err) == 0) {
		domain_close(found);
		return err_set(err, ERR_STATE, 0, "%s %s", name, yes);
	}
	if (err->code != ERR_NOTFOUND && err->code != ERR_UNSUPPORTED)
		return err_add(err, "cannot tell whether %s runs", name);
	err_clear(err);
	return 0;
}

int
offline_sharers(struct domain_info *info, struct err *err)
{
	if (domain_sharers(info, err) == 0)
		return 0;
	if (err->code != ERR_UNSUPPORTED)
		return -1;
	err_clear(err);
	return 0;
}

int
offline_check_disk(const struct domain_disk *d, struct err *err)
{
	if (d->shared_with[0])
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is written to by domain %s as well, which "
			       "would go on writing: it cannot be of the same "
			       "instant",
			       d->source, d->shared_with);
	if (strcmp(d->backend, "phy") != 0 && strcmp(d->backend, "qdisk") != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is %s, served by %s; only what the kernel "
			       "(phy) or QEMU (qdisk) serves can be taken",
			       d->source, d->format, d->backend);
	if (strcmp(d->format, "qcow2") == 0)
		return qcow2_check(d->source, err);
	if (strcmp(d->format, "raw") != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is of the format %s; only raw and qcow2 "
			       "disks can be taken",
			       d->source, d->format);
	return 0;
}
