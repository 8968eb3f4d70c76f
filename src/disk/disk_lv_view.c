/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_lv_view.c - see disk_lv.h: views that are there, found and dropped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "clock.h"
#include "disk_lv.h"
#include "fail.h"
#include "fd.h"
#include "log.h"
#include "lv_look.h"
#include "view_health.h"

/*
 * LVM suspends a volume for milliseconds, seconds when there is much to write
 * out; who died never resumes it.  And udev opens what has just changed.
 */
#define SETTLE_MS 3000u
#define SETTLE_STEP_MS 50u

/* ---- its device ---- */

int
lv_dev(const struct lvm_lv *lv, struct dm_dev *ret, struct err *err)
{
	char uuid[LVM_DM_UUID_LEN];

	lvm_dm_uuid(lv, uuid);
	return dm_find_uuid(uuid, ret, err);
}

/* ---- read ---- */

/* By number: udev may not have made its links yet. */
int
lv_read_open(const struct dm_dev *dev, struct err *err)
{
	char path[40];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/dm-%u", dev->minor);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s (%s)", dev->name,
			       path);
	if (fstat(fd, &st) || !S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(dev->major, dev->minor)) {
		fd_close(&fd);
		return err_set(err, ERR_IO, 0, "%s is not %s", path, dev->name);
	}
	return fd;
}

/* ---- what is open ---- */

int
lv_open_dev(const struct disk_view_ref *ref, int fd, struct dm_dev *ret,
	    struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, ERR_IO, errno, "look at %s", ref->view);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, ERR_STATE, 0, "%s is no device", ref->view);
	if (dm_find_number(major(st.st_rdev), minor(st.st_rdev), ret, err))
		return -1;
	return ret->exists ?
		       0 :
		       err_set(err, ERR_STATE, 0,
			       "%s is no device of device-mapper", ref->view);
}

int
lv_dev_of_fd(const struct disk_view_ref *ref, int fd, struct dm_dev *ret,
	     struct err *err)
{
	char vg_uuid[LVM_UUID_LEN], lv_uuid[LVM_UUID_LEN];

	if (lv_open_dev(ref, fd, ret, err))
		return -1;
	if (lvm_split_dm_uuid(ret->uuid, vg_uuid, lv_uuid) ||
	    strcmp(lv_uuid, ref->view_uuid) != 0)
		return err_set(err, ERR_STATE, 0,
			       "%s is another volume than it was", ref->view);
	if (!ret->read_only)
		return err_set(err, ERR_STATE, 0,
			       "%s is no longer read-only, so it may have been "
			       "written to",
			       ref->view);
	return 0;
}

int
lv_source_dev(const struct disk_view_ref *ref, const struct dm_dev *view,
	      struct dm_dev *ret, struct err *err)
{
	char uuid[LVM_UUID_LEN];
	struct lvm_lv lv = { .bytes = 0 };

	if (lvm_split_dm_uuid(view->uuid, lv.vg_uuid, uuid) ||
	    strlen(ref->source_uuid) >= sizeof(lv.uuid))
		return err_set(err, ERR_STATE, 0, "%s has no LVM uuid",
			       ref->source);
	memcpy(lv.uuid, ref->source_uuid, strlen(ref->source_uuid) + 1);
	return lv_dev(&lv, ret, err);
}

/* ---- drop ---- */

/* 1 when @busy() says no longer so within SETTLE_MS, 0, or -1. */
static int
settles(const struct lvm_lv *lv, bool (*busy)(const struct dm_dev *dev),
	struct dm_dev *ret, struct err *err)
{
	uint64_t from = clock_ns();

	for (;;) {
		if (lv_dev(lv, ret, err))
			return -1;
		if (!ret->exists || !busy(ret))
			return 1;
		if (clock_ms_since(from) > SETTLE_MS)
			return 0;
		clock_sleep_ms(SETTLE_STEP_MS);
	}
}

static bool
is_suspended(const struct dm_dev *dev)
{
	return dev->suspended;
}

static bool
is_open(const struct dm_dev *dev)
{
	return dev->open_count > 0;
}

/*
 * LVM cannot remove a view while its disk or itself is suspended, and would
 * leave both so.
 */
static int
set_free(const struct lvm_lv *lv, enum dm_udev udev, struct err *err)
{
	struct dm_dev dev;
	int r = settles(lv, is_suspended, &dev, err);

	if (r < 0)
		return -1;
	if (r == 0) {
		if (dm_resume(dev.name, udev, err))
			return -1;
		log_notice("%s was suspended, left so by a dead process; it "
			   "goes on",
			   dev.name);
	}
	return 0;
}

/* A table that waits to be put into use is not to be by accident. */
static int
disarm(const struct lvm_lv *view, struct err *err)
{
	struct dm_dev dev;

	if (lv_dev(view, &dev, err))
		return -1;
	return dev.exists && dev.inactive_table ? dm_clear(dev.name, err) : 0;
}

