/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor_lvm.c - LVM: is it there, its groups and pools, its settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk_host.h"
#include "doctor.h"
#include "units.h"

#define NEAR_FULL 80.0 /* percent, of pools */
#define TOO_FULL 90.0  /* create refuses */
#define NEVER 100u     /* autoextend's threshold, when it is off */

void
doctor_lvm(struct doctor *x)
{
	struct err err = ERR_INIT;
	struct doctor_finding *f;
	char version[32];
	bool none;

	if (disk_lvm_version(version, sizeof(version), &err) == 0) {
		x->lvm = true;
		doctor_found(x, "lvm", DOCTOR_OK, NULL, "LVM %s", version);
		return;
	}
	none = err.code == ERR_NOTFOUND || err.code == ERR_UNSUPPORTED;
	f = doctor_found(x, "lvm", none ? DOCTOR_NOTE : DOCTOR_ERROR, NULL,
			 "%s",
			 none && err.code == ERR_NOTFOUND ?
				 "there is no LVM here" :
				 err.text);
	doctor_why(f, none ? "no disks on volumes; raw files on XFS and btrfs "
			     "need none" :
			     "disks on volumes cannot be frozen");
	if (err.code == ERR_NOTFOUND)
		doctor_mend(f, "apt install lvm2");
}

/* ---- groups ---- */

static void
tell_group(struct doctor *x, const struct disk_group *g)
{
	bool full = g->free_bytes == 0, near = g->free_bytes < g->bytes / 10;
	struct doctor_finding *f;
	char room[24], all[24];

	units_size(g->free_bytes, room, sizeof(room));
	units_size(g->bytes, all, sizeof(all));
	if (g->missing) {
		f = doctor_found(x, "group-missing", DOCTOR_ERROR, g->name,
				 "%u of its devices are missing", g->missing);
		doctor_why(f, "LVM changes nothing in it, so there are no "
			      "views in it");
		doctor_mend(f, "pvs -o pv_name,vg_name,pv_missing");
	}
	if (g->exported || g->read_only) {
		f = doctor_found(x, "group-locked", DOCTOR_NOTE, g->name,
				 "is %s",
				 g->exported ? "exported" : "read-only");
		doctor_why(f, "no views can be made in it");
		doctor_mend(f,
			    g->exported ? "vgimport %s" :
					  "vgchange --permission rw %s",
			    g->name);
	}
	f = doctor_found(x, "group-room",
			 full ? DOCTOR_WARNING :
			 near ? DOCTOR_NOTE :
				DOCTOR_OK,
			 g->name, "%s free of %s", room, all);
	if (!near)
		return;
	doctor_why(f, "views of classic volumes take their room from it, and "
		      "views and pools that fill up can be extended no "
		      "further");
	doctor_mend(f, "vgextend %s DEVICE", g->name);
}

void
doctor_groups(struct doctor *x)
{
	struct disk_group *g = NULL;
	struct err err = ERR_INIT;

	if (!x->lvm || !x->root)
		return;
	if (disk_lvm_groups(&g, &x->n_groups, &err)) {
		doctor_found(x, "groups", DOCTOR_ERROR, NULL, "%s", err.text);
		return;
	}
	for (unsigned int i = 0; i < x->n_groups; i++)
		tell_group(x, &g[i]);
	if (x->n_groups == 0)
		doctor_found(x, "groups", DOCTOR_OK, NULL,
			     "there are no volume groups");
	free(g);
}

/* ---- pools ---- */

static void
tell_fill(struct doctor *x, const char *id, const char *about, double percent,
	  const char *how)
{
	struct doctor_finding *f;
	bool data = strcmp(id, "pool-data") == 0;

	f = doctor_found(x, id,
			 percent >= TOO_FULL  ? DOCTOR_WARNING :
			 percent >= NEAR_FULL ? DOCTOR_NOTE :
						DOCTOR_OK,
			 about, "%.1f %% of its %s used", percent,
			 data ? "data is" : "metadata is");
	if (percent < NEAR_FULL)
		return;
	doctor_why(f, "over 90 %% create refuses; when it is full, %s",
		   data ? "the writes of all its volumes stop" :
			  "it stops, and has to be repaired");
	doctor_mend(f, "lvextend %s %s", how, about);
}

static void
tell_pool(struct doctor *x, const struct disk_pool *p)
{
	char about[2 * DISK_HOST_NAME_LEN];
	struct doctor_finding *f;

	snprintf(about, sizeof(about), "%s/%s", p->vg, p->name);
	if (!p->active) {
		doctor_found(x, "pool", DOCTOR_OK, about, "is not active");
		return;
	}
	if (p->health[0]) {
		f = doctor_found(x, "pool-health", DOCTOR_ERROR, about,
				 "LVM says: %s", p->health);
		doctor_why(f, "no views can be made in it, and its volumes may "
			      "not be written to");
		doctor_mend(f, "lvs -a -o+lv_health_status %s; see lvmthin(7)",
			    about);
	}
	tell_fill(x, "pool-data", about, p->data, "-l +20%LV");
	tell_fill(x, "pool-metadata", about, p->metadata,
		  "--poolmetadatasize +64m");
	if (p->monitored)
		return;
	f = doctor_found(x, "pool-monitored", DOCTOR_NOTE, about,
			 "dmeventd does not watch it");
	doctor_why(f, "LVM neither warns nor extends it when it fills up");
	doctor_mend(f, "lvchange --monitor y %s", about);
}

void
doctor_pools(struct doctor *x)
{
	struct disk_pool *p = NULL;
	struct err err = ERR_INIT;

	if (!x->lvm || !x->root)
		return;
	if (disk_lvm_pools(&p, &x->n_pools, &err)) {
		doctor_found(x, "pools", DOCTOR_ERROR, NULL, "%s", err.text);
		return;
	}
	for (unsigned int i = 0; i < x->n_pools; i++)
		tell_pool(x, &p[i]);
	free(p);
}

