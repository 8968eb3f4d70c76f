/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_host.c - see disk_host.h. */
#include "disk_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#ifdef HAVE_SIM
#include "disk_sim.h"
#endif

const char *
disk_target_module(const char *type)
{
	return strncmp(type, "thin", 4) == 0 ? "dm-thin-pool" : "dm-snapshot";
}

#ifdef HAVE_LVM

#include "dm.h"
#include "lvm.h"
#include "lvm_host.h"
#include "run.h"
#include "thin_delta.h"

/* A simulated host has disks of its own, and none of this machine's. */
static int
not_simulated(struct err *err)
{
#ifdef HAVE_SIM
	if (disk_sim_on())
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "a simulated host has no LVM");
#endif
	(void)err;
	return 0;
}

/* ---- device-mapper ---- */

/*
 * What modprobe would do, "insmod PATH" a line: a module of which only its
 * list tells cannot be loaded.
 */
static bool
all_there(char *text)
{
	static const char verb[] = "insmod ";
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, verb, strlen(verb)) != 0)
			continue;
		line += strlen(verb);
		line[strcspn(line, " ")] = '\0';
		if (access(line, R_OK))
			return false;
	}
	return true;
}

int
disk_target(const char *type, enum disk_target *ret, struct err *err)
{
	const char *const argv[] = { "modprobe", "--show-depends",
				     disk_target_module(type), NULL };
	struct run_result res;
	int has;

	*ret = DISK_TARGET_ABSENT;
	if (not_simulated(err))
		return -1;
	has = dm_has_target(type, err);
	if (has)
		*ret = DISK_TARGET_THERE;
	if (has)
		return has < 0 ? -1 : 0;
	/* No modprobe, no modules: then there is none to be loaded. */
	if (run_ok(argv, NULL, &res, err) == 0 && all_there(res.out))
		*ret = DISK_TARGET_LOADABLE;
	err_clear(err);
	run_done(&res);
	return 0;
}

int
disk_target_load(const char *type, struct err *err)
{
	const char *const argv[] = { "modprobe", disk_target_module(type),
				     NULL };
	struct run_result res;
	int has, rc;

	if (not_simulated(err))
		return -1;
	rc = run_ok(argv, NULL, &res, err);
	run_done(&res);
	if (rc)
		return -1;
	has = dm_has_target(type, err);
	if (has == 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s was loaded, and has no target %s",
			       disk_target_module(type), type);
	return has < 0 ? -1 : 0;
}

/* ---- LVM ---- */

int
disk_lvm_version(char *ret, size_t len, struct err *err)
{
	static const char *const args[] = { "version", NULL };
	char *text;
	int rc;

	if (not_simulated(err) || lvm_ask(args, &text, NULL, err))
		return -1;
	rc = lvm_read_version(text, ret, len, err);
	free(text);
	return rc;
}

int
disk_lvm_settings(struct disk_lvm_settings *ret, struct err *err)
{
	static const char *const args[] = {
		"lvmconfig",
		"--type",
		"full",
		"activation/snapshot_autoextend_threshold",
		"activation/thin_pool_autoextend_threshold",
		"activation/monitoring",
		"activation/udev_sync",
		"devices/issue_discards",
		"devices/scan_lvs",
		"global/wait_for_locks",
		"global/metadata_read_only",
		"global/use_lvmlockd",
		NULL
	};
	char *text;
	int rc;

	if (not_simulated(err) || lvm_ask(args, &text, NULL, err))
		return -1;
	rc = lvm_read_settings(text, ret, err);
	free(text);
	return rc;
}

/* A report of @verb, "vgs" or "lvs", for the caller to free(). */
static int
report(const char *verb, const char *fields, const char *select, char **ret,
       size_t *ret_len, struct err *err)
{
	const char *const args[] = {
		verb,
		"--reportformat",
		"json",
		"--units",
		"b",
		"--nosuffix",
		"-o",
		fields,
		select ? "-a" : NULL,
		"-S",
		select,
		NULL,
	};

	return not_simulated(err) || lvm_ask(args, ret, ret_len, err) ? -1 : 0;
}

int
disk_lvm_groups(struct disk_group **ret, unsigned int *ret_n, struct err *err)
{
	char *text;
	size_t len;
	int rc;

	*ret = NULL;
	*ret_n = 0;
	if (report("vgs", LVM_HOST_GROUP_FIELDS, NULL, &text, &len, err))
		return -1;
	rc = lvm_read_groups(text, len, ret, ret_n, err);
	free(text);
	return rc;
}

int
disk_lvm_pools(struct disk_pool **ret, unsigned int *ret_n, struct err *err)
{
	char *text;
	size_t len;
	int rc;

	*ret = NULL;
	*ret_n = 0;
	if (report("lvs", LVM_HOST_POOL_FIELDS, "segtype=thin-pool", &text,
		   &len, err))
		return -1;
	rc = lvm_read_pools(text, len, ret, ret_n, err);
	free(text);
	return rc;
}

int
disk_thin_delta(char *ret, size_t len, struct err *err)
{
	if (not_simulated(err))
		return -1;
	return thin_delta_version(ret, len, err);
}

#else

static int
without_lvm(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "this xensnap was built without LVM");
}

int
disk_target(const char *type, enum disk_target *ret, struct err *err)
{
	(void)type;
	*ret = DISK_TARGET_ABSENT;
	return without_lvm(err);
}

int
disk_target_load(const char *type, struct err *err)
{
	(void)type;
	return without_lvm(err);
}

int
disk_lvm_version(char *ret, size_t len, struct err *err)
{
	(void)ret;
	(void)len;
	return without_lvm(err);
}

int
disk_lvm_settings(struct disk_lvm_settings *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return without_lvm(err);
}

int
disk_lvm_groups(struct disk_group **ret, unsigned int *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	return without_lvm(err);
}

int
disk_lvm_pools(struct disk_pool **ret, unsigned int *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	return without_lvm(err);
}

int
disk_thin_delta(char *ret, size_t len, struct err *err)
{
	(void)ret;
	(void)len;
	return without_lvm(err);
}

#endif
