/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thin_active.c - see thin_active.h. */
#include "thin_active.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "disk_lv.h"
#include "log.h"

/* What this process has activated. */
#define ACTIVATED_MAX 64

static struct activated {
	char uuid[LVM_UUID_LEN];
	unsigned int readers;
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

int
thin_activate(const struct lvm_lv *lv, struct dm_dev *ret, struct err *err)
{
	struct activated *a = activated_find(lv->uuid);
	char name[2 * LVM_NAME_LEN];

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
	snprintf(name, sizeof(name), "%s/%s", lv->vg, lv->name);
	if (change_activation(name, "-ay", err))
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

	if (lvm_split_dm_uuid(dev->uuid, vg_uuid, uuid))
		return;
	a = activated_find(uuid);
	if (!a || a->readers == 0 || --a->readers > 0)
		return;
	snprintf(path, sizeof(path), "/dev/mapper/%s", dev->name);
	if (change_activation(path, "-an", &e))
		log_info("%s stays active: %s", path, e.text);
}
