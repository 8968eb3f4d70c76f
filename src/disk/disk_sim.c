/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_sim.c - simulated disks and views, for tests (builds with -Dsim=true,
 * and XENSNAP_SIM in the environment).  The world is test/lib/sim_world.h.
 *
 * What can be made to go wrong, by files in faults/ (see there); each also
 * for one disk, as KNOB.DEVICE ("hold.vg0-root"):
 *
 *   slow        every call sleeps so many ms
 *   plan        planning fails
 *   prepare     making the copy-on-write volume fails
 *   hold        holding fails
 *   view        making the view fails; a held disk stays held
 *   view-half   the same, with a half-made view left
 *   release     letting a held disk go on fails
 *   drop        a view is open by somebody and cannot be dropped
 *   open        opening a view fails
 *   overflow    a view overflows while it is read
 *   state       the state of a view cannot be told
 *   changes     no table tells what differs between two views
 *
 * views/NAME.lost makes a view a lost one, views/NAME.impaired one that can
 * be read; the file's first line is why (none: it ran full).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "disk_sim.h"
#include "disk_sim_tags.h"
#include "disk_sim_view.h"
#include "fd.h"
#include "sim_guest.h"

struct sim_dev {
	struct disk base;
	char name[64];   /* "GROUP-NAME" */
	char owner[160]; /* "DOMAIN@NAME" */
};

/* Lock the world after time has passed. */
static int
enter(int *lock, struct err *err)
{
	sim_slow();
	if (sim_enter(lock, err))
		return -1;
	if (sim_tick_all(2, err) == 0)
		return 0;
	sim_leave(lock);
	return -1;
}

/* Enter, and fail if @knob says so for @device. */
static int
enter_or_fail(int *lock, const char *knob, const char *device, struct err *err)
{
	if (enter(lock, err))
		return -1;
	if (!sim_fault(knob, device))
		return 0;
	sim_leave(lock);
	return err_set(err, ERR_IO, 0, "simulated: %s of %s failed", knob,
		       device);
}

bool
disk_sim_on(void)
{
	return getenv("XENSNAP_SIM") != NULL;
}

/* "DIR/disks/GROUP/NAME" into its parts. */
static bool
split_path(const char *path, char *group, char *device)
{
	char prefix[SIM_PATH_MAX], name[41];
	size_t len;

	if (!disk_sim_on())
		return false;
	sim_path(prefix, "disks/");
	len = strlen(prefix);
	if (strncmp(path, prefix, len) != 0 ||
	    sscanf(path + len, "%20[^/]/%40s", group, name) != 2)
		return false;
	snprintf(device, 64, "%s-%s", group, name);
	return true;
}

static int
claims_kind(const char *path, bool thin)
{
	char group[21], device[64];

	return split_path(path, group, device) &&
	       (strncmp(group, "thin", 4) == 0) == thin;
}

static int
sim_claims(const char *path, struct err *err)
{
	(void)err;
	return claims_kind(path, false);
}

static int
sim_thin_claims(const char *path, struct err *err)
{
	(void)err;
	return claims_kind(path, true);
}

static int
open_kind(const struct disk_ops *ops, const char *path, struct disk **ret,
	  struct err *err)
{
	char group[21], device[64];
	struct sim_dev *s;
	struct stat st;

	if (!split_path(path, group, device))
		return err_set(err, ERR_UNSUPPORTED, 0, "%s: no such disk",
			       path);
	if (stat(path, &st))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "%s", path);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	s->base.ops = ops;
	snprintf(s->base.group, sizeof(s->base.group), "%s", group);
	snprintf(s->name, sizeof(s->name), "%s", device);
	if (ops->can & DISK_CAN_HOLD)
		snprintf(s->base.device, sizeof(s->base.device), "%s", device);
	snprintf(s->base.ref.driver, sizeof(s->base.ref.driver), "%s",
		 ops->name);
	snprintf(s->base.ref.source, sizeof(s->base.ref.source), "%s", path);
	snprintf(s->base.ref.source_uuid, sizeof(s->base.ref.source_uuid),
		 "disk-%ju", (uintmax_t)st.st_ino);
	s->base.ref.bytes = (uint64_t)st.st_size;
	*ret = &s->base;
	return 0;
}

static int
sim_open(const char *path, struct disk **ret, struct err *err)
{
	return open_kind(&disk_sim_ops, path, ret, err);
}

static int
sim_thin_open(const char *path, struct disk **ret, struct err *err)
{
	return open_kind(&disk_sim_thin_ops, path, ret, err);
}

/* ---- before the instant ---- */

static const char *
name_of(const struct disk *d)
{
	return ((const struct sim_dev *)d)->name;
}

static bool
can_hold(const struct disk *d)
{
	return d->ops->can & DISK_CAN_HOLD;
}

static void
choose(struct disk *d, const struct disk_owner *owner,
       const struct disk_cow_size *cow)
{
	struct sim_dev *s = (struct sim_dev *)d;
	uint64_t bytes = 0;

	if (can_hold(d))
		bytes = cow->bytes ? cow->bytes :
				     d->ref.bytes / 100 * cow->percent;
	d->ref.cow_bytes = bytes;
	d->need_bytes = bytes;
	snprintf(s->owner, sizeof(s->owner), "%s@%s", owner->domain,
		 owner->snapshot);
	snprintf(d->ref.generation, sizeof(d->ref.generation), "%s",
		 owner->generation);
	sim_path(d->ref.view, "views/%s.xs-%s", s->name, owner->snapshot);
	snprintf(d->chosen, sizeof(d->chosen), "a view of %" PRIu64 " bytes",
		 bytes);
}