static int
make_removable(const struct lvm_lv *view, struct err *err)
{
	struct lvm_lv origin = *view;
	struct dm_dev dev;
	int r;

	memcpy(origin.uuid, view->origin_uuid, sizeof(origin.uuid));
	if (disarm(view, err) ||
	    (origin.uuid[0] && set_free(&origin, DM_UDEV_VOLUME, err)) ||
	    set_free(view, DM_UDEV_SNAPSHOT, err))
		return -1;
	r = settles(view, is_open, &dev, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_BUSY, 0, "%s is open", dev.name);
	return 0;
}

/*
 * Of an active thin view in whose device there is no thin table any more LVM
 * takes the device away, stumbles over the pool, and fails ("is used by another
 * device").  The second time there is nothing to stumble over.
 */
static int
remove_volume(const struct lvm_lv *lv, struct err *err)
{
	const char *words[] = { "lvremove", "-y", "--", NULL, NULL };
	char name[2 * LVM_NAME_LEN];
	int rc;

	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	words[3] = name;
	rc = lvm_run(words, err);
	if (rc == 0 || err->code != ERR_BUSY)
		return rc;
	log_info("%s; once more", err->text);
	err_clear(err);
	return lvm_run(words, err);
}

int
lv_view_drop(const struct disk_view_ref *ref, struct err *err)
{
	struct disk_view_health h;
	struct lvm_lv lv;
	int r = lv_look(ref, &lv, NULL, &h, err);

	if (r < 0)
		return -1;
	if (r == 0) {
		log_info("%s: %s: nothing to remove", ref->view, h.why);
		return 0;
	}
	if (make_removable(&lv, err))
		return -1;
	fail_here("disk.drop");
	return remove_volume(&lv, err);
}

/* ---- all of them ---- */

/* The view @lv, which carries the tags @owner, as a record has it. */
static void
make_ref(const struct lvm_lv *lv, const struct view_owner *owner,
	 struct disk_view_ref *ret)
{
	bool thin = strstr(lv->layout, "thin") != NULL;

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->driver, sizeof(ret->driver), "%s",
		 thin ? "thin" : "classic");
	snprintf(ret->view, sizeof(ret->view), "/dev/%s/%s", lv->vg, lv->name);
	if (lv->origin[0])
		snprintf(ret->source, sizeof(ret->source), "/dev/%s/%s", lv->vg,
			 lv->origin);
	snprintf(ret->source_uuid, sizeof(ret->source_uuid), "%s",
		 lv->origin_uuid);
	snprintf(ret->view_uuid, sizeof(ret->view_uuid), "%s", lv->uuid);
	snprintf(ret->generation, sizeof(ret->generation), "%.*s",
		 (int)sizeof(ret->generation) - 1, owner->generation);
	ret->bytes = lv->bytes;
	if (!thin)
		ret->cow_bytes = lv->bytes;
}

static char *
join_owner(const struct view_owner *o)
{
	size_t len = strlen(o->domain) + 1 + strlen(o->snapshot) + 1;
	char *s = malloc(len);

	if (s)
		snprintf(s, len, "%s@%s", o->domain, o->snapshot);
	return s;
}

static void
free_owners(char **owners, unsigned int n)
{
	for (unsigned int i = 0; owners && i < n; i++)
		free(owners[i]);
	free(owners);
}

/* Somebody may use the word "xensnap" for a tag of his own. */
static bool
tells_owner(const struct view_owner *o)
{
	return o->ours && o->domain[0] && o->snapshot[0] && o->generation[0];
}

int
lv_find_views(struct disk_view_ref **ret, char ***ret_owners,
	      unsigned int *ret_n, struct err *err)
{
	struct disk_view_ref *refs = NULL;
	struct lvm_lv *lvs = NULL;
	char **owners = NULL;
	unsigned int n = 0, k = 0;
	int rc = -1;

	if (lvm_find("lv_tags", VIEW_TAG, &lvs, &n, err)) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
	}
	refs = calloc(n ? n : 1, sizeof(*refs));
	owners = calloc(n ? n : 1, sizeof(*owners));
	if (!refs || !owners) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct view_owner o;

		view_tags_read(lvs[i].tags, &o);
		if (!tells_owner(&o))
			continue;
		make_ref(&lvs[i], &o, &refs[k]);
		owners[k] = join_owner(&o);
		if (!owners[k++]) {
			err_set(err, ERR_NOMEM, 0, "out of memory");
			goto out;
		}
	}
	*ret = refs;
	refs = NULL;
	*ret_n = k;
	if (ret_owners) {
		*ret_owners = owners;
		owners = NULL;
	}
	rc = 0;
out:
	free_owners(owners, k);
	free(refs);
	free(lvs);
	return rc;
}

int
lv_release_device(const char *device, bool *ret_resumed, struct err *err)
{
	struct dm_dev dev;

	*ret_resumed = false;
	if (dm_find_name(device, &dev, err)) {
		if (err->code != ERR_UNSUPPORTED)
			return -1;
		err_clear(err);
		return 0;
	}
	if (!dev.exists || !dev.suspended)
		return 0;
	if (dm_resume(device, DM_UDEV_VOLUME, err))
		return -1;
	*ret_resumed = true;
	return 0;
}
