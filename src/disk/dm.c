/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm.c - see dm.h: all that the kernel is asked and told.
 *
 * libdevmapper keeps state of its own (the control device, lists of nodes to
 * make), so one mutex is around each task, and the control device is closed
 * after it: a program that is started meanwhile must not inherit it.
 *
 * udev: libdevmapper can wait for udev through a semaphore that outlives a
 * killed process; we don't, since what we make is opened by its number.  But
 * each resume tells udev anew how to treat the device, so we have to say what
 * LVM would say.
 */
#include "dm.h"

#include <errno.h>
#include <libdevmapper.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "units.h"
#include "wake.h"

static pthread_mutex_t dm_lock = PTHREAD_MUTEX_INITIALIZER;

static void __attribute__((format(printf, 5, 6)))
dm_say(int level, const char *file, int line, int class, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	(void)level;
	(void)class;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_debug("%s:%d: %s", file, line, text);
}

/* Take the lock, and make a task of @type; NULL, unlocked, with @err. */
static struct dm_task *
task_begin(int type, const char *name, struct err *err)
{
	struct dm_task *t;

	pthread_mutex_lock(&dm_lock);
	dm_log_with_errno_init(dm_say);
	dm_udev_set_sync_support(0);
	t = dm_task_create(type);
	if (t && name && !dm_task_set_name(t, name)) {
		dm_task_destroy(t);
		t = NULL;
	}
	if (!t) {
		pthread_mutex_unlock(&dm_lock);
		err_set(err, ERR_NOMEM, 0, "device-mapper: no task for %s",
			name ? name : "it");
	}
	return t;
}

static void
task_end(struct dm_task *t)
{
	dm_task_destroy(t);
	dm_lib_release();
	pthread_mutex_unlock(&dm_lock);
}

static enum err_code
code_of(int sys)
{
	switch (sys) {
	case ENXIO:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ENODEV:
		return ERR_UNSUPPORTED;
	case EBUSY:
		return ERR_BUSY;
	case ENOSPC:
		return ERR_NOSPC;
	default:
		return ERR_IO;
	}
}

/* Without the control device there is no errno of an ioctl to tell it. */
static int
task_run(struct dm_task *t, const char *verb, const char *name, struct err *err)
{
	int sys;

	errno = 0;
	if (dm_task_run(t))
		return 0;
	sys = dm_task_get_errno(t);
	if (!sys)
		sys = errno ? errno : ENODEV;
	return err_set(err, code_of(sys), sys, "device-mapper: %s %s", verb,
		       name);
}

static void
copy_dev(struct dm_task *t, const struct dm_info *info, struct dm_dev *ret)
{
	const char *name = dm_task_get_name(t);
	const char *uuid = dm_task_get_uuid(t);

	ret->exists = true;
	snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", uuid ? uuid : "");
	ret->major = info->major;
	ret->minor = info->minor;
	ret->open_count = info->open_count < 0 ? 0 :
						 (unsigned int)info->open_count;
	ret->suspended = info->suspended;
	ret->read_only = info->read_only;
	ret->live_table = info->live_table;
	ret->inactive_table = info->inactive_table;
}

static int
run_info(struct dm_task *t, const char *what, struct dm_dev *ret,
	 struct err *err)
{
	struct dm_info info;

	memset(ret, 0, sizeof(*ret));
	if (task_run(t, "look at", what, err))
		return -1;
	if (!dm_task_get_info(t, &info))
		return err_set(err, ERR_IO, 0, "device-mapper: look at %s",
			       what);
	if (info.exists)
		copy_dev(t, &info, ret);
	return 0;
}

int
dm_find_name(const char *name, struct dm_dev *ret, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_INFO, name, err);
	int rc;

	if (!t)
		return -1;
	rc = run_info(t, name, ret, err);
	task_end(t);
	return rc;
}

int
dm_find_uuid(const char *uuid, struct dm_dev *ret, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_INFO, NULL, err);
	int rc = -1;

	if (!t)
		return -1;
	if (!dm_task_set_uuid(t, uuid))
		err_set(err, ERR_INVALID, 0, "device-mapper: uuid %s", uuid);
	else
		rc = run_info(t, uuid, ret, err);
	task_end(t);
	return rc;
}

