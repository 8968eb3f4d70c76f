/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lv_look.c - see lv_look.h. */
#include "lv_look.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lv_health.h"
#include "view_health.h"

/* Of all volumes, since the first question after lv_look_begin(). */
static struct report {
	pthread_mutex_t lock;
	unsigned int users;
	bool read;
	struct lvm_lv *lvs;
	unsigned int n;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
lv_look_begin(void)
{
	pthread_mutex_lock(&kept.lock);
	kept.users++;
	pthread_mutex_unlock(&kept.lock);
}

void
lv_look_end(void)
{
	pthread_mutex_lock(&kept.lock);
	if (--kept.users == 0) {
		free(kept.lvs);
		kept.lvs = NULL;
		kept.n = 0;
		kept.read = false;
	}
	pthread_mutex_unlock(&kept.lock);
}

/* ---- one view ---- */

static void
find_uuid(const char *uuid, const struct lvm_lv *lvs, unsigned int n,
	  struct lvm_lv *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; uuid[0] && i < n; i++)
		if (strcmp(lvs[i].uuid, uuid) == 0)
			*ret = lvs[i];
}

static int
judge(const struct disk_view_ref *ref, const struct lvm_lv *lvs, unsigned int n,
      struct lvm_lv *ret, struct lvm_lv *ret_pool, struct disk_view_health *h)
{
	const struct lvm_lv *lv;

	view_health_init(h);
	lv = lv_health_judge(ref, lvs, n, h);
	if (!lv)
		return 0;
	*ret = *lv;
	if (ret_pool)
		find_uuid(lv->pool_uuid, lvs, n, ret_pool);
	return 1;
}

/* With its disk and its pool in the same report: a second one would cost as
 * much again. */
static int
ask(const struct disk_view_ref *ref, const struct lvm_lv *view, bool pools,
    struct lvm_lv **ret, unsigned int *ret_n, struct err *err)
{
	char disk_vg[LVM_NAME_LEN] = "", disk[LVM_NAME_LEN] = "";
	const struct lvm_name want[] = {
		{ ref->view_uuid, view->vg, view->name },
		{ ref->source_uuid, disk_vg, disk },
	};

	/* A copy-on-write volume that no disk uses has none. */
	if (lv_health_split(ref->source, disk_vg, disk))
		disk_vg[0] = disk[0] = '\0';
	return lvm_find_named(want, 2, pools, ret, ret_n, err);
}

/* Under the lock. */
static int
read_kept(struct err *err)
{
	if (!kept.read && lvm_find_all(&kept.lvs, &kept.n, err))
		return -1;
	kept.read = true;
	return 0;
}

/* By the report that is kept.  Under the lock. */
static int
look_kept(const struct disk_view_ref *ref, struct lvm_lv *ret,
	  struct lvm_lv *ret_pool, struct disk_view_health *h, struct err *err)
{
	if (read_kept(err))
		return -1;
	return judge(ref, kept.lvs, kept.n, ret, ret_pool, h);
}

int
lv_look(const struct disk_view_ref *ref, struct lvm_lv *ret,
	struct lvm_lv *ret_pool, struct disk_view_health *h, struct err *err)
{
	struct lvm_lv *lvs;
	unsigned int n;
	bool keeps;
	int r = 0;

	if (lv_health_split(ref->view, ret->vg, ret->name))
		return err_set(err, ERR_CORRUPT, 0, "'%s' is no logical volume",
			       ref->view);
	pthread_mutex_lock(&kept.lock);
	keeps = kept.users > 0;
	if (keeps)
		r = look_kept(ref, ret, ret_pool, h, err);
	pthread_mutex_unlock(&kept.lock);
	if (keeps)
		return r;
	if (ask(ref, ret, ret_pool != NULL, &lvs, &n, err))
		return -1;
	r = judge(ref, lvs, n, ret, ret_pool, h);
	free(lvs);
	return r;
}

/* ---- one disk ---- */

int
lv_look_disk(const char *uuid, const char *pool, struct lvm_lv *ret,
	     struct lvm_lv *ret_pool, struct err *err)
{
	const struct lvm_name want[] = { { uuid, "", "" }, { pool, "", "" } };
	struct lvm_lv *lvs = NULL;
	unsigned int n = 0;
	bool keeps;
	int rc = 0;

	pthread_mutex_lock(&kept.lock);
	keeps = kept.users > 0;
	if (keeps)
		rc = read_kept(err);
	if (keeps && rc == 0) {
		find_uuid(uuid, kept.lvs, kept.n, ret);
		find_uuid(pool, kept.lvs, kept.n, ret_pool);
	}
	pthread_mutex_unlock(&kept.lock);
	if (keeps)
		return rc;
	rc = lvm_find_named(want, 2, false, &lvs, &n, err);
	find_uuid(uuid, lvs, n, ret);
	find_uuid(pool, lvs, n, ret_pool);
	free(lvs);
	return rc;
}
