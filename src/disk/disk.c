/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk.c - see disk.h: which driver, and the questions that concern several. */
#include "disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "changes.h"
#include "config.h"
#include "fd.h"
#include "log.h"
#include "units.h"
#include "view_health.h"
#ifdef HAVE_LVM
#include "disk_lv.h"
#include "lv_look.h"
#include "thin_mapped.h"
#include "thin_snap.h"
#endif
#ifdef HAVE_SIM
#include "disk_sim.h"
#endif

static const struct disk_ops *const drivers[] = {
#ifdef HAVE_SIM
	&disk_sim_ops,     &disk_sim_thin_ops,
#endif
#ifdef HAVE_LVM
	&disk_thin_ops,    &disk_classic_ops,
#endif
	&disk_reflink_ops, &disk_copy_ops,     NULL,
};

/* ---- one disk ---- */

static int
open_by(const struct disk_ops *ops, const char *path, struct disk **ret,
	struct err *err)
{
	if (ops->open(path, ret, err))
		return -1;
	(*ret)->folder = -1;
	return 0;
}

int
disk_open(const char *path, struct disk **ret, struct err *err)
{
	for (size_t i = 0; drivers[i]; i++) {
		int r = drivers[i]->claims(path, err);

		if (r < 0)
			return -1;
		if (r > 0)
			return open_by(drivers[i], path, ret, err);
	}
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "%s is neither a file nor a block device", path);
}

int
disk_open_copy(const char *path, struct disk **ret, struct err *err)
{
	return open_by(&disk_copy_ops, path, ret, err);
}

int
disk_plan(struct disk *d, const struct disk_owner *owner,
	  const struct disk_cow_size *cow, struct err *err)
{
	return d->ops->plan(d, owner, cow, err);
}

int
disk_rehearse(struct disk *d, struct err *err)
{
	return d->ops->rehearse ? d->ops->rehearse(d, err) : 0;
}

int
disk_prepare(struct disk *d, struct err *err)
{
	return d->ops->prepare(d, err);
}

int
disk_hold(struct disk *d, struct err *err)
{
	assert(d->ops->can & DISK_CAN_HOLD);
	return d->ops->hold(d, err);
}

int
disk_view(struct disk *d, struct err *err)
{
	return d->ops->view(d, err);
}

int
disk_sync(struct disk *d, struct err *err)
{
	return d->ops->sync ? d->ops->sync(d, err) : 0;
}

int
disk_release(struct disk *d, struct err *err)
{
	return d->ops->release(d, err);
}

void
disk_close(struct disk *d)
{
	if (d)
		d->ops->close(d);
}

/* ---- several disks ---- */

static int
group_room(const struct disk *d, uint64_t *ret, struct err *err)
{
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_group_free(d->group, ret, err);
#else
	(void)err;
#endif
	*ret = d->free_bytes;
	return 0;
}

/* Of the disks from @first on that share its group; the first one asks. */
static int
check_group(struct disk *const *disks, unsigned int first, unsigned int n,
	    struct err *err)
{
	const char *group = disks[first]->group;
	uint64_t need = 0, room = 0;
	char need_text[24], room_text[24];
	unsigned int i, members = 0;

	for (i = 0; i < first; i++)
		if (strcmp(disks[i]->group, group) == 0)
			return 0;
	for (i = first; i < n; i++) {
		if (strcmp(disks[i]->group, group) != 0)
			continue;
		members += disks[i]->need_bytes > 0;
		if (__builtin_add_overflow(need, disks[i]->need_bytes, &need))
			need = UINT64_MAX;
	}
	if (need == 0 || group_room(disks[first], &room, err))
		return need == 0 ? 0 : -1;
	if (need <= room)
		return 0;
	return err_set(err, ERR_NOSPC, 0,
		       "volume group %s has %s free, the views of %u disks "
		       "need %s",
		       group, units_size(room, room_text, sizeof(room_text)),
		       members, units_size(need, need_text, sizeof(need_text)));
}

int
disk_groups_have_room(struct disk *const *disks, unsigned int n,
		      struct err *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (disks[i]->group[0] && check_group(disks, i, n, err))
			return -1;
	return 0;
}