/* ---- settings ---- */

/* How to set @what in @section: LVM reads this file after lvm.conf. */
static void
mend_setting(struct doctor_finding *f, const char *section, const char *what)
{
	doctor_mend(f, "printf '%s {\\n\\t%s\\n}\\n' >> /etc/lvm/lvmlocal.conf",
		    section, what);
}

static void
tell_extend(struct doctor *x, const struct disk_lvm_settings *s)
{
	struct doctor_finding *f;

	if (s->snapshot_autoextend < NEVER) {
		doctor_found(x, "lvm-snapshot-autoextend", DOCTOR_OK, NULL,
			     "views are extended when they are %u %% full",
			     s->snapshot_autoextend);
	} else {
		f = doctor_found(x, "lvm-snapshot-autoextend",
				 x->n_groups ? DOCTOR_WARNING : DOCTOR_NOTE,
				 NULL,
				 "LVM does not extend views that fill up "
				 "(snapshot_autoextend_threshold)");
		doctor_why(f, "a classic view that runs full is lost, and its "
			      "snapshot with it");
		mend_setting(f, "activation",
			     "snapshot_autoextend_threshold = 70");
	}
	if (s->thin_autoextend < NEVER) {
		doctor_found(x, "lvm-thin-autoextend", DOCTOR_OK, NULL,
			     "thin pools are extended when they are %u %% full",
			     s->thin_autoextend);
		return;
	}
	f = doctor_found(x, "lvm-thin-autoextend",
			 x->n_pools ? DOCTOR_WARNING : DOCTOR_NOTE, NULL,
			 "LVM does not extend thin pools that fill up "
			 "(thin_pool_autoextend_threshold)");
	doctor_why(f, "when a pool is full, the writes of all its volumes "
		      "stop, and their domains with them");
	mend_setting(f, "activation", "thin_pool_autoextend_threshold = 70");
}

static void
tell_monitoring(struct doctor *x, const struct disk_lvm_settings *s)
{
	bool extends = s->snapshot_autoextend < NEVER ||
		       s->thin_autoextend < NEVER;
	bool there = access("/sbin/dmeventd", X_OK) == 0 ||
		     access("/usr/sbin/dmeventd", X_OK) == 0;
	struct doctor_finding *f;

	if (s->monitoring && there)
		return;
	f = doctor_found(x, "lvm-monitoring",
			 extends ? DOCTOR_WARNING : DOCTOR_NOTE, NULL,
			 s->monitoring ? "there is no dmeventd here" :
					 "dmeventd watches nothing "
					 "(monitoring)");
	doctor_why(f, "without it LVM neither warns of views and pools that "
		      "fill up nor extends them");
	if (s->monitoring)
		doctor_mend(f, "apt install dmeventd");
	else
		mend_setting(f, "activation", "monitoring = 1");
}

/* What is other than LVM has it unless it is told to. */
static void
tell_others(struct doctor *x, const struct disk_lvm_settings *s)
{
	static const char refuses[] = "no view can be made or removed";
	const struct {
		bool is;
		const char *id;
		enum doctor_level level;
		const char *what, *why, *section, *mend;
	} all[] = {
		{ s->metadata_read_only, "lvm-metadata-read-only", DOCTOR_ERROR,
		  "LVM may not change its metadata (metadata_read_only)",
		  refuses, "global", "metadata_read_only = 0" },
		{ !s->wait_for_locks, "lvm-wait-for-locks", DOCTOR_WARNING,
		  "LVM's commands do not wait for each other (wait_for_locks)",
		  "one that comes at the same time makes a snapshot fail",
		  "global", "wait_for_locks = 1" },
		{ !s->udev_sync, "lvm-udev-sync", DOCTOR_WARNING,
		  "LVM does not wait for udev (udev_sync)",
		  "the name of a view may not be there when it is opened",
		  "activation", "udev_sync = 1" },
		{ s->scan_lvs, "lvm-scan-lvs", DOCTOR_WARNING,
		  "LVM looks for groups inside volumes (scan_lvs)",
		  "it finds those of guests, and each view has them once more",
		  "devices", "scan_lvs = 0" },
		{ s->issue_discards, "lvm-issue-discards", DOCTOR_NOTE,
		  "LVM discards what it removes (issue_discards)",
		  "deleting a snapshot takes longer, and vgcfgrestore does not "
		  "bring a volume's content back",
		  "devices", "issue_discards = 0" },
		{ s->lvmlockd, "lvm-lvmlockd", DOCTOR_NOTE,
		  "groups are shared with other hosts (use_lvmlockd)",
		  "views need volumes that are active here alone", NULL,
		  "lvchange -aey GROUP/VOLUME" },
	};
	struct doctor_finding *f;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].is)
			continue;
		f = doctor_found(x, all[i].id, all[i].level, NULL, "%s",
				 all[i].what);
		doctor_why(f, "%s", all[i].why);
		if (all[i].section)
			mend_setting(f, all[i].section, all[i].mend);
		else
			doctor_mend(f, "%s", all[i].mend);
	}
}

void
doctor_settings(struct doctor *x)
{
	struct disk_lvm_settings s;
	struct err err = ERR_INIT;
	struct doctor_finding *f;

	if (!x->lvm)
		return;
	if (disk_lvm_settings(&s, &err)) {
		f = doctor_found(x, "lvm-settings", DOCTOR_WARNING, NULL, "%s",
				 err.text);
		doctor_why(f, "whether views and pools are extended is not "
			      "known");
		return;
	}
	tell_extend(x, &s);
	tell_monitoring(x, &s);
	tell_others(x, &s);
}