int
dm_find_number(unsigned int major, unsigned int minor, struct dm_dev *ret,
	       struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_INFO, NULL, err);
	char what[32];
	int rc = -1;

	if (!t)
		return -1;
	snprintf(what, sizeof(what), "%u:%u", major, minor);
	if (!dm_task_set_major_minor(t, (int)major, (int)minor, 0))
		err_set(err, ERR_INVALID, 0, "device-mapper: device %s", what);
	else
		rc = run_info(t, what, ret, err);
	task_end(t);
	return rc;
}

static int
first_target(struct dm_task *t, const char *name, struct dm_target *ret,
	     struct err *err)
{
	char *type = NULL, *params = NULL;
	struct dm_info info;
	void *next;

	memset(ret, 0, sizeof(*ret));
	if (!dm_task_get_info(t, &info) || !info.exists)
		return err_set(err, ERR_NOTFOUND, 0,
			       "device-mapper: no device %s", name);
	next = dm_get_next_target(t, NULL, &ret->start, &ret->length, &type,
				  &params);
	if (!type)
		return err_set(err, ERR_NOTFOUND, 0,
			       "device-mapper: %s has no table", name);
	snprintf(ret->type, sizeof(ret->type), "%s", type);
	if (strlen(params) >= sizeof(ret->params))
		return err_set(
			err, ERR_IO, 0,
			"device-mapper: %s has a table line of %zu bytes", name,
			strlen(params));
	memcpy(ret->params, params, strlen(params) + 1);
	for (ret->n_targets = 1; next; ret->n_targets++) {
		uint64_t start, length;

		next = dm_get_next_target(t, next, &start, &length, &type,
					  &params);
	}
	return 0;
}

static int
get_target(int type, const char *name, struct dm_target *ret, struct err *err)
{
	struct dm_task *t = task_begin(type, name, err);
	int rc;

	if (!t)
		return -1;
	dm_task_no_flush(t);
	rc = task_run(t, "read", name, err);
	if (rc == 0)
		rc = first_target(t, name, ret, err);
	task_end(t);
	return rc;
}

int
dm_table(const char *name, struct dm_target *ret, struct err *err)
{
	return get_target(DM_DEVICE_TABLE, name, ret, err);
}

int
dm_status(const char *name, struct dm_target *ret, struct err *err)
{
	return get_target(DM_DEVICE_STATUS, name, ret, err);
}

int
dm_has_target(const char *type, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_LIST_VERSIONS, NULL, err);
	struct dm_versions *v;
	int rc = -1;

	if (!t)
		return -1;
	if (task_run(t, "list", "targets", err) == 0) {
		rc = 0;
		for (v = dm_task_get_versions(t); v;
		     v = v->next ? (void *)((char *)v + v->next) : NULL)
			rc |= strcmp(v->name, type) == 0;
	}
	task_end(t);
	return rc;
}

static int
suspend_once(const char *name, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_SUSPEND, name, err);
	int rc;

	if (!t)
		return -1;
	rc = task_run(t, "suspend", name, err);
	task_end(t);
	return rc;
}

/* The kernel's wait for what is under way ends at any signal. */
int
dm_suspend(const char *name, unsigned int limit_ms, struct err *err)
{
	uint64_t from = clock_ns();
	struct wake wake;
	char text[24];
	int rc;

	if (wake_begin(&wake, limit_ms, err))
		return -1;
	for (;;) {
		rc = suspend_once(name, err);
		if (rc == 0 || err->sys != EINTR)
			break;
		if (clock_ms_since(from) >= limit_ms) {
			err_set(err, ERR_TIMEOUT, 0,
				"%s: its reads and writes under way are not "
				"done within %s",
				name, units_ms(limit_ms, text, sizeof(text)));
			break;
		}
	}
	wake_end(&wake);
	return rc;
}