void
disk_warm(struct disk *const *disks, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const char *path = disks[i]->ref.source;
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fsync(fd))
			log_debug("write out %s: %s", path, strerror(errno));
		fd_close(&fd);
	}
}

/* ---- views on record ---- */

static const struct disk_ops *
driver_of(const struct disk_view_ref *ref, struct err *err)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, ref->driver) == 0)
			return drivers[i];
	err_set(err, ERR_UNSUPPORTED, 0,
		"%s: this program has no driver called '%s'", ref->view,
		ref->driver);
	return NULL;
}

int
disk_view_state(const struct disk_view_ref *ref, struct disk_view_health *ret,
		struct err *err)
{
	const struct disk_ops *ops = driver_of(ref, err);

	view_health_init(ret);
	return ops ? ops->view_state(ref, ret, err) : -1;
}

void
disk_look_begin(void)
{
#ifdef HAVE_LVM
	lv_look_begin();
#endif
}

void
disk_look_end(void)
{
#ifdef HAVE_LVM
	lv_look_end();
#endif
}

int
disk_view_open(const struct disk_view_ref *ref, int *ret_fd, struct err *err)
{
	const struct disk_ops *ops = driver_of(ref, err);

	*ret_fd = -1;
	return ops ? ops->view_open(ref, ret_fd, err) : -1;
}

int
disk_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	const struct disk_ops *ops = driver_of(ref, err);

	return ops ? ops->view_close(ref, fd, err) : -1;
}

int
disk_view_drop(const struct disk_view_ref *ref, struct err *err)
{
	const struct disk_ops *ops = driver_of(ref, err);

	return ops ? ops->view_drop(ref, err) : -1;
}

int
disk_changes(const struct disk_view_ref *base, const struct disk_view_ref *view,
	     int fd, struct disk_changes *ret, struct err *err)
{
	const struct disk_ops *ops = driver_of(base, err);
	struct disk_pair pair = { .base = base, .view = view, .view_fd = fd };

	memset(ret, 0, sizeof(*ret));
	return ops ? changes_ask(ops, &pair, ret, err) : -1;
}

int
disk_changes_since(const struct disk_view_ref *base, int base_fd, int fd,
		   struct disk_changes *ret, struct err *err)
{
	const struct disk_ops *ops = driver_of(base, err);

	memset(ret, 0, sizeof(*ret));
	return ops ? changes_ask_disk(ops, base, base_fd, fd, ret, err) : -1;
}

int
disk_mapped(int fd, const char *name, struct disk_changes *ret, struct err *err)
{
#ifdef HAVE_LVM
	return thin_mapped(fd, name, ret, err);
#else
	(void)fd;
	memset(ret, 0, sizeof(*ret));
	return err_set(err, ERR_UNSUPPORTED, 0, "%s is no thin volume", name);
#endif
}

/* ---- this host ---- */

int
disk_changes_recover(unsigned int *ret_n, struct err *err)
{
	*ret_n = 0;
#ifdef HAVE_SIM
	if (disk_sim_on())
		return 0;
#endif
#ifdef HAVE_LVM
	return thin_snap_recover(ret_n, err);
#else
	(void)err;
	return 0;
#endif
}

int
disk_find_views(struct disk_view_ref **ret, char ***ret_owners,
		unsigned int *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	if (ret_owners)
		*ret_owners = NULL;
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_find_views(ret, ret_owners, ret_n, err);
#endif
#ifdef HAVE_LVM
	return lv_find_views(ret, ret_owners, ret_n, err);
#else
	(void)err;
	return 0;
#endif
}

int
disk_release_device(const char *device, bool *ret_resumed, struct err *err)
{
	*ret_resumed = false;
#ifdef HAVE_SIM
	if (disk_sim_on())
		return disk_sim_release_device(device, ret_resumed, err);
#endif
#ifdef HAVE_LVM
	return lv_release_device(device, ret_resumed, err);
#else
	(void)device;
	(void)err;
	return 0;
#endif
}

void
disk_set_alive_fd(int fd)
{
#ifdef HAVE_LVM
	lvm_set_alive_fd(fd);
#else
	(void)fd;
#endif
}
