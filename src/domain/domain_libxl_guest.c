/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_guest.c - what the guest's own side says about being saved, and
 * who else is at its disks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xenstore.h>

#include "domain_libxl.h"

/* ---- can it suspend? ---- */

/* What the guest wrote below control/, or NULL; the caller frees it. */
static char *
control(struct xs_handle *xs, uint32_t domid, const char *name)
{
	char path[96];
	unsigned int len;

	snprintf(path, sizeof(path), "/local/domain/%u/control/%s", domid,
		 name);
	return xs_read(xs, XBT_NULL, path, &len);
}

static bool
says(const char *value, const char *what)
{
	return value && strcmp(value, what) == 0;
}

/*
 * A guest may tell by feature-suspend whether it obeys a request
 * (xenstore-paths(7)).  Linux writes one feature-X for each request that it
 * was built for (drivers/xen/manage.c), so one that tells of the others and
 * not of this cannot; one that tells of none may be old or still booting.
 */
int
lx_refuses_suspend(uint32_t domid, bool *ret, struct err *err)
{
	struct xs_handle *xs = xs_open(0);
	char *suspend, *poweroff;

	*ret = false;
	if (!xs)
		return err_set(err, ERR_IO, errno, "open xenstore");
	suspend = control(xs, domid, "feature-suspend");
	poweroff = control(xs, domid, "feature-poweroff");
	*ret = says(suspend, "0") ||
	       ((!suspend || !*suspend) && says(poweroff, "1"));
	free(suspend);
	free(poweroff);
	xs_close(xs);
	return 0;
}

/* ---- whose disks are these as well? ---- */

struct same {
	dev_t dev;
	ino_t ino; /* 0 for a block device */
};

/* What @path is, by whatever name; false: nothing that can be told apart. */
static bool
identify(const char *path, struct same *ret)
{
	struct stat st;

	if (!path || path[0] != '/' || stat(path, &st))
		return false;
	if (S_ISBLK(st.st_mode)) {
		ret->dev = st.st_rdev;
		ret->ino = 0;
		return true;
	}
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	return S_ISREG(st.st_mode);
}

static void
compare(struct domain_info *info, const libxl_device_disk *other,
	const char *name)
{
	struct same theirs, ours;
	unsigned int i;

	if (!other->readwrite || other->is_cdrom ||
	    !identify(other->pdev_path, &theirs))
		return;
	for (i = 0; i < info->n_disks; i++) {
		struct domain_disk *d = &info->disks[i];

		if (identify(d->source, &ours) && ours.dev == theirs.dev &&
		    ours.ino == theirs.ino)
			snprintf(d->shared_with, sizeof(d->shared_with), "%s",
				 name);
	}
}

static void
compare_all(struct domain_info *info, libxl_ctx *ctx, uint32_t domid)
{
	libxl_device_disk *disks;
	char *name = NULL;
	char number[24];
	int i, n = 0;

	snprintf(number, sizeof(number), "number %u", domid);
	disks = libxl_device_disk_list(ctx, domid, &n);
	if (n > 0)
		name = libxl_domid_to_name(ctx, domid);
	for (i = 0; i < n; i++)
		compare(info, &disks[i], name ? name : number);
	free(name);
	libxl_device_disk_list_free(disks, n);
}

int
lx_sharers(struct domain_info *info, struct err *err)
{
	libxl_dominfo *all = NULL;
	libxl_ctx *ctx = NULL;
	char uuid[DOMAIN_UUID_LEN + 1];
	struct lx_log log;
	int i, n = 0, rc = -1;

	if (lx_open(&log, &ctx, err))
		goto out;
	all = libxl_list_domain(ctx, &n);
	if (!all) {
		lx_error(&log, ERROR_FAIL, err, "list the domains");
		goto out;
	}
	for (i = 0; i < n; i++) {
		lx_uuid(&all[i].uuid, uuid);
		if (strcmp(uuid, info->uuid) != 0)
			compare_all(info, ctx, all[i].domid);
	}
	rc = 0;
out:
	libxl_dominfo_list_free(all, n);
	libxl_ctx_free(ctx);
	return rc;
}
