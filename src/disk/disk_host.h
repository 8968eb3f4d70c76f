/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_host.h - of door 2: what block storage this host has, whatever disk it
 * may be for.  What `doctor` asks.
 *
 * In a build without LVM, and on a host without it, each of these fails with
 * ERR_UNSUPPORTED or ERR_NOTFOUND, which is an answer too.
 */
#ifndef XENSNAP_DISK_HOST_H
#define XENSNAP_DISK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define DISK_HOST_NAME_LEN 128 /* of a group or a volume, NUL included */

enum disk_target {
	DISK_TARGET_THERE,
	DISK_TARGET_LOADABLE, /* whoever needs it has the kernel load it */
	DISK_TARGET_ABSENT,
};

/* The settings of LVM's by which it does more or less than we count on. */
struct disk_lvm_settings {
	unsigned int snapshot_autoextend; /* percent full; 100: never */
	unsigned int thin_autoextend;
	bool monitoring; /* by dmeventd: without it nothing is extended */
	bool issue_discards;
	bool scan_lvs;
	bool wait_for_locks;
	bool metadata_read_only;
	bool lvmlockd;
	bool udev_sync;
};

struct disk_group {
	char name[DISK_HOST_NAME_LEN];
	uint64_t bytes;
	uint64_t free_bytes;
	unsigned int missing; /* of its devices */
	bool exported;
	bool read_only;
};

struct disk_pool {
	char vg[DISK_HOST_NAME_LEN];
	char name[DISK_HOST_NAME_LEN];
	bool active;
	bool monitored;
	double data; /* percent full; negative when it is not active */
	double metadata;
	char health[32]; /* LVM's lv_health_status, "" when all is well */
};

/*
 * disk_target() - has the kernel the device-mapper target @type ("snapshot",
 * "thin-pool")?  Changes nothing.  -1 with ERR_DENIED, ERR_IO, ERR_UNSUPPORTED
 * (no device-mapper).
 */
int disk_target(const char *type, enum disk_target *ret, struct err *err);

/*
 * disk_target_load() - have the kernel load it.  -1 with ERR_IO, ERR_DENIED,
 * ERR_UNSUPPORTED: it is not there.
 */
int disk_target_load(const char *type, struct err *err);

/* disk_target_module() - the module that has it: "dm-thin-pool". */
const char *disk_target_module(const char *type);

/* disk_lvm_version() - "2.03.16" in @ret.  -1 with ERR_NOTFOUND (no LVM),
 * ERR_IO, ERR_TIMEOUT, ERR_CORRUPT. */
int disk_lvm_version(char *ret, size_t len, struct err *err);

/* disk_lvm_settings() - those in force.  -1 as disk_lvm_version(). */
int disk_lvm_settings(struct disk_lvm_settings *ret, struct err *err);

/* disk_lvm_groups() - all volume groups, malloc()ed for the caller, NULL when
 * there are none.  -1 as disk_lvm_version(). */
int disk_lvm_groups(struct disk_group **ret, unsigned int *ret_n,
		    struct err *err);

/* disk_lvm_pools() - the same of thin pools. */
int disk_lvm_pools(struct disk_pool **ret, unsigned int *ret_n,
		   struct err *err);

/*
 * disk_thin_delta() - can what has changed on a thin volume be asked for?  0,
 * with the version of thin_delta in @ret; -1 with ERR_UNSUPPORTED (there is
 * none, or one that is known to be wrong), ERR_IO.
 */
int disk_thin_delta(char *ret, size_t len, struct err *err);

#endif
