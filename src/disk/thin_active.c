/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thin_active.c - see thin_active.h. */
#include "thin_active.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "disk_lv.h"
#include "fail.h"
#include "log.h"
#include "view_name.h"

#define POOL_LAYER "-tpool" /* what LVM puts behind the uuid of its device */

#define REMOVE_LIMIT_MS 1000u
#define REMOVE_STEP_MS 20u

/* What this process has activated. */
#define ACTIVATED_MAX 64

static struct activated {
	char uuid[LVM_UUID_LEN];
	unsigned int readers;
	bool made; /* without LVM */
} activated[ACTIVATED_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
thin_active_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
thin_active_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static int
change_activation(const char *name, const char *how, struct err *err)
{
	const char *words[] = {
		"lvchange", how,  "-K", "--config", "activation{monitoring=0}",
		"--",       name, NULL
	};

	return lvm_run(words, err);
}

/* The entry of @uuid, or an empty one; NULL when all are taken. */
static struct activated *
activated_find(const char *uuid)
{
	struct activated *empty = NULL;

	for (size_t i = 0; i < ACTIVATED_MAX; i++) {
		if (activated[i].readers == 0)
			empty = empty ? empty : &activated[i];
		else if (strcmp(activated[i].uuid, uuid) == 0)
			return &activated[i];
	}
	return empty;
}

/* ---- without LVM ---- */

/* The pool's device, as it is in @table. */
static bool
is_pool(const struct dm_thin_table *table, const struct lvm_lv *pool,
	struct dm_dev *ret)
{
	char uuid[LVM_DM_UUID_LEN + sizeof(POOL_LAYER)];
	struct err ignored = ERR_INIT;

	lvm_dm_uuid(pool, uuid);
	strcat(uuid, POOL_LAYER);
	return dm_find_number(table->pool_major, table->pool_minor, ret,
			      &ignored) == 0 &&
	       ret->exists && strcmp(ret->uuid, uuid) == 0;
}

/*
 * The table that LVM would load: that of the disk, with the view's number.  An
 * external origin is not in LVM's reports, but the disk has the same.
 */
static bool
make_table(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	   const struct lvm_lv *pool, struct dm_target *ret,
	   struct dm_dev *ret_pool)
{
	struct err ignored = ERR_INIT;
	struct lvm_lv source = *lv;
	struct dm_thin_table thin;
	struct dm_dev dev;

	if (strlen(ref->source_uuid) >= sizeof(source.uuid))
		return false;
	strcpy(source.uuid, ref->source_uuid);
	if (lv_dev(&source, &dev, &ignored) || !dev.exists ||
	    dm_table(dev.name, ret, &ignored) ||
	    dm_thin_table(ret, &thin, &ignored) || thin.external_origin ||
	    !is_pool(&thin, pool, ret_pool))
		return false;
	ret->start = 0;
	ret->length = lv->bytes / DM_SECTOR;
	snprintf(ret->params, sizeof(ret->params), "%u:%u %" PRIu64,
		 thin.pool_major, thin.pool_minor, lv->thin_id);
	return true;
}

/* Is the pool as it was when LVM told what @pool is? */
static bool
is_current(const struct dm_dev *dev, const struct lvm_lv *pool)
{
	struct err ignored = ERR_INIT;
	struct dm_pool_status s;
	struct dm_target status;

	return dm_status(dev->name, &status, &ignored) == 0 &&
	       dm_pool_status(&status, &s, &ignored) == 0 &&
	       s.transaction_id == pool->transaction_id;
}

/* udev may have it open for a moment. */
static int
remove_device(const char *name, struct err *err)
{
	uint64_t from = clock_ns();

	while (dm_remove(name, err)) {
		if (err->code != ERR_BUSY ||
		    clock_ms_since(from) > REMOVE_LIMIT_MS)
			return -1;
		err_clear(err);
		clock_sleep_ms(REMOVE_STEP_MS);
	}
	return 0;
}

/* A device of that name and another number would be taken for the view's. */
static int
remove_wrong(const char *name, struct err *err)
{
	if (remove_device(name, err) == 0)
		return 0;
	return err_more(err,
			"it may show another volume, so end who has it open, "
			"and `dmsetup remove %s`",
			name);
}

/*
 * The device that LVM would make, in milliseconds where LVM takes tenths of a
 * second; by name and uuid it is LVM's, which can take it away.  That the
 * number is still that of this volume the pool's transaction tells: LVM raises
 * it with each volume that it makes or removes, and the kernel does not remove
 * what is open.  1; 0 when only LVM can do it, or tell why it cannot; -1.
 */
static int
make_device(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	    const struct lvm_lv *pool, struct err *err)
{
	char name[VIEW_NAME_MAX + 1], uuid[LVM_DM_UUID_LEN];
	struct err why = ERR_INIT;
	struct dm_target table;
	struct dm_dev of_pool;

	if (!pool->uuid[0] || strcmp(lv->permissions, "read-only") != 0 ||
	    view_name_dm(lv->vg, lv->name, "", name, &why) ||
	    !make_table(ref, lv, pool, &table, &of_pool) ||
	    !is_current(&of_pool, pool))
		return 0;
	lvm_dm_uuid(lv, uuid);
	if (dm_make(name, uuid, &table, true, &why)) {
		log_debug("%s: %s", name, why.text);
		return 0;
	}
	fail_here("disk.thin.made");
	if (is_current(&of_pool, pool))
		return 1;
	return remove_wrong(name, err);
}

/* ---- readers ---- */

static int
activate(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	 const struct lvm_lv *pool, bool *ret_made, struct err *err)
{
	char name[2 * LVM_NAME_LEN];
	int r = make_device(ref, lv, pool, err);

	*ret_made = r > 0;
	if (r)
		return r < 0 ? -1 : 0;
	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	return change_activation(name, "-ay", err);
}

int
thin_activate(const struct disk_view_ref *ref, const struct lvm_lv *lv,
	      const struct lvm_lv *pool, struct dm_dev *ret, struct err *err)
{
	struct activated *a = activated_find(lv->uuid);

	if (lv_dev(lv, ret, err))
		return -1;
	if (ret->exists) {
		if (a && a->readers)
			a->readers++;
		return 0;
	}
	if (!a)
		return err_set(err, ERR_BUSY, 0, "over %d views open at once",
			       ACTIVATED_MAX);
	if (activate(ref, lv, pool, &a->made, err))
		return -1;
	snprintf(a->uuid, sizeof(a->uuid), "%s", lv->uuid);
	a->readers = 1;
	if (lv_dev(lv, ret, err))
		return -1;
	return ret->exists ? 0 :
			     err_set(err, ERR_STATE, 0,
				     "/dev/%s/%s does not become active",
				     lv->vg, lv->name);
}

/* By the device's name: LVM's may have changed meanwhile. */
void
thin_deactivate(const struct dm_dev *dev)
{
	char vg_uuid[LVM_UUID_LEN], uuid[LVM_UUID_LEN], path[DM_NAME_MAX + 16];
	struct err e = ERR_INIT;
	struct activated *a;
	int rc;

	if (lvm_split_dm_uuid(dev->uuid, vg_uuid, uuid))
		return;
	a = activated_find(uuid);
	if (!a || a->readers == 0 || --a->readers > 0)
		return;
	snprintf(path, sizeof(path), "/dev/mapper/%s", dev->name);
	rc = a->made ? remove_device(dev->name, &e) :
		       change_activation(path, "-an", &e);
	if (rc)
		log_info("%s stays active: %s", path, e.text);
}