static int
sim_plan(struct disk *d, const struct disk_owner *owner,
	 const struct disk_cow_size *cow, struct err *err)
{
	uint64_t room = 0;
	int lock, rc = -1;

	choose(d, owner, cow);
	if (enter_or_fail(&lock, "plan", name_of(d), err))
		return -1;
	if (sim_held(d->device))
		err_set(err, ERR_STATE, 0, "%s is suspended already",
			d->device);
	else if (sim_there(d->ref.view))
		err_set(err, ERR_EXISTS, 0, "there is a %s already",
			d->ref.view);
	else if (disk_sim_room(d->group, &room, err) == 0 &&
		 room < d->need_bytes)
		err_set(err, ERR_NOSPC, 0,
			"group %s has %" PRIu64 " bytes free, %" PRIu64
			" are needed",
			d->group, room, d->need_bytes);
	else if (err->code == ERR_NONE)
		rc = disk_sim_set_spaces(d, err);
	sim_leave(&lock);
	return rc;
}

static int
sim_prepare(struct disk *d, struct err *err)
{
	int lock, rc = 0;

	if (enter_or_fail(&lock, "prepare", name_of(d), err))
		return -1;
	if (can_hold(d))
		rc = disk_sim_put_tags(&d->ref, ((struct sim_dev *)d)->owner,
				       "cow", err);
	sim_leave(&lock);
	return rc;
}

/* ---- the instant and after it ---- */

static int
set_held(const char *device, bool held, struct err *err)
{
	char path[SIM_PATH_MAX];

	if (!device[0])
		return 0;
	sim_path(path, "held/%s", device);
	if (held)
		return sim_put(path, "", err);
	if (unlink(path) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "release %s", device);
	return 0;
}

static int
sim_hold(struct disk *d, struct err *err)
{
	int lock, rc;

	if (enter_or_fail(&lock, "hold", name_of(d), err))
		return -1;
	rc = set_held(d->device, true, err);
	d->held_ns = clock_ns();
	sim_leave(&lock);
	return rc;
}

static int
make_view(struct disk *d, struct err *err)
{
	struct sim_dev *s = (struct sim_dev *)d;

	if (can_hold(d) && !sim_held(d->device))
		return err_set(err, ERR_STATE, 0, "%s is not held", d->device);
	if (sim_fault("view", s->name))
		return err_set(err, ERR_IO, 0, "simulated: view of %s failed",
			       s->name);
	if (!can_hold(d) && disk_sim_put_tags(&d->ref, s->owner, "cow", err))
		return -1;
	if (sim_fault("view-half", s->name))
		return err_set(err, ERR_IO, 0, "simulated: half a view of %s",
			       s->name);
	snprintf(d->ref.view_uuid, sizeof(d->ref.view_uuid), "view-%.36s",
		 d->ref.generation);
	if (disk_sim_copy(d->ref.source, d->ref.view, err) ||
	    disk_sim_put_tags(&d->ref, s->owner, "view", err) ||
	    set_held(d->device, false, err))
		return -1;
	d->freed_ns = clock_ns();
	return 0;
}

static int
sim_view(struct disk *d, struct err *err)
{
	int lock, rc;

	if (enter(&lock, err))
		return -1;
	rc = make_view(d, err);
	sim_leave(&lock);
	return rc;
}

static int
sim_release(struct disk *d, struct err *err)
{
	int lock, rc;

	if (enter_or_fail(&lock, "release", name_of(d), err))
		return -1;
	rc = set_held(d->device, false, err);
	if (d->held_ns && !d->freed_ns)
		d->freed_ns = clock_ns();
	sim_leave(&lock);
	return rc;
}

int
disk_sim_release_device(const char *device, bool *ret_resumed, struct err *err)
{
	int lock, rc;

	if (enter_or_fail(&lock, "release", device, err))
		return -1;
	*ret_resumed = sim_held(device);
	rc = set_held(device, false, err);
	sim_leave(&lock);
	return rc;
}

static void
sim_close(struct disk *d)
{
	free(d);
}

const struct disk_ops disk_sim_ops = {
	.name = "sim",
	.can = DISK_CAN_HOLD | DISK_CAN_WAIT,
	.claims = sim_claims,
	.open = sim_open,
	.plan = sim_plan,
	.prepare = sim_prepare,
	.hold = sim_hold,
	.view = sim_view,
	.release = sim_release,
	.close = sim_close,
	.view_state = disk_sim_view_state,
	.view_open = disk_sim_view_open,
	.view_close = disk_sim_view_close,
	.view_drop = disk_sim_view_drop,
	.changes = disk_sim_changes,
};

const struct disk_ops disk_sim_thin_ops = {
	.name = "sim-thin",
	.claims = sim_thin_claims,
	.open = sim_thin_open,
	.plan = sim_plan,
	.prepare = sim_prepare,
	.hold = sim_hold,
	.view = sim_view,
	.release = sim_release,
	.close = sim_close,
	.view_state = disk_sim_view_state,
	.view_open = disk_sim_view_open,
	.view_close = disk_sim_view_close,
	.view_drop = disk_sim_view_drop,
	.changes = disk_sim_changes,
};
