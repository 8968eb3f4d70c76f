/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_clone.c - see disk_clone.h: which driver, and room. */
#include "disk_clone.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "lv_clone.h"
#include "units.h"

static const struct {
	const char *driver;
	const struct disk_clone_ops *ops;
} kinds[] = {
#ifdef HAVE_LVM
	{ "thin", &disk_clone_thin },    { "classic", &disk_clone_classic },
#endif
#ifdef HAVE_SIM
	{ "sim", &disk_clone_sim },      { "sim-thin", &disk_clone_file },
#endif
	{ "reflink", &disk_clone_file }, { "copy", &disk_clone_file },
};

static const struct disk_clone_ops *
ops_of(const char *driver, struct err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].driver, driver) == 0)
			return kinds[i].ops;
	err_set(err, ERR_UNSUPPORTED, 0,
		"this program cannot clone disks of the driver '%s'", driver);
	return NULL;
}

int
disk_clone_plan(const struct disk_clone_want *w, struct disk_clone *ret,
		struct err *err)
{
	const struct disk_clone_ops *ops = ops_of(w->view->driver, err);

	if (!ops)
		return -1;
	memset(ret, 0, sizeof(*ret));
	strcpy(ret->driver, w->view->driver);
	strcpy(ret->token, w->token);
	ret->bytes = w->view->bytes;
	return ops->plan(w, ret, err);
}

/* Of the disks from @first on that share its group; the first one asks. */
static int
check_group(const struct disk_clone *c, unsigned int first, unsigned int n,
	    unsigned int times, struct err *err)
{
	char a[24], b[24];
	uint64_t need = 0;

	for (unsigned int i = 0; i < first; i++)
		if (strcmp(c[i].group, c[first].group) == 0)
			return 0;
	for (unsigned int i = first; i < n; i++)
		if (strcmp(c[i].group, c[first].group) == 0)
			need += c[i].base_bytes + times * c[i].need_bytes;
	if (need <= c[first].free_bytes)
		return 0;
	return err_set(err, ERR_NOSPC, 0,
		       "volume group %s has %s free, and the disks of %u "
		       "clone%s need %s",
		       c[first].group,
		       units_size(c[first].free_bytes, a, sizeof(a)), times,
		       units_s(times), units_size(need, b, sizeof(b)));
}

int
disk_clone_room(const struct disk_clone *c, unsigned int n, unsigned int times,
		struct err *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (c[i].group[0] && check_group(c, i, n, times, err))
			return -1;
	return 0;
}

int
disk_clone_make(const struct disk_clone_want *w, const struct disk_clone *c,
		const struct copy_task *how, struct err *err)
{
	const struct disk_clone_ops *ops = ops_of(c->driver, err);

	return ops ? ops->make(w, c, how, err) : -1;
}

int
disk_clone_drop(const struct disk_clone *c, struct err *err)
{
	const struct disk_clone_ops *ops = ops_of(c->driver, err);

	return ops ? ops->drop(c, err) : -1;
}

void
disk_clone_tag(const char *token, char ret[DISK_CLONE_TAG])
{
	snprintf(ret, DISK_CLONE_TAG, "xensnap-clone:%s", token);
}

int
disk_clone_drop_bases(const char *generation, struct err *err)
{
#ifdef HAVE_LVM
	return lv_clone_drop_bases(generation, err);
#else
	(void)generation;
	(void)err;
	return 0;
#endif
}
