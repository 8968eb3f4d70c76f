/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_tools.c - what the kernel and other programs do for us, and the room
 * that memory takes. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "create.h"
#include "disk_host.h"
#include "doctor.h"
#include "units.h"

#define ROOM_LEAST (256ull << 20)

/* ---- device-mapper ---- */

static void
tell_target(struct doctor *x, const char *id, const char *type, bool used)
{
	bool thin = strcmp(type, "thin-pool") == 0;
	const char *module = disk_target_module(type);
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	enum disk_target is;

	if (disk_target(type, &is, &err)) {
		if (err.code == ERR_DENIED && !x->root)
			return;
		f = doctor_found(x, id, used ? DOCTOR_WARNING : DOCTOR_NOTE,
				 NULL, "%s", err.text);
		doctor_why(f, "no volumes, and no views of them");
		return;
	}
	if (is == DISK_TARGET_THERE) {
		doctor_found(x, id, DOCTOR_OK, NULL, "%s is there", type);
		return;
	}
	f = doctor_found(
		x, id,
		is == DISK_TARGET_ABSENT && used ? DOCTOR_WARNING : DOCTOR_NOTE,
		NULL,
		is == DISK_TARGET_ABSENT ? "%s: this kernel has no module %s" :
					   "%s: the module %s is not loaded",
		type, module);
	doctor_why(f, "%s",
		   is == DISK_TARGET_LOADABLE ?
			   "it is loaded when it is needed" :
		   thin ? "no thin volume can be active" :
			  "no views of classic volumes");
	if (is == DISK_TARGET_LOADABLE) {
		doctor_mend(f, "modprobe %s", module);
		f->harmless = true;
	} else {
		doctor_mend(f, "apt install --reinstall linux-image-$(uname "
			       "-r), or boot another kernel");
	}
}

void
doctor_targets(struct doctor *x)
{
	if (!x->lvm)
		return;
	tell_target(x, "target-snapshot", "snapshot", x->n_groups > 0);
	tell_target(x, "target-thin-pool", "thin-pool", x->n_pools > 0);
}

int
doctor_cure_target(struct doctor *x, struct doctor_finding *f, struct err *err)
{
	const char *type = f->id + strlen("target-");

	(void)x;
	if (disk_target_load(type, err))
		return -1;
	doctor_did(f, "loaded %s", disk_target_module(type));
	return 0;
}

/* ---- programs ---- */

static bool
is_in_path(const char *program)
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];
	size_t len;

	for (; dir && *dir; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void
tell_thin_delta(struct doctor *x)
{
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	char version[24];

	if (disk_thin_delta(version, sizeof(version), &err) == 0) {
		doctor_found(x, "thin-delta", DOCTOR_OK, NULL, "thin_delta %s",
			     version);
		return;
	}
	f = doctor_found(x, "thin-delta",
			 x->n_pools ? DOCTOR_WARNING : DOCTOR_NOTE, NULL, "%s",
			 err.text);
	doctor_why(f, "what has changed on a thin volume is not known: "
		      "backups, diff and revert read all of it");
	doctor_mend(f, "apt install thin-provisioning-tools");
}

void
doctor_programs(struct doctor *x)
{
	struct doctor_finding *f;

	if (x->xen && x->host.starts) {
		doctor_found(x, "xl", DOCTOR_OK, NULL, "xl is there");
	} else if (x->xen) {
		f = doctor_found(x, "xl", DOCTOR_ERROR, NULL,
				 "there is no xl here");
		doctor_why(f, "no domain comes back from a snapshot without "
			      "it");
		doctor_mend(f, "apt install xen-utils-common");
	}
	if (x->lvm)
		tell_thin_delta(x);
	if (is_in_path("qemu-img")) {
		doctor_found(x, "qemu-img", DOCTOR_OK, NULL,
			     "qemu-img is there");
		return;
	}
	f = doctor_found(x, "qemu-img", DOCTOR_NOTE, NULL,
			 "there is no qemu-img here");
	doctor_why(f, "disks cannot be exported as qcow2");
	doctor_mend(f, "apt install qemu-utils");
}

/* ---- room for memory ---- */

/* Of our folder, or of where it will be made. */
static int
room_at(const char *root, uint64_t *ret)
{
	char path[PATH_MAX];
	struct statvfs fs;
	char *slash;

	snprintf(path, sizeof(path), "%s", root);
	while (statvfs(path, &fs)) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash)
			return -1;
		slash[slash == path] = '\0';
	}
	*ret = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

static const struct domain_seen *
largest(const struct doctor *x)
{
	const struct domain_seen *most = NULL;

	for (unsigned int i = 0; i < x->n_seen; i++)
		if (!most || x->seen[i].memory_bytes > most->memory_bytes)
			most = &x->seen[i];
	return most;
}

static void
tell_ram(struct doctor *x, const struct domain_seen *d)
{
	struct err ignored = ERR_INIT;
	struct doctor_finding *f;
	char have[24], need[24];
	uint64_t room;

	if (create_ram_room(&room, &ignored))
		return;
	units_size(room, have, sizeof(have));
	if (room >= create_stage_bytes(d->memory_bytes)) {
		doctor_found(x, "room-ram", DOCTOR_OK, NULL,
			     "%s of RAM for --stop, enough for each domain",
			     have);
		return;
	}
	f = doctor_found(x, "room-ram", DOCTOR_NOTE, NULL,
			 "%s of RAM for --stop; the memory of %s takes %s",
			 have, d->name,
			 units_size(create_stage_bytes(d->memory_bytes), need,
				    sizeof(need)));
	doctor_why(f, "with --stop it stands still until its memory is "
		      "written to the disk");
	doctor_mend(f, "xensnap create --stop --stage DIR, on a fast disk; or "
		       "more memory for dom0");
}

void
doctor_room(struct doctor *x)
{
	const struct domain_seen *d = largest(x);
	const char *root = snapshot_root();
	struct doctor_finding *f;
	char have[24], need[24];
	uint64_t room, least = ROOM_LEAST;

	if (room_at(root, &room) == 0) {
		if (d && create_stage_bytes(d->memory_bytes) > least)
			least = create_stage_bytes(d->memory_bytes);
		f = doctor_found(x, "room-folder",
				 room < least ? DOCTOR_WARNING : DOCTOR_OK,
				 NULL, "%s free for %s",
				 units_size(room, have, sizeof(have)), root);
		if (room < least) {
			doctor_why(f, "a snapshot%s%s takes %s there",
				   d ? " with the memory of " : "",
				   d ? d->name : "",
				   units_size(least, need, sizeof(need)));
			doctor_mend(f, "xensnap list, and xensnap delete what "
				       "is not needed");
		}
	}
	if (d)
		tell_ram(x, d);
}