static uint16_t
udev_flags(enum dm_udev udev)
{
	switch (udev) {
	case DM_UDEV_SNAPSHOT:
		return DM_UDEV_DISABLE_LIBRARY_FALLBACK |
		       DM_UDEV_LOW_PRIORITY_FLAG;
	case DM_UDEV_UNREADY:
		return DM_UDEV_DISABLE_LIBRARY_FALLBACK |
		       DM_UDEV_LOW_PRIORITY_FLAG |
		       DM_UDEV_DISABLE_DISK_RULES_FLAG |
		       DM_UDEV_DISABLE_OTHER_RULES_FLAG;
	case DM_UDEV_VOLUME:
	default:
		return DM_UDEV_DISABLE_LIBRARY_FALLBACK;
	}
}

static int
resume_once(const char *name, enum dm_udev udev, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_RESUME, name, err);
	uint32_t cookie = 0;
	int rc;

	if (!t)
		return -1;
	if (!dm_task_set_cookie(t, &cookie, udev_flags(udev)))
		log_debug("device-mapper: no udev flags for %s", name);
	rc = task_run(t, "resume", name, err);
	task_end(t);
	return rc;
}

/* Putting a new table into use suspends for a moment, so signals matter. */
int
dm_resume(const char *name, enum dm_udev udev, struct err *err)
{
	int rc;

	do
		rc = resume_once(name, udev, err);
	while (rc && err->sys == EINTR);
	return rc;
}

int
dm_load(const char *name, const struct dm_target *target, bool read_only,
	struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_RELOAD, name, err);
	int rc = -1;

	if (!t)
		return -1;
	if (!dm_task_add_target(t, target->start, target->length, target->type,
				target->params) ||
	    (read_only && !dm_task_set_ro(t)))
		err_set(err, ERR_NOMEM, 0, "device-mapper: load %s", name);
	else
		rc = task_run(t, "load a table into", name, err);
	task_end(t);
	return rc;
}

int
dm_clear(const char *name, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_CLEAR, name, err);
	int rc;

	if (!t)
		return -1;
	rc = task_run(t, "clear", name, err);
	task_end(t);
	return rc;
}

int
dm_message(const char *name, const char *text, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_TARGET_MSG, name, err);
	char verb[80];
	int rc = -1;

	if (!t)
		return -1;
	snprintf(verb, sizeof(verb), "send '%s' to", text);
	if (!dm_task_set_sector(t, 0) || !dm_task_set_message(t, text))
		err_set(err, ERR_NOMEM, 0, "device-mapper: %s %s", verb, name);
	else
		rc = task_run(t, verb, name, err);
	task_end(t);
	return rc;
}

/* ---- making and removing ---- */

static int
fill_task(struct dm_task *t, const char *uuid, const struct dm_target *target,
	  bool read_only)
{
	uint32_t cookie = 0;

	return dm_task_set_uuid(t, uuid) &&
	       dm_task_add_target(t, target->start, target->length,
				  target->type, target->params) &&
	       (!read_only || dm_task_set_ro(t)) &&
	       dm_task_set_cookie(t, &cookie, udev_flags(DM_UDEV_UNREADY));
}

int
dm_make(const char *name, const char *uuid, const struct dm_target *target,
	bool read_only, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_CREATE, name, err);
	int rc = -1;

	if (!t)
		return -1;
	if (!fill_task(t, uuid, target, read_only))
		err_set(err, ERR_NOMEM, 0, "device-mapper: make %s", name);
	else
		rc = task_run(t, "make", name, err);
	task_end(t);
	return rc;
}

int
dm_remove(const char *name, struct err *err)
{
	struct dm_task *t = task_begin(DM_DEVICE_REMOVE, name, err);
	uint32_t cookie = 0;
	int rc;

	if (!t)
		return -1;
	if (!dm_task_set_cookie(t, &cookie, udev_flags(DM_UDEV_UNREADY)))
		log_debug("device-mapper: no udev flags for %s", name);
	rc = task_run(t, "remove", name, err);
	task_end(t);
	return rc;
}
